package mailer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const (
	tellEach  = 10          // deliveries of a mailing that are told one by one in a minute, of each kind
	tellAbout = 100         // mailings that are told apart in a minute
	tellFor   = time.Minute // that the others are summed over
)

// A teller logs what becomes of single deliveries. While there are few, each has its line; of
// many, the first ten a minute have one, and one line tells how many more there were: a
// million deliveries that are put off must not fill the disk that the ledger is written to. What
// became of each is in the ledger. It is safe for concurrent use.
type teller struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	begun time.Time // of the minute
	told  map[told]int
	order []told
}

// told is a kind of line.
type told struct {
	level   slog.Level
	message string
	mailing int64 // 0: of many
}

func (t *teller) tell(level slog.Level, message string, d data.Delivery, args ...any) {
	if t.first(told{level, message, d.MailingID}) {
		t.log.Log(context.Background(), level, message, append([]any{"mailing", d.MailingID, "seq", d.Seq}, args...)...)
	}
}

// first counts a line, and says whether it is among the first of its kind.
func (t *teller) first(k told) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.told) == 0 {
		t.begun = t.now()
		t.told = map[told]int{}
	}
	if _, known := t.told[k]; !known && len(t.told) >= tellAbout {
		k.mailing = 0
	}
	if t.told[k] == 0 {
		t.order = append(t.order, k)
	}
	t.told[k]++
	return t.told[k] <= tellEach
}

// sum tells how many were not told one by one, once the minute is over, or in any case at the
// end.
func (t *teller) sum(end bool) {
	t.mu.Lock()
	if len(t.told) == 0 || !end && t.now().Sub(t.begun).Abs() < tellFor {
		t.mu.Unlock()
		return
	}
	counts, order := t.told, t.order
	t.told, t.order = nil, nil
	t.mu.Unlock()
	for _, k := range order {
		more := counts[k] - tellEach
		if more <= 0 {
			continue
		}
		args := []any{"more", more}
		if k.mailing != 0 {
			args = append(args, "mailing", k.mailing)
		}
		t.log.Log(context.Background(), k.level, k.message+", and more like it", args...)
	}
}
