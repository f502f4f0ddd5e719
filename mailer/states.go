package mailer

import (
	"context"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

const statesEvery = time.Second // between two looks at the issues' states

// states logs each move of an issue, whoever made it: begun, paused, resumed, held, cancelled.
type states struct {
	m      *Mailer
	looked time.Time
	known  map[int64]data.MailingState
}

// look asks for the states, at most once a second.
func (s *states) look(ctx context.Context) error {
	if time.Since(s.looked) < statesEvery {
		return nil
	}
	s.looked = time.Now()
	all, err := s.m.DB.IssueMailings(ctx)
	if err != nil {
		return err
	}
	now := make(map[int64]data.MailingState, len(all))
	for _, one := range all {
		now[one.ID] = one.State
		if was := s.known[one.ID]; was != one.State {
			s.m.Log.Info("mailing is "+string(one.State), "mailing", one.ID, "kind", one.Kind)
		}
	}
	for id := range s.known {
		if _, open := now[id]; open {
			continue
		}
		one, err := s.m.DB.Mailing(ctx, id)
		if err != nil {
			return err
		}
		if one.State == data.MailingCancelled { // that one is complete, who completes it says
			s.m.Log.Info("mailing is cancelled", "mailing", id, "kind", one.Kind)
		}
	}
	s.known = now
	return nil
}
