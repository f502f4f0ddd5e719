package data

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// Figures are how much there is of what a person may have to look after, for those who watch
// from outside. They name no address and no subject, and reading them takes milliseconds
// however large an issue is.
type Figures struct {
	Deliveries []DeliveryFigure // of mailings that are not through
	Mailings   []MailingFigure  // that are not through
	Held       int              // deliveries of issues that wait for a person, those of complete ones too
	Uncertain  int              // deliveries with an intent and no word after it: on the wire, or left there by a dead process

	ChunksOpen     int
	ChunksClaimed  int
	RetriesWaiting int
	RetriesClaimed int
	NextRetry      time.Time // zero: none waits

	OldestLetter time.Time        // when the oldest letter was made that is not through; zero: none
	Messages     map[string]int   // by state
	Gaps         map[string]int   // messages that could not be fetched yet, by mailbox as Folder names it
	Feeds        []Feed           // those that are read
	Folders      []Folder         // of all mailboxes
	Alarms       []Alarm          // that stand
	Beat         time.Time        // the last sign of life of whoever sends or schedules; zero: none
	HeldBack     bool             // nothing is sent until a person adopts the database
	Bytes        map[string]int64 // size of the files: database and log
}

// A DeliveryFigure is how many deliveries have a word. Newsletter is its short name; letters
// have none.
type DeliveryFigure struct {
	Newsletter string
	Word       Word
	N          int
}

// A MailingFigure is how many mailings are in a state.
type MailingFigure struct {
	Kind  string // issue or letter
	State MailingState
	N     int
}

// Figures reads them, one after the other: they are not of one instant.
func (db *DB) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	for _, read := range []func(context.Context, *Figures) error{
		db.deliveryFigures, db.mailingFigures, db.ledgerFigures, db.inboxFigures, db.standingFigures,
	} {
		if err := read(ctx, &f); err != nil {
			return f, found(err, "read figures")
		}
	}
	var err error
	f.Bytes, err = db.fileSizes()
	return f, found(err, "read figures")
}

const notThrough = `m.state IN ('closed', 'sending', 'paused', 'held')`

// deliveryFigures counts by the tally: what it does not count is open.
func (db *DB) deliveryFigures(ctx context.Context, f *Figures) error {
	type part struct {
		DeliveryFigure
		audience bool
	}
	all, err := query(ctx, db, func(s scanner) (part, error) {
		var p part
		err := s.Scan(&p.Newsletter, &p.Word, &p.N, &p.audience)
		return p, err
	}, `
		SELECT COALESCE(n.slug, ''), 'open', SUM(m.audience), 1
		FROM mailing m
		LEFT JOIN issue i ON i.mailing_id = m.id
		LEFT JOIN newsletter n ON n.id = i.newsletter_id
		WHERE `+notThrough+`
		GROUP BY 1
		UNION ALL
		SELECT COALESCE(n.slug, ''), t.word, SUM(t.n), 0
		FROM mailing m
		JOIN tally t ON t.mailing_id = m.id
		LEFT JOIN issue i ON i.mailing_id = m.id
		LEFT JOIN newsletter n ON n.id = i.newsletter_id
		WHERE `+notThrough+`
		GROUP BY 1, 2`)
	open := map[string]int{}
	for _, p := range all {
		if p.audience {
			open[p.Newsletter] += p.N
			continue
		}
		open[p.Newsletter] -= p.N
		f.Deliveries = append(f.Deliveries, p.DeliveryFigure)
	}
	for _, p := range all {
		if p.audience {
			f.Deliveries = append(f.Deliveries, DeliveryFigure{p.Newsletter, WordOpen, open[p.Newsletter]})
		}
	}
	return err
}

func (db *DB) mailingFigures(ctx context.Context, f *Figures) error {
	var err error
	if f.Mailings, err = query(ctx, db, func(s scanner) (MailingFigure, error) {
		var m MailingFigure
		err := s.Scan(&m.Kind, &m.State, &m.N)
		return m, err
	}, `SELECT m.kind, m.state, COUNT(*) FROM mailing m WHERE `+notThrough+` GROUP BY m.kind, m.state`); err != nil {
		return err
	}
	return db.row(ctx, `
		SELECT (SELECT MIN(m.made_at) FROM mailing m WHERE m.kind = 'letter' AND `+notThrough+`),
			(SELECT COALESCE(SUM(t.n), 0) FROM mailing m JOIN tally t ON t.mailing_id = m.id AND t.word = 'held'
				WHERE m.kind = 'issue' AND `+notThrough+`)
			+ (SELECT COALESCE(SUM(t.n), 0) FROM mailing m JOIN tally t ON t.mailing_id = m.id AND t.word = 'held'
				WHERE m.kind = 'issue' AND m.state IN ('complete', 'cancelled'))`).Scan(at(&f.OldestLetter), &f.Held)
}

func (db *DB) ledgerFigures(ctx context.Context, f *Figures) error {
	return db.row(ctx, `
		SELECT (SELECT COUNT(*) FROM chunk WHERE state <> 'done'),
			(SELECT COUNT(*) FROM chunk WHERE state = 'claimed'),
			(SELECT COUNT(*) FROM retry),
			(SELECT COUNT(*) FROM retry WHERE lease_until > 0),
			(SELECT MIN(next_at) FROM retry),
			(SELECT COUNT(*)
				FROM chunk c
				JOIN attempt a ON a.mailing_id = c.mailing_id AND a.seq BETWEEN c.lo AND c.hi
				WHERE c.state = 'claimed' AND a.kind = 'intent' AND `+unanswered+`)
			+ (SELECT COUNT(*)
				FROM retry r
				JOIN attempt a ON a.mailing_id = r.mailing_id AND a.seq = r.seq AND a.attempt = r.attempt
				WHERE r.lease_until > 0 AND a.kind = 'intent' AND `+unanswered+`)`).
		Scan(&f.ChunksOpen, &f.ChunksClaimed, &f.RetriesWaiting, &f.RetriesClaimed, at(&f.NextRetry), &f.Uncertain)
}

func (db *DB) inboxFigures(ctx context.Context, f *Figures) error {
	type counted struct {
		name string
		n    int
	}
	count := func(q string) (map[string]int, error) {
		all, err := query(ctx, db, func(s scanner) (counted, error) {
			var c counted
			err := s.Scan(&c.name, &c.n)
			return c, err
		}, q)
		by := map[string]int{}
		for _, c := range all {
			by[c.name] = c.n
		}
		return by, err
	}
	var err, gaps error
	f.Messages, err = count(`SELECT state, COUNT(*) FROM message GROUP BY state`)
	f.Gaps, gaps = count(`SELECT f.mailbox, COUNT(*) FROM gap g JOIN folder f ON f.id = g.folder_id GROUP BY f.mailbox`)
	if err = errors.Join(err, gaps); err != nil {
		return err
	}
	f.Folders, err = db.Folders(ctx)
	return err
}

func (db *DB) standingFigures(ctx context.Context, f *Figures) error {
	var err error
	if f.Feeds, err = db.Feeds(ctx); err != nil {
		return err
	}
	if f.Alarms, err = db.Alarms(ctx); err != nil {
		return err
	}
	return db.row(ctx, `SELECT NULLIF(written_at, 0), held_at IS NOT NULL FROM instance WHERE one = 1`).Scan(at(&f.Beat), &f.HeldBack)
}

func (db *DB) fileSizes() (map[string]int64, error) {
	sizes := map[string]int64{}
	for name, path := range map[string]string{"database": db.path, "log": db.path + "-wal"} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sizes[name] = info.Size()
	}
	return sizes, nil
}
