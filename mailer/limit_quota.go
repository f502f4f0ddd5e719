package mailer

import (
	"context"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	blockSize     = 100 // messages taken from the row at once, at most
	lettersShare  = 20  // one message in so many is kept for letters
	blocksInLimit = 10  // a block is at most this part of a limit, since a crash loses it
)

// quotas are the hour's and the day's limits of one relay, with the block in hand. A block is
// used within the minute that it was taken in, where the database counts it; then its rest goes
// back. It is not safe for concurrent use.
type quotas struct {
	db       *data.DB
	settings smtp.Settings
	begun    time.Time // of the warm-up; zero: not asked yet

	block data.QuotaBlock
	back  map[time.Time]int // what goes back, by minute
	late  map[time.Time]int // what was answered so late that it counts from then, by minute
	shut  [2]time.Time      // when there is more; for issues, for letters
}

// newQuotas is nil for a relay without such limits.
func newQuotas(db *data.DB, s smtp.Settings) *quotas {
	if s.PerHour <= 0 && s.PerDay <= 0 && s.Warmup.Start <= 0 {
		return nil
	}
	return &quotas{db: db, settings: s, back: map[time.Time]int{}, late: map[time.Time]int{}}
}

// take gives at most n out of the block of the minute, of which it takes a new one where
// needed. Nothing left: again is when there will be.
func (q *quotas) take(ctx context.Context, now time.Time, n int, letter bool) (k int, minute, again time.Time, err error) {
	minute = now.Truncate(time.Minute)
	if !q.block.Minute.Equal(minute) || q.block.N == 0 {
		if shut := q.shut[kindOf(letter)]; now.Before(shut) && len(q.back) == 0 && q.block.N == 0 {
			return 0, minute, shut, nil
		}
		if err := q.refill(ctx, now, letter); err != nil {
			return 0, minute, again, err
		}
		if q.block.N == 0 {
			return 0, minute, q.shut[kindOf(letter)], nil
		}
	}
	k = min(n, q.block.N)
	q.block.N -= k
	return k, q.block.Minute, again, nil
}

func (q *quotas) refill(ctx context.Context, now time.Time, letter bool) error {
	if err := q.settle(ctx, now); err != nil {
		return err
	}
	all, err := q.now(ctx, now, letter)
	if err != nil {
		return err
	}
	if len(all) == 0 { // the warm-up is over, and there is nothing else
		q.block = data.QuotaBlock{N: blockSize, Minute: now.Truncate(time.Minute)}
		return nil
	}
	want := blockSize
	for _, l := range all {
		want = min(want, max(l.Most/blocksInLimit, 1))
	}
	b, err := q.db.TakeQuota(ctx, q.settings.Name, all, want)
	if err != nil {
		return err
	}
	if next := nextWarmupDay(q.settings, q.begun, now); b.N == 0 && !next.IsZero() && next.Before(b.ResetAt) {
		b.ResetAt = next // the limit grows before there is room below it
	}
	q.block, q.shut[kindOf(letter)] = b, b.ResetAt
	return nil
}

// now are the limits that hold at an instant.
func (q *quotas) now(ctx context.Context, now time.Time, letter bool) ([]data.QuotaLimit, error) {
	if q.settings.Warmup.Start > 0 && q.begun.IsZero() {
		begun, err := q.db.BeginWarmup(ctx, q.settings.Name)
		if err != nil {
			return nil, err
		}
		q.begun = begun
	}
	return limitsAt(q.settings, q.begun, now, letter), nil
}

// limitsAt are the limits of a relay at an instant, less what is kept for letters.
func limitsAt(s smtp.Settings, begun, now time.Time, letter bool) []data.QuotaLimit {
	var all []data.QuotaLimit
	add := func(span time.Duration, most int) {
		if most <= 0 {
			return
		}
		if !letter {
			most -= most / lettersShare
		}
		all = append(all, data.QuotaLimit{Span: span, Most: most})
	}
	add(time.Hour, s.PerHour)
	add(24*time.Hour, dailyLimit(s, begun, now))
	return all
}

// giveBack hands n messages of a minute's block back.
func (q *quotas) giveBack(minute time.Time, n int) {
	if q.block.Minute.Equal(minute) {
		q.block.N += n
	} else {
		q.back[minute] += n
	}
}

// answeredLate: n messages of a minute's block were answered long after their permit, and the
// relay may have counted them only now. They count from now instead; in a process that dies
// before the next block is taken, from their permit.
func (q *quotas) answeredLate(minute, now time.Time, n int) {
	q.back[minute] += n
	q.late[now.Truncate(time.Minute)] += n
}

// settle writes down what goes back, of the block too where its minute is over, and what counts
// from later. What counts is written first, so that a crash in between forgets nothing. With
// the zero time the block goes back in any case.
func (q *quotas) settle(ctx context.Context, now time.Time) error {
	if q.block.N > 0 && (now.IsZero() || !q.block.Minute.Equal(now.Truncate(time.Minute))) {
		q.back[q.block.Minute] += q.block.N
		q.block.N = 0
	}
	for minute, n := range q.late {
		if err := q.db.NoteQuota(ctx, q.settings.Name, minute, n); err != nil {
			return err
		}
		delete(q.late, minute)
	}
	for minute, n := range q.back {
		if err := q.db.GiveBackQuota(ctx, q.settings.Name, minute, n); err != nil {
			return err
		}
		delete(q.back, minute)
	}
	return nil
}
