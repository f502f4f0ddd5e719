package main

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

func TestReadyzNamesTheKindsOfAlarmsThatStand(t *testing.T) {
	p := &paper{db: datatest.Open(t, nil), log: slog.New(slog.DiscardHandler)}
	want := func(status int, body string) {
		t.Helper()
		if gotStatus, _, got := get(t, http.HandlerFunc(p.readyz), nil); gotStatus != status || got != body {
			t.Errorf("%d %q, want %d %q", gotStatus, got, status, body)
		}
		if gotStatus, _, got := get(t, http.HandlerFunc(healthz), nil); gotStatus != 200 || got != "ok\n" {
			t.Errorf("healthz: %d %q", gotStatus, got)
		}
	}
	want(200, "ready\n")
	for _, a := range []data.Alarm{{Kind: "mailbox", About: "mail.example.com", Text: "No."}, {Kind: "feed", About: "1", Text: "No."}, {Kind: "feed", About: "2", Text: "No."}} {
		if _, err := p.db.RaiseAlarm(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	want(503, "alarm: mailbox\nalarm: feed\nalarm: feed\n")
	if _, err := p.db.ClearAlarm(t.Context(), "mailbox", "mail.example.com"); err != nil {
		t.Fatal(err)
	}
	want(503, "alarm: feed\nalarm: feed\n")
	if err := p.db.Close(); err != nil {
		t.Fatal(err)
	}
	want(503, "database: cannot be read\n")
}
