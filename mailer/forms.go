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

// maxForms is how many variants' mails are kept composed, at about 100 KB each.
const maxForms = 128

// An unfitError says that a mailing's mail cannot be composed, for whomever.
type unfitError struct{ err error }

func (e *unfitError) Error() string { return e.err.Error() }
func (e *unfitError) Unwrap() error { return e.err }

// forms composes each variant's mail once, however many connections ask for it, and again where
// it has made room for others since.
type forms struct {
	db      *data.DB
	keys    token.Keys
	signers *smtp.Signers // nil: the relay signs
	mu      sync.Mutex
	of      map[formKey]*formInUse
	asked   int64
}

type formKey struct{ mailing, variant int64 }

type formInUse struct {
	*form
	asked int64 // when it was asked for last, counted
}

func newForms(o Options) *forms {
	return &forms{db: o.DB, keys: o.Keys, signers: o.Signers, of: map[formKey]*formInUse{}}
}

func (f *forms) get(ctx context.Context, mailing, variant int64) (*form, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	key := formKey{mailing, variant}
	if one, ok := f.of[key]; ok {
		one.asked = f.asked
		return one.form, nil
	}
	one, err := f.compose(ctx, mailing, variant)
	if err != nil {
		return nil, err
	}
	if len(f.of) >= maxForms {
		f.forgetOne()
	}
	f.of[key] = &formInUse{one, f.asked}
	return one, nil
}

// forgetOne forgets the form that nobody has asked for the longest.
func (f *forms) forgetOne() {
	var oldest formKey
	at := f.asked
	for key, one := range f.of {
		if one.asked < at {
			oldest, at = key, one.asked
		}
	}
	delete(f.of, oldest)
}

func (f *forms) compose(ctx context.Context, mailing, variant int64) (*form, error) {
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
	v, err := f.db.Variant(ctx, mailing, variant)
	if errors.Is(err, data.ErrNotFound) {
		return nil, &unfitError{fmt.Errorf("its variant %d is not there", variant)}
	}
	if err != nil {
		return nil, err
	}
	letter := data.LetterKind("")
	if m.Kind == "letter" {
		if letter, err = f.db.LetterKindOf(ctx, mailing); err != nil {
			return nil, err
		}
	}
	one, err := newForm(m, v, letter, keys, signer)
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
