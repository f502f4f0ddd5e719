package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// An Account says what became of a mailing's deliveries, each counted once by its strongest
// word.
type Account struct {
	Audience int
	LeftOut  int
	Active   int // subscriptions active at the instant closing began; letters: 0
	Words    map[Word]int
}

// Settled is how many deliveries have a final word, or wait for a person.
func (a Account) Settled() int {
	n := 0
	for _, w := range []Word{WordAccepted, WordAssumed, WordRefused, WordGaveUp, WordSkipped, WordHeld} {
		n += a.Words[w]
	}
	return n
}

// Account counts a mailing's deliveries, and those whose rows were folded, one by one, for the
// proof that the figures are right: for an issue of a million it takes seconds. Progress says
// the same at once.
func (db *DB) Account(ctx context.Context, mailing int64) (Account, error) {
	a := Account{Words: map[Word]int{}}
	err := db.row(ctx, `
		SELECT m.audience,
			(SELECT COUNT(*) FROM left_out l WHERE l.mailing_id = m.id),
			COALESCE((
				SELECT COUNT(*)
				FROM issue i
				JOIN subscription s ON s.newsletter_id = i.newsletter_id
				WHERE i.mailing_id = m.id
				  AND (SELECT v.state FROM subscription_move v WHERE v.subscription_id = s.id AND v.id <= i.audience_move ORDER BY v.id DESC LIMIT 1) = 'active'
			), 0)
		FROM mailing m
		WHERE m.id = $1`, mailing).Scan(&a.Audience, &a.LeftOut, &a.Active)
	if err != nil {
		return a, found(err, "account of mailing %d", mailing)
	}
	type counted struct {
		word Word
		n    int
	}
	words, err := query(ctx, db, func(s scanner) (counted, error) {
		var c counted
		err := s.Scan(&c.word, &c.n)
		return c, err
	}, `
		SELECT word, SUM(n)
		FROM (
			SELECT word, COUNT(*) AS n FROM delivery_word WHERE mailing_id = $1 GROUP BY word
			UNION ALL
			SELECT word, n FROM folded WHERE mailing_id = $1
		) both
		GROUP BY word`, mailing)
	for _, c := range words {
		a.Words[c.word] = c.n
	}
	return a, found(err, "account of mailing %d", mailing)
}

// ErrUnbalanced says that a mailing's figures do not add up, so that it is not complete.
var ErrUnbalanced = errors.New("the figures do not add up")

// CompleteMailing ends a mailing once each delivery of its frozen audience has a final word,
// counted in SQL, and the audience is the one that was due (P4). It returns ErrNotFound while
// something is still to do, and ErrUnbalanced when nothing is and yet the figures differ.
func (db *DB) CompleteMailing(ctx context.Context, id int64) error {
	m, err := db.Mailing(ctx, id)
	if err != nil {
		return err
	}
	if m.State != MailingSending {
		return found(ErrConflict, "complete mailing %d", id)
	}
	var todo int
	err = db.row(ctx, unfinished, id).Scan(&todo)
	if err == nil && todo > 0 {
		err = ErrNotFound
	}
	if err != nil {
		return found(err, "complete mailing %d", id)
	}
	a, err := db.Account(ctx, id)
	if err != nil {
		return err
	}
	if a.Settled() < a.Audience && a.Words[WordOpen]+a.Words[WordUncertain]+a.Words[WordDeferred] > 0 {
		return found(ErrNotFound, "complete mailing %d", id)
	}
	if a.Settled() != a.Audience || (m.Kind == "issue" && a.Audience+a.LeftOut != a.Active) {
		return found(ErrUnbalanced, "complete mailing %d", id)
	}
	err = db.update(ctx, func(t *tx) error {
		return t.move(`
			UPDATE mailing
			SET state = 'complete', completed_at = $1
			WHERE id = $2 AND state = 'sending'`, t.now, id)
	})
	return found(err, "complete mailing %d", id)
}

// FinishCancelled skips the next deliveries of a cancelled mailing that wait, with that
// reason: those of one chunk, or else up to size retries. It reports how many there were. What
// a live worker has in hand is left to it. At 0 nothing waits, and the mailing is accounted
// for once each delivery has its word.
func (db *DB) FinishCancelled(ctx context.Context, mailing int64, size int) (int, error) {
	var n int
	err := db.update(ctx, func(t *tx) error {
		if err := t.exists(`SELECT 1 FROM mailing WHERE id = $1 AND state = 'cancelled'`, mailing); err != nil {
			return err
		}
		var err error
		if n, err = t.skipChunk(mailing); err != nil || n > 0 {
			return err
		}
		n, err = t.skipRetries(mailing, size)
		return err
	})
	if err != nil || n > 0 {
		return n, found(err, "finish cancelled mailing %d", mailing)
	}
	var todo int
	if err := db.row(ctx, unfinished, mailing).Scan(&todo); err != nil || todo > 0 {
		return 0, found(err, "finish cancelled mailing %d", mailing)
	}
	a, err := db.Account(ctx, mailing)
	if err != nil || a.Settled() < a.Audience {
		return 0, found(err, "finish cancelled mailing %d", mailing)
	}
	err = db.update(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE mailing SET completed_at = $1 WHERE id = $2 AND completed_at IS NULL`, t.now, mailing)
		return err
	})
	return 0, found(err, "finish cancelled mailing %d", mailing)
}

// unfinished counts the chunks and the retries of a mailing that are not done.
const unfinished = `
		SELECT (SELECT COUNT(*) FROM chunk WHERE mailing_id = $1 AND state <> 'done')
			+ (SELECT COUNT(*) FROM retry WHERE mailing_id = $1)`

// skipChunk skips what nobody has tried of one chunk, and counts it as one at least.
func (t *tx) skipChunk(mailing int64) (int, error) {
	c, err := t.oneChunk(`
		SELECT mailing_id, n, lo, hi
		FROM chunk
		WHERE mailing_id = $1 AND (state = 'open' OR (state = 'claimed' AND lease_until < $2))
		LIMIT 1`, mailing, t.now)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	skipped, err := t.exec(`
		INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, at, text)
		SELECT d.mailing_id, d.seq, 1, 'ruling', 1, 'skipped', $4, 'cancelled'
		FROM delivery d
		WHERE d.mailing_id = $1 AND d.seq BETWEEN $2 AND $3
		  AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.mailing_id = d.mailing_id AND a.seq = d.seq)
		  AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.mailing_id = d.mailing_id AND r.seq = d.seq)`, mailing, c.Lo, c.Hi, t.now)
	if err != nil {
		return 0, err
	}
	t.count(mailing, WordSkipped, int(skipped))
	_, err = t.exec(`
		UPDATE chunk
		SET state = 'done', owner = '', token = token + 1, lease_until = 0
		WHERE mailing_id = $1 AND n = $2`, mailing, c.N)
	return max(int(skipped), 1), err
}

// skipRetries skips deliveries that wait for another attempt.
func (t *tx) skipRetries(mailing int64, size int) (int, error) {
	all, err := t.attempts(`
		SELECT mailing_id, seq, attempt
		FROM retry
		WHERE mailing_id = $1 AND lease_until < $2
		LIMIT $3`, mailing, t.now, size)
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		if err := t.rule(d, WordSkipped, "cancelled"); err != nil {
			return 0, err
		}
		if err := t.dropRetry(d); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// A LedgerLine is one delivery with its attempts, as `delivery show` prints it.
type LedgerLine struct {
	Kind     string // intent, outcome or ruling
	Attempt  int
	Word     string
	At       time.Time
	Relay    string
	Step     string
	Code     int
	Enhanced string
	Text     string
}

// A ListedDelivery is a row of `delivery list`.
type ListedDelivery struct {
	MailingID int64
	Seq       int64
	Address   string
	Word      Word
	Attempts  int
}

// Deliveries lists a mailing's deliveries in sequence from after on, at most limit; word
// empty: all of them.
func (db *DB) Deliveries(ctx context.Context, mailing int64, word Word, after int64, limit int) ([]ListedDelivery, error) {
	all, err := query(ctx, db, func(s scanner) (ListedDelivery, error) {
		var d ListedDelivery
		err := s.Scan(&d.MailingID, &d.Seq, &d.Address, &d.Word, &d.Attempts)
		return d, err
	}, `
		SELECT mailing_id, seq, address, word, attempts
		FROM delivery_word
		WHERE mailing_id = $1 AND seq > $2 AND ($3 = '' OR word = $3)
		ORDER BY seq
		LIMIT $4`, mailing, after, word, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries of mailing %d: %w", mailing, err)
	}
	return all, nil
}

// LedgerOf is all that the ledger says of one delivery, in the order it was written.
func (db *DB) LedgerOf(ctx context.Context, mailing, seq int64) ([]LedgerLine, error) {
	all, err := query(ctx, db, func(s scanner) (LedgerLine, error) {
		var l LedgerLine
		err := s.Scan(&l.Kind, &l.Attempt, &l.Word, at(&l.At), &l.Relay, &l.Step, &l.Code, &l.Enhanced, &l.Text)
		return l, err
	}, `
		SELECT kind, attempt, word, at, relay, step, code, enhanced, text
		FROM attempt
		WHERE mailing_id = $1 AND seq = $2
		ORDER BY attempt, at, CASE kind WHEN 'intent' THEN 0 WHEN 'outcome' THEN 1 ELSE 2 END, n`, mailing, seq)
	if err != nil {
		return nil, fmt.Errorf("read ledger of delivery %d/%d: %w", mailing, seq, err)
	}
	return all, nil
}

// FinishedMailings are the mailings of which nothing is left to claim: those being sent that
// may be complete, and the cancelled ones that still have open deliveries to skip.
func (db *DB) FinishedMailings(ctx context.Context) ([]Mailing, error) {
	all, err := query(ctx, db, scanMailing, `
		SELECT `+mailingColumns+`
		FROM mailing
		WHERE (state = 'sending'
				AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.mailing_id = mailing.id AND c.state <> 'done')
				AND NOT EXISTS (SELECT 1 FROM retry r WHERE r.mailing_id = mailing.id))
		   OR (state = 'cancelled' AND completed_at IS NULL)
		ORDER BY id`)
	return all, found(err, "list finished mailings")
}

// CountDeliveries is the size of a mailing's frozen audience so far.
func (db *DB) CountDeliveries(ctx context.Context, mailing int64) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM delivery WHERE mailing_id = $1`, mailing).Scan(&n)
	return n, found(err, "count deliveries of mailing %d", mailing)
}

// CountUncertain counts the attempts of a mailing whose dot may have been on the wire without
// an answer: those that wait, and those that were ruled on since.
func (db *DB) CountUncertain(ctx context.Context, mailing int64) (int, error) {
	var n int
	err := db.row(ctx, `
		SELECT COUNT(*)
		FROM attempt_word
		WHERE mailing_id = $1 AND intent = 1 AND outcome IS NULL AND (ruling IS NULL OR ruling <> 'withdrawn')`, mailing).Scan(&n)
	return n, found(err, "count uncertain deliveries of mailing %d", mailing)
}
