package mailer

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

func TestManyDeliveriesDoNotFloodTheLog(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	l := &teller{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	for seq := range int64(100_000) {
		l.tell(slog.LevelInfo, "delivery deferred", data.Delivery{MailingID: 7, Seq: seq}, "code", 451)
		if seq%1000 == 0 {
			l.tell(slog.LevelInfo, "delivery refused", data.Delivery{MailingID: 7, Seq: seq}, "code", 550)
		}
		if seq == 50_000 {
			l.sum(false) // the minute is not over
			now = now.Add(tellFor)
			l.sum(false)
		}
	}
	l.tell(slog.LevelWarn, "delivery is uncertain", data.Delivery{MailingID: 8, Seq: 1})
	l.sum(true)
	l.sum(true)
	text := out.String()
	for line, n := range map[string]int{
		`msg="delivery deferred" mailing=7`: 2 * tellEach, `msg="delivery refused" mailing=7`: 2 * tellEach,
		`msg="delivery deferred, and more like it" more=49991 mailing=7`: 1, `msg="delivery deferred, and more like it" more=49989 mailing=7`: 1,
		`msg="delivery refused, and more like it" more=41 mailing=7`: 1, `msg="delivery refused, and more like it" more=39 mailing=7`: 1,
		`level=WARN msg="delivery is uncertain" mailing=8 seq=1`: 1,
	} {
		if got := strings.Count(text, line); got != n {
			t.Errorf("%d lines with %s, want %d", got, line, n)
		}
	}
	if got := strings.Count(text, "\n"); got != 4*tellEach+5 {
		t.Errorf("%d lines: %s", got, text)
	}
}

func TestManyMailingsDoNotFloodTheLogEither(t *testing.T) {
	var out bytes.Buffer
	l := &teller{log: slog.New(slog.NewTextHandler(&out, nil)), now: time.Now}
	for id := int64(1); id <= 5000; id++ {
		l.tell(slog.LevelInfo, "delivery refused", data.Delivery{MailingID: id, Seq: 1})
	}
	l.sum(true)
	if got := strings.Count(out.String(), "\n"); got != tellAbout+tellEach+1 {
		t.Errorf("%d lines", got)
	}
	if want := fmt.Sprintf("and more like it\" more=%d\n", 5000-tellAbout-tellEach); !strings.Contains(out.String(), want) {
		t.Errorf("no %s", want)
	}
}
