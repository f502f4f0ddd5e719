package mailer

import (
	"context"
	"fmt"
	"sync"

	"github.com/olomotimes/tipsheet/data"
)

// maxForms is how many mailings' mails are kept composed.
const maxForms = 64

// forms composes each mailing's mail once, however many connections ask for it.
type forms struct {
	db *data.DB
	mu sync.Mutex
	of map[int64]*form
}

func newForms(db *data.DB) *forms { return &forms{db: db, of: map[int64]*form{}} }

func (f *forms) get(ctx context.Context, mailing int64) (*form, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, ok := f.of[mailing]; ok {
		return one, nil
	}
	m, err := f.db.Mailing(ctx, mailing)
	if err != nil {
		return nil, err
	}
	variants, err := f.db.Variants(ctx, mailing)
	if err != nil {
		return nil, err
	}
	if len(variants) != 1 {
		return nil, fmt.Errorf("compose mailing %d: it has %d variants", mailing, len(variants))
	}
	letter := data.LetterKind("")
	if m.Kind == "letter" {
		if letter, err = f.db.LetterKindOf(ctx, mailing); err != nil {
			return nil, err
		}
	}
	one, err := newForm(m, variants[0], letter)
	if err != nil {
		return nil, err
	}
	if len(f.of) >= maxForms {
		clear(f.of)
	}
	f.of[mailing] = one
	return one, nil
}
