package data

import (
	"context"
	"time"
)

// A Pace is how far an issue was at an instant while it was being sent.
type Pace struct {
	At      time.Time
	Done    int  // deliveries that had a word, from the tally
	Waiting bool // no relay had any quota left since the sample before
}

const keepPaces = 60 // samples of one issue

// SamplePace notes how far each issue is that is being sent. It is called every PaceEvery,
// with waiting true where no relay had any quota left at some time since the last call. What is
// paused gets no samples, so that a pause does not count as slowness.
func (db *DB) SamplePace(ctx context.Context, waiting bool) error {
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`
			INSERT INTO pace (mailing_id, at, done, waiting)
			SELECT m.id, $1, (SELECT COALESCE(SUM(n), 0) FROM tally WHERE mailing_id = m.id), $2
			FROM mailing m
			WHERE m.state = 'sending' AND m.kind = 'issue'
			ON CONFLICT DO NOTHING`, t.now, waiting); err != nil {
			return err
		}
		_, err := t.exec(`
			DELETE FROM pace
			WHERE at < (SELECT p.at FROM pace p WHERE p.mailing_id = pace.mailing_id ORDER BY p.at DESC LIMIT 1 OFFSET $1)
			   OR mailing_id IN (SELECT id FROM mailing WHERE state IN ('complete', 'cancelled'))`, keepPaces-1)
		return err
	})
	return found(err, "sample the pace of issues")
}

// PaceEvery is how often SamplePace is called. Samples that lie further apart than twice this
// have a pause or a stop between them.
const PaceEvery = 10 * time.Second

// Paces are the latest samples of an issue, in order.
func (db *DB) Paces(ctx context.Context, mailing int64) ([]Pace, error) {
	all, err := query(ctx, db, func(s scanner) (Pace, error) {
		var p Pace
		err := s.Scan(at(&p.At), &p.Done, &p.Waiting)
		return p, err
	}, `
		SELECT at, done, waiting
		FROM pace
		WHERE mailing_id = $1
		ORDER BY at`, mailing)
	return all, found(err, "read the pace of mailing %d", mailing)
}
