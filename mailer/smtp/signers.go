package smtp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

// ID names a signer: its domain, and of each key the selector and the first digits of the public
// key's hash. It is kept with a mailing, so that a resend is signed with the same keys after a new
// one has come.
func (s *Signer) ID() string { return s.id }

// keyID is a key's part of ID.
func (k signingKey) keyID() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.key.Public())
	if err != nil {
		return "", fmt.Errorf("dkim: name the key of %s: %w", k.selector, err)
	}
	sum := sha256.Sum256(der)
	return k.selector + ":" + hex.EncodeToString(sum[:8]), nil
}

// Signers are a site's signers: the one that signs new mailings, and earlier ones, whose keys are
// kept as long as mail signed with them may have to be sent again.
type Signers struct {
	current *Signer
	byID    map[string]*Signer
}

// NewSigners makes a set. Two with the same ID are an error.
func NewSigners(current *Signer, earlier ...*Signer) (*Signers, error) {
	if current == nil {
		return nil, errors.New("dkim: no current signer")
	}
	s := &Signers{current: current, byID: map[string]*Signer{current.id: current}}
	for _, one := range earlier {
		if s.byID[one.id] != nil {
			return nil, fmt.Errorf("dkim: the signer %s is named twice", one.id)
		}
		s.byID[one.id] = one
	}
	return s, nil
}

// Current signs new mailings.
func (s *Signers) Current() *Signer { return s.current }

// By returns the signer with an ID, and false where its key is not here any more: mail signed with
// it cannot be sent again with the same bytes.
func (s *Signers) By(id string) (*Signer, bool) {
	one, ok := s.byID[id]
	return one, ok
}
