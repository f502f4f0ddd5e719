package mailer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/token"
)

// maxForms is how many mailings' mails are kept composed.
const maxForms = 64

// An unfitError says that a mailing's mail cannot be composed, for whomever.
type unfitError struct{ err error }

func (e *unfitError) Error() string { return e.err.Error() }
func (e *unfitError) Unwrap() error { return e.err }

// forms composes each mailing's mail once, however many connections ask for it.
type forms struct {
	db      *data.DB
	keys    token.Keys
	signers *smtp.Signers // nil: the relay signs
	mu      sync.Mutex
	of      map[int64]*form
}

func newForms(o Options) *forms {
	return &forms{db: o.DB, keys: o.Keys, signers: o.Signers, of: map[int64]*form{}}
}

func (f *forms) get(ctx context.Context, mailing int64) (*form, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, ok := f.of[mailing]; ok {
		return one, nil
	}
	one, err := f.compose(ctx, mailing)
	if err != nil {
		return nil, err
	}
	if len(f.of) >= maxForms {
		clear(f.of)
	}
	f.of[mailing] = one
	return one, nil
}

func (f *forms) compose(ctx context.Context, mailing int64) (*form, error) {
	dkim := unsigned
	if f.signers != nil {
		dkim = f.signers.Current().ID()
	}
	m, err := f.db.SealMailing(ctx, mailing, f.keys.ID(), dkim)
	if err != nil {
		return nil, err
	}
	keys, signer, err := f.sealed(m)
	if err != nil {
		return nil, &unfitError{err}
	}
	variants, err := f.db.Variants(ctx, mailing)
	if err != nil {
		return nil, err
	}
	if len(variants) != 1 {
		return nil, &unfitError{fmt.Errorf("it has %d variants", len(variants))}
	}
	letter := data.LetterKind("")
	if m.Kind == "letter" {
		if letter, err = f.db.LetterKindOf(ctx, mailing); err != nil {
			return nil, err
		}
	}
	one, err := newForm(m, variants[0], letter, keys, signer)
	if err != nil {
		return nil, &unfitError{err}
	}
	return one, nil
}

const unsigned = "-" // in place of the ID of DKIM keys

// sealed finds the keys that a mailing was first composed with.
func (f *forms) sealed(m data.Mailing) (token.Keys, *smtp.Signer, error) {
	keys, ok := f.keys.By(m.Secret)
	if !ok {
		return keys, nil, errors.New("the secret that its links were signed with is no longer in site.secret_file")
	}
	if m.DKIM == unsigned {
		return keys, nil, nil
	}
	if f.signers != nil {
		if signer, ok := f.signers.By(m.DKIM); ok {
			return keys, signer, nil
		}
	}
	return keys, nil, fmt.Errorf("the DKIM key that it is signed with (%s) is no longer in the config; name it in dkim.earlier", m.DKIM)
}
