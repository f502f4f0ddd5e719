package data_test

import (
	"testing"

	"github.com/olomotimes/tipsheet/data/datatest"
)

// The mailer and the scheduler of one process begin at the same time, each with a look and a
// sign of life.
func TestASignOfLifeOfAnotherRoleIsNoDifference(t *testing.T) {
	db := datatest.Open(t, datatest.NewClock())
	here := db.Here("here")
	if d, err := db.CheckInstance(t.Context(), here); err != nil || !d.None() {
		t.Fatalf("at first: %s, %v", d, err)
	}
	beaten := make(chan error, 1)
	go func() {
		for range 300 {
			if err := db.Beat(t.Context()); err != nil {
				beaten <- err
				return
			}
		}
		beaten <- nil
	}()
	for looks := 0; ; looks++ {
		d, err := db.CompareInstance(t.Context(), here)
		if err != nil || !d.None() {
			t.Fatalf("look %d: %s, %v", looks, d, err)
		}
		select {
		case err := <-beaten:
			if err != nil || looks < 10 {
				t.Fatalf("%d looks, %v", looks, err)
			}
			return
		default:
		}
	}
}
