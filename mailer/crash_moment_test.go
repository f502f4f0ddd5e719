package mailer_test

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer"
)

const atRandom = "at a random time"

// Moments of a kill, each as often as it comes in a round with kills enough. Those before sending
// come first.
var (
	earlyMoments = []string{whileMigrating, whileFreezing, whileClosing}
	lateMoments  = []string{
		string(mailer.AtClaim), afterMail, midContent, string(mailer.AtIntent), string(mailer.BeforeIntents), string(mailer.AfterIntents),
		string(mailer.AtDot), afterDot, afterDot, string(mailer.AtReply), string(mailer.BeforeOutcomes), string(mailer.AfterOutcomes),
		string(mailer.AtChunkEnd), string(mailer.AtChunkReleased), whileSettling, atRandom, atRandom,
	}
)

// orderFor is what a sender that is to die at the moment is told. How often the moment passes
// first is such that a round has enough deliveries for all of its kills.
func (r *round) orderFor(moment string) order {
	o := order{DB: r.path, Port: r.far.wide, Policy: r.policy, Window: r.window, Ahead: r.ahead, Die: moment}
	some := func(n int) int { return 1 + r.chance.IntN(n) }
	micros := func(n int) time.Duration { return time.Duration(r.chance.IntN(n)) * time.Microsecond }
	switch moment {
	case whileMigrating:
		newest, err := data.Newest()
		if err != nil {
			r.Fatal(err)
		}
		o.Nth, o.Linger = r.chance.IntN(int(newest)), micros(3000)
	case whileFreezing:
		o.Nth, o.Linger = r.chance.IntN(crashReaders/freezeSlice), micros(3000)
	case whileClosing:
		o.Nth, o.Linger = r.chance.IntN(4)/3, micros(1200)
	case whileSettling:
		o.Nth, o.Linger = r.chance.IntN(1000), micros(800)
	case afterMail, midContent, afterDot, atRandom, "":
		o.Die = "" // its parent kills it
		if moment == midContent {
			o.Port = r.far.narrow
		}
	case string(mailer.AtClaim), string(mailer.AtChunkEnd), string(mailer.AtChunkReleased):
		o.Nth = some(6)
	case string(mailer.BeforeIntents), string(mailer.BeforeOutcomes):
		o.Nth = some(100/r.window + 2)
		if r.chance.IntN(2) == 0 {
			o.Linger = micros(5000) // into the commit
		}
	case string(mailer.AtDot), string(mailer.AtIntent), string(mailer.AfterIntents), string(mailer.AfterOutcomes):
		o.Nth = some(100/r.window + 2)
	default:
		o.Nth = some(150)
	}
	return o
}

// undoneSQL is not 0 where a step that takes a while was not done to its end.
func undoneSQL(moment string, newest int64) string {
	switch moment {
	case whileMigrating:
		return fmt.Sprintf(`SELECT COUNT(*) < %d FROM goose_db_version WHERE version_id > 0`, newest)
	case whileFreezing:
		return fmt.Sprintf(`SELECT COUNT(*) < %d FROM delivery`, crashReaders)
	case whileClosing:
		return `SELECT COUNT(*) = 0 FROM chunk`
	case whileSettling:
		return claimed
	}
	return ""
}

// undone says whether the kill left the step undone that it was to hit.
func (r *round) undone(moment string, inContent int) (undone bool) {
	r.Helper()
	newest, err := data.Newest()
	if err != nil {
		r.Fatal(err)
	}
	query := undoneSQL(moment, newest)
	if query == "" {
		return moment == midContent && inContent > 0
	}
	r.look(query, func(row *sql.Row) error {
		n := 0
		err := row.Scan(&n)
		undone = n > 0 || err != nil
		if moment == whileMigrating {
			return nil // there may not even be the table of versions
		}
		return err
	})
	return undone
}
