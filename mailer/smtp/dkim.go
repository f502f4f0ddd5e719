package smtp

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// signedHeaders are signed where present, every instance, in this order. RFC 8058, section 4
// wants both List-Unsubscribe fields covered, Gmail wants Feedback-ID.
var signedHeaders = [...]string{"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To",
	"References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe",
	"List-Unsubscribe-Post", "List-Help", "List-Archive", "Auto-Submitted", "Feedback-ID"}

// oversigned are signed once more than they occur, so that one added on the way breaks the
// signature (RFC 6376, section 8.15).
var oversigned = [...]string{"From", "Subject"}

// Signer puts DKIM signatures (RFC 6376) in front of a message: relaxed/relaxed, rsa-sha256,
// and ed25519-sha256 (RFC 8463) as a second one where a key for it was added. There is no
// time in them, so the same message gives the same bytes for ever. It may be used by many
// goroutines once WithKey is done.
type Signer struct {
	domain string
	keys   []signingKey
	id     string
}

type signingKey struct {
	selector, algorithm string
	key                 crypto.Signer
}

const algorithmEd25519 = "ed25519-sha256"

var errNoFrom = errors.New("dkim: the message has no From")

// NewSigner returns a signer for domain with its first key. The public key is expected at
// selector._domainkey.domain.
func NewSigner(domain, selector string, key crypto.Signer) (*Signer, error) {
	ascii, ok := asciiDomain(domain)
	if !ok {
		return nil, fmt.Errorf("dkim: domain %q is not a host name", domain)
	}
	return (&Signer{domain: ascii, id: ascii}).WithKey(selector, key)
}

// WithKey returns a signer that signs with one more key, an RSA key of 1024 bits or more or an
// Ed25519 key, under a selector of its own.
func (s *Signer) WithKey(selector string, key crypto.Signer) (*Signer, error) {
	ascii, ok := asciiDomain(selector)
	if !ok {
		return nil, fmt.Errorf("dkim: selector %q is not a host name", selector)
	}
	k := signingKey{selector: ascii, key: key}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		// RFC 8301, section 3.2: shorter ones must not be used.
		if key.N.BitLen() < 1024 {
			return nil, fmt.Errorf("dkim: an RSA key of %d bits is too short", key.N.BitLen())
		}
		k.algorithm = "rsa-sha256"
		k.key = quickest(key)
	case ed25519.PrivateKey:
		k.algorithm = algorithmEd25519
	default:
		return nil, fmt.Errorf("dkim: a key of type %T cannot sign mail", key)
	}
	id, err := k.keyID()
	if err != nil {
		return nil, err
	}
	return &Signer{domain: s.domain, keys: append(s.keys[:len(s.keys):len(s.keys)], k), id: s.id + " " + id}, nil
}

// Sign returns message with one signature in front for each key. The message must have CRLF
// line ends and pass Check; it is not changed. An error means that nothing was signed.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	head, body, ok := bytes.Cut(message, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("dkim: the message has no header and body")
	}
	if bytes.Count(message, []byte("\n")) != bytes.Count(message, []byte("\r\n")) {
		return nil, errors.New("dkim: the message has a line end that is not CRLF, which would change on the way")
	}
	bodyHash := sha256.Sum256(relaxedBody(body))
	names, covered := signedFields(fields(head))
	if len(names) == 0 {
		return nil, errNoFrom
	}
	canonical := bytes.Join(covered, nil)
	var out []byte
	for _, k := range s.keys {
		unsigned := s.field(k, names, bodyHash[:])
		// The signature field is signed last, with an empty b= and without its line end.
		toSign := append(bytes.Clone(canonical), bytes.TrimSuffix(relaxedField(unsigned), []byte("\r\n"))...)
		hash := sha256.Sum256(toSign)
		signature, err := k.sign(hash[:])
		if err != nil {
			return nil, fmt.Errorf("dkim: sign with %s: %w", k.selector, err)
		}
		out = append(out, bytes.TrimSuffix(unsigned, []byte("\r\n"))...)
		out = append(foldText(out, base64.StdEncoding.AppendEncode(nil, signature)), '\r', '\n')
	}
	return append(out, message...), nil
}

// sign signs the SHA-256 of what is signed; Ed25519 takes that hash as its message (RFC 8463,
// section 3).
func (k signingKey) sign(hash []byte) ([]byte, error) {
	options := crypto.SHA256
	if k.algorithm == algorithmEd25519 {
		options = 0
	}
	return k.key.Sign(nil, hash, options)
}

// size is how many bytes a signature has.
func (k signingKey) size() int {
	if public, ok := k.key.Public().(*rsa.PublicKey); ok {
		return public.Size()
	}
	return ed25519.SignatureSize
}

// field is the DKIM-Signature field with an empty b=, folded only where the standard allows.
func (s *Signer) field(k signingKey, names []string, bodyHash []byte) []byte {
	out := s.fieldStart(k, names)
	out = base64.StdEncoding.AppendEncode(out, bodyHash)
	return append(out, fieldEnd...)
}

// fieldEnd is the field behind the body's hash, up to the signature, with the line end.
const fieldEnd = ";\r\n b=\r\n"

// fieldStart is the field up to the body's hash.
func (s *Signer) fieldStart(k signingKey, names []string) []byte {
	out := fmt.Appendf(nil, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n d=%s; s=%s;\r\n h=",
		k.algorithm, s.domain, k.selector)
	column := len(" h=")
	for i, name := range names {
		if column+len(name)+1 > foldAt {
			out = append(out, "\r\n  "...)
			column = 2
		}
		out = append(out, name...)
		column += len(name) + 1
		if i < len(names)-1 {
			out = append(out, ':')
		}
	}
	return append(out, ";\r\n bh="...)
}

// foldText appends base64 in lines; white space in b= does not count (RFC 6376, section 3.5).
func foldText(out, text []byte) []byte {
	for room := foldAt - 4; len(text) > room; room = foldAt - 2 {
		out = append(append(out, text[:room]...), "\r\n  "...)
		text = text[room:]
	}
	return append(out, text...)
}
