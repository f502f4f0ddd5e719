package data

import (
	"context"
	"fmt"
	"time"
)

// A QuotaLimit is how many messages a relay may be handed in any span of that length, wherever
// it begins. Span is in whole minutes; Most is at least 1.
type QuotaLimit struct {
	Span time.Duration
	Most int
}

// A QuotaBlock is what TakeQuota gave: N messages that may be handed over within Minute. None:
// ResetAt is when there will be some again.
type QuotaBlock struct {
	N       int
	Minute  time.Time // its beginning
	ResetAt time.Time
}

// quotaSlack is how many minutes more than its span a limit is summed over. One, since an hour
// that begins within a minute touches 61 of them; one for the way from the permit to the relay's
// own count. So a limit holds for any span as the relay sees it, as long as a message is counted
// there within a minute of its permit; what takes longer is moved to its answer by NoteQuota.
const quotaSlack = 2

const keepQuota = 2 * 24 * 60 // minutes that rows are kept: longer than the longest span

// TakeQuota takes a block of at most want messages out of a relay's limits, as many as all of
// them allow. They are written down as used at once: a process that dies has used its block,
// and a restart forgets nothing. The rest of a block is given back by GiveBackQuota.
func (db *DB) TakeQuota(ctx context.Context, relay string, limits []QuotaLimit, want int) (QuotaBlock, error) {
	var b QuotaBlock
	err := db.update(ctx, func(t *tx) error {
		b = QuotaBlock{Minute: fromMinute(toMinute(fromMillis(t.now)))}
		minute := toMinute(b.Minute)
		room := want
		for _, l := range limits {
			used, reset, err := t.quotaUsed(relay, l, minute)
			if err != nil {
				return err
			}
			room = min(room, l.Most-used)
			if reset.After(b.ResetAt) {
				b.ResetAt = reset
			}
		}
		if room <= 0 {
			return nil
		}
		b.N, b.ResetAt = room, time.Time{}
		return t.addQuota(relay, minute, room)
	})
	return b, found(err, "take quota of relay %s", relay)
}

// quotaUsed is what counts against a limit in a minute, and, where nothing is left, when
// something will be.
func (t *tx) quotaUsed(relay string, l QuotaLimit, minute int64) (used int, reset time.Time, err error) {
	if l.Most < 1 || l.Span < time.Minute || l.Span > keepQuota*time.Minute/2 {
		return 0, reset, fmt.Errorf("a limit of %d in %s cannot be kept", l.Most, l.Span)
	}
	span := int64(l.Span/time.Minute) + quotaSlack
	if err := t.row(`
		SELECT COALESCE(SUM(used), 0)
		FROM quota
		WHERE relay = $1 AND minute > $2`, relay, minute-span).Scan(&used); err != nil || used < l.Most {
		return used, reset, err
	}
	rows, err := t.rows(`
		SELECT minute, used
		FROM quota
		WHERE relay = $1 AND minute > $2
		ORDER BY minute`, relay, minute-span)
	if err != nil {
		return used, reset, err
	}
	all, err := collect(rows, scanQuota)
	if err != nil {
		return used, reset, err
	}
	left := used
	for _, q := range all {
		if left -= q.Used; left < l.Most {
			return used, q.Minute.Add(time.Duration(span) * time.Minute), nil
		}
	}
	return used, reset, nil
}

func (t *tx) addQuota(relay string, minute int64, n int) error {
	if _, err := t.exec(`
		INSERT INTO quota (relay, minute, used)
		VALUES ($1, $2, $3)
		ON CONFLICT (relay, minute) DO UPDATE SET used = used + excluded.used`, relay, minute, n); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM quota WHERE relay = $1 AND minute <= $2`, relay, minute-keepQuota)
	return err
}

// GiveBackQuota gives n messages of the block of that minute back: they were not handed over,
// and never will be under that block.
func (db *DB) GiveBackQuota(ctx context.Context, relay string, minute time.Time, n int) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			UPDATE quota
			SET used = CASE WHEN used > $1 THEN used - $1 ELSE 0 END
			WHERE relay = $2 AND minute = $3`, n, relay, toMinute(minute))
		return err
	})
	return found(err, "give back quota of relay %s", relay)
}

// NoteQuota counts n messages as handed over in a minute, whatever the limits say: the relay's
// answer came more than a minute after their permit, and may have counted them only then.
func (db *DB) NoteQuota(ctx context.Context, relay string, minute time.Time, n int) error {
	err := db.update(ctx, func(t *tx) error { return t.addQuota(relay, toMinute(minute), n) })
	return found(err, "note quota of relay %s", relay)
}

// QuotaUse is what a relay was handed in one minute.
type QuotaUse struct {
	Minute time.Time
	Used   int
}

func scanQuota(s scanner) (QuotaUse, error) {
	var q QuotaUse
	var minute int64
	err := s.Scan(&minute, &q.Used)
	q.Minute = fromMinute(minute)
	return q, err
}

// QuotaUses are the minutes of the last 24 hours in which a relay with limits was handed
// messages, in order.
func (db *DB) QuotaUses(ctx context.Context, relay string) ([]QuotaUse, error) {
	all, err := query(ctx, db, scanQuota, `
		SELECT minute, used
		FROM quota
		WHERE relay = $1 AND minute > $2 AND used > 0
		ORDER BY minute`, relay, toMinute(db.Now())-24*60-quotaSlack)
	return all, found(err, "read quota of relay %s", relay)
}

// BeginWarmup is when the warm-up of a relay began: now, where it had not.
func (db *DB) BeginWarmup(ctx context.Context, relay string) (time.Time, error) {
	var begun time.Time
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`
			INSERT INTO warmup (relay, begun_at)
			VALUES ($1, $2)
			ON CONFLICT DO NOTHING`, relay, t.now); err != nil {
			return err
		}
		return t.row(`SELECT begun_at FROM warmup WHERE relay = $1`, relay).Scan(at(&begun))
	})
	return begun, found(err, "begin warm-up of relay %s", relay)
}

// WarmupBegan is when the warm-up of a relay began, or ErrNotFound.
func (db *DB) WarmupBegan(ctx context.Context, relay string) (time.Time, error) {
	var begun time.Time
	err := db.row(ctx, `SELECT begun_at FROM warmup WHERE relay = $1`, relay).Scan(at(&begun))
	return begun, found(err, "read warm-up of relay %s", relay)
}

func toMinute(at time.Time) int64 { return at.Unix() / 60 }

func fromMinute(m int64) time.Time { return time.Unix(m*60, 0).UTC() }
