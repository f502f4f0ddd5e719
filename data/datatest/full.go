package datatest

import (
	"testing"

	"github.com/olomotimes/tipsheet/data"
)

// A Full database has no room to grow until MakeRoom.
type Full struct {
	t  testing.TB
	db *data.DB
}

// Fill has the database refuse to grow, as on a full disk.
func Fill(t testing.TB, db *data.DB) Full {
	t.Helper()
	if err := db.LimitPages(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return Full{t, db}
}

// MakeRoom lets it grow again.
func (f Full) MakeRoom() {
	f.t.Helper()
	if err := f.db.LimitPages(f.t.Context(), false); err != nil {
		f.t.Fatal(err)
	}
}
