package data

import (
	"context"
	"errors"
	"time"
)

// A Fold says what became of a mailing's rows: each delivery that was accepted, assumed, given
// up or skipped is only counted; those refused, held or ever uncertain are kept.
type Fold struct {
	At         time.Time // zero: not folded, or not to its end yet
	Deliveries int       // whose rows are gone
}

// FoldOf is what was folded of a mailing. The zero value: nothing.
func (db *DB) FoldOf(ctx context.Context, mailing int64) (Fold, error) {
	var f Fold
	err := db.row(ctx, `
		SELECT (SELECT folded_at FROM fold WHERE mailing_id = $1), COALESCE((SELECT SUM(n) FROM folded WHERE mailing_id = $1), 0)`,
		mailing).Scan(at(&f.At), &f.Deliveries)
	return f, found(err, "read what was folded of mailing %d", mailing)
}

// foldedWords are the words of which only the number is kept.
var foldedWords = map[Word]bool{WordAccepted: true, WordAssumed: true, WordGaveUp: true, WordSkipped: true}

// FoldSome folds the next size deliveries of an issue that was complete, or cancelled and
// accounted for, before that time: the oldest first. It reports how many it looked at, 0 when
// there is nothing left to fold. Each call is one transaction, and may be repeated after a crash;
// the figures of the issue stay the same throughout.
func (db *DB) FoldSome(ctx context.Context, before time.Time, size int) (int, error) {
	mailing, err := db.nextFold(ctx, before)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n := 0
	err = db.update(ctx, func(t *tx) error {
		var err error
		n, err = t.foldSlice(mailing, size)
		return err
	})
	if errors.Is(err, ErrConflict) { // its held deliveries were settled just now: it is being sent again
		return 1, nil
	}
	return n, found(err, "fold mailing %d", mailing)
}

func (db *DB) nextFold(ctx context.Context, before time.Time) (int64, error) {
	var id int64
	err := db.row(ctx, `
		SELECT m.id
		FROM mailing m
		WHERE m.kind = 'issue' AND m.state IN ('complete', 'cancelled') AND m.completed_at < $1
		  AND NOT EXISTS (SELECT 1 FROM fold f WHERE f.mailing_id = m.id AND f.folded_at IS NOT NULL)
		ORDER BY m.completed_at
		LIMIT 1`, millis(before)).Scan(&id)
	return id, found(err, "look for an issue to fold")
}

// foldSlice folds the deliveries after the last slice's, or ends the fold where there are none.
func (t *tx) foldSlice(mailing int64, size int) (int, error) {
	var ended bool
	if err := t.row(`SELECT state IN ('complete', 'cancelled') FROM mailing WHERE id = $1`, mailing).Scan(&ended); err != nil {
		return 0, err
	}
	if !ended {
		return 0, ErrConflict
	}
	if _, err := t.exec(`
		INSERT INTO fold (mailing_id, begun_at)
		VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, mailing, t.now); err != nil {
		return 0, err
	}
	rows, err := t.rows(`
		SELECT seq
		FROM delivery
		WHERE mailing_id = $1 AND seq > (SELECT through FROM fold WHERE mailing_id = $1)
		ORDER BY seq
		LIMIT $2`, mailing, size)
	if err != nil {
		return 0, err
	}
	all, err := collect(rows, scanInt)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return t.endFold(mailing, size)
	}
	if err := t.foldDeliveries(mailing, all); err != nil {
		return 0, err
	}
	return len(all), t.move(`UPDATE fold SET through = $1 WHERE mailing_id = $2`, all[len(all)-1], mailing)
}

const variantsAtOnce = 20 // of about 100 KB each

// endFold drops the chunks, which nobody claims any more, and then says that all is folded.
func (t *tx) endFold(mailing int64, size int) (int, error) {
	n, err := t.exec(`
		DELETE FROM chunk
		WHERE mailing_id = $1 AND n IN (SELECT n FROM chunk WHERE mailing_id = $1 AND state = 'done' ORDER BY n LIMIT $2)`, mailing, size)
	if err != nil || n == int64(size) {
		return int(n), err
	}
	// Old issues are shown in the words of the main variant.
	n, err = t.exec(`
		DELETE FROM variant
		WHERE id IN (
			SELECT id FROM variant
			WHERE mailing_id = $1 AND id <> (SELECT MIN(id) FROM variant WHERE mailing_id = $1)
			LIMIT $2)`, mailing, variantsAtOnce)
	if err != nil || n > 0 {
		return int(n), err
	}
	return 1, t.move(`UPDATE fold SET folded_at = $1 WHERE mailing_id = $2 AND folded_at IS NULL`, t.now, mailing)
}

// foldDeliveries counts and drops those of the deliveries (in sequence) that need not be kept.
func (t *tx) foldDeliveries(mailing int64, all []int64) error {
	first, last := all[0], all[len(all)-1]
	lines, err := t.linesBetween(mailing, first, last)
	if err != nil {
		return err
	}
	sums := map[Word]int{}
	for from := 0; from < len(all); {
		word, keep := fate(lines[all[from]])
		if keep {
			from++
			continue
		}
		to := from // a run of deliveries that go is dropped at once
		for to < len(all) && !keep {
			sums[word]++
			if to++; to < len(all) {
				word, keep = fate(lines[all[to]])
			}
		}
		for _, table := range []string{"attempt", "delivery"} {
			if _, err := t.exec(`DELETE FROM `+table+` WHERE mailing_id = $1 AND seq BETWEEN $2 AND $3`, mailing, all[from], all[to-1]); err != nil {
				return err
			}
		}
		from = to
	}
	for word, n := range sums {
		if _, err := t.exec(`
			INSERT INTO folded (mailing_id, word, n)
			VALUES ($1, $2, $3)
			ON CONFLICT (mailing_id, word) DO UPDATE SET n = n + excluded.n`, mailing, word, n); err != nil {
			return err
		}
	}
	return nil
}

// fate is a delivery's word, and whether its rows are kept.
func fate(lines []LedgerLine) (w Word, keep bool) {
	w = StrongestWord(lines)
	if !foldedWords[w] {
		return w, true
	}
	type try struct{ intent, outcome, withdrawn bool }
	tries := map[int]*try{}
	for _, l := range lines {
		if tries[l.Attempt] == nil {
			tries[l.Attempt] = &try{}
		}
		one := tries[l.Attempt]
		one.intent = one.intent || l.Kind == "intent"
		one.outcome = one.outcome || l.Kind == "outcome"
		one.withdrawn = l.Kind == "ruling" && Word(l.Word) == rulingWithdrawn // the last ruling stands
	}
	for _, one := range tries {
		if one.intent && !one.outcome && !one.withdrawn {
			return w, true // nobody knows how often it was sent
		}
	}
	return w, false
}

// linesBetween are the ledger's lines of a run of deliveries, by sequence number.
func (t *tx) linesBetween(mailing, first, last int64) (map[int64][]LedgerLine, error) {
	rows, err := t.rows(`
		SELECT seq, kind, attempt, word
		FROM attempt
		WHERE mailing_id = $1 AND seq BETWEEN $2 AND $3
		ORDER BY seq, attempt, kind, n`, mailing, first, last)
	if err != nil {
		return nil, err
	}
	type lineOf struct {
		seq  int64
		line LedgerLine
	}
	all, err := collect(rows, func(s scanner) (lineOf, error) {
		var l lineOf
		err := s.Scan(&l.seq, &l.line.Kind, &l.line.Attempt, &l.line.Word)
		return l, err
	})
	by := map[int64][]LedgerLine{}
	for _, l := range all {
		by[l.seq] = append(by[l.seq], l.line)
	}
	return by, err
}
