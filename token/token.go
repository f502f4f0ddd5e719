// Package token signs what tipsheet hands out and later gets back: the links in a digest, the
// return address of a delivery (VERP), its Message-ID. A token names two numbers and carries a
// proof, so nothing is looked up, nothing is stored, and nobody can make one up.
//
// A token is 20 bytes, written as 32 characters of lower-case base32 without padding: five bytes
// for each number, big-endian, then the first ten bytes of
//
//	HMAC-SHA-256(secret, purpose || 0x00 || numbers)
//
// It is safe in a URL path, in the local part of an address and in a Message-ID, and it is read in any case,
// because mail systems change the case of local parts. The same purpose, numbers and secrets give the same
// token on every machine and after every restart: a resent mail is the same bytes as the first one.
//
// A token has no end date. What it may do is decided by the row that it names, at the moment it comes back.
//
// When something is wrong with a token, Open says no and nothing else: there is no telling a forged
// token from one that was cut off on the way.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// Length is the number of characters in every token.
const Length = 32

// MaxNumber is the largest number that a token can name.
const MaxNumber = 1<<40 - 1

const (
	numberBytes = 5
	proofBytes  = 10
	minSecret   = 32 // bytes
)

// ErrShortSecret is returned by New for no secret at all, or for one of fewer than 32 bytes.
var ErrShortSecret = errors.New("a signing secret needs at least 32 bytes")

// Purpose is what a token may be used for. A token signed for one purpose opens for no other.
type Purpose string

// The purposes. The two numbers that go with each are up to the room that signs.
const (
	Confirm     Purpose = "confirm"     // the link that makes a pending subscription active
	Unsubscribe Purpose = "unsubscribe" // the link and the one-click address of RFC 8058
	Preferences Purpose = "preferences" // a reader's own settings page
	View        Purpose = "view"        // an issue in the browser
	Bounce      Purpose = "bounce"      // the envelope sender of one delivery (VERP)
	Test        Purpose = "test"        // links in a test send, which act on nothing

	// PurposeMessageID is what MessageID and OpenMessageID sign and open with.
	PurposeMessageID Purpose = "message-id"
)

// base32Lower has no letters that differ by case only and no digits that look like letters.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Keys are the secrets of one installation: the first signs, all of them verify, so that mail sent
// before a change of secret keeps its links. The zero value opens nothing and cannot sign.
// Keys may be used by many goroutines at once.
type Keys struct {
	secrets []*secret
}

// secret is one signing secret. Its state once the key is in is used again and again, which makes
// a token three times cheaper and takes no memory: a mail has five of them.
type secret struct {
	id   string    // names the secret and does not tell it
	macs sync.Pool // of *mac
}

type mac struct {
	hash hash.Hash
	room [64]byte // the input, then the sum
}

// New makes Keys from secrets of at least 32 bytes each, the signing one first. It keeps copies.
// The error wraps ErrShortSecret and never contains a secret.
func New(secrets ...[]byte) (Keys, error) {
	if len(secrets) == 0 {
		return Keys{}, fmt.Errorf("no signing secret given: %w", ErrShortSecret)
	}
	var k Keys
	for i, s := range secrets {
		if len(s) < minSecret {
			return Keys{}, fmt.Errorf("signing secret %d has %d bytes: %w", i+1, len(s), ErrShortSecret)
		}
		s = append([]byte(nil), s...)
		k.secrets = append(k.secrets, &secret{id: nameOf(s), macs: sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, s)} }}})
	}
	return k, nil
}

// nameOf is a name for a secret, from which nobody finds it.
func nameOf(s []byte) string {
	sum := hmac.New(sha256.New, s)
	sum.Write([]byte("the name of this secret"))
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// ID names the secret that signs.
func (k Keys) ID() string { return k.secrets[0].id }

// By returns keys that sign with the secret of that ID, and false where it is not among them any
// more.
func (k Keys) By(id string) (Keys, bool) {
	for i, s := range k.secrets {
		if s.id == id {
			all := append([]*secret{s}, k.secrets[:i]...)
			return Keys{append(all, k.secrets[i+1:]...)}, true
		}
	}
	return Keys{}, false
}

// Sign returns the token that names a and b for one purpose. It panics when a or b is outside 0 to MaxNumber
// or when k is the zero value: both are mistakes in the program, and a token that cannot be opened again must never be mailed.
func (k Keys) Sign(p Purpose, a, b int64) string {
	var room [Length]byte
	return string(k.AppendSign(room[:0], p, a, b))
}

// AppendSign appends what Sign returns to dst, and takes no memory of its own.
func (k Keys) AppendSign(dst []byte, p Purpose, a, b int64) []byte {
	if len(k.secrets) == 0 {
		panic("token: signing without a secret")
	}
	if a < 0 || a > MaxNumber || b < 0 || b > MaxNumber {
		panic(fmt.Sprintf("token: %d and %d must lie between 0 and %d", a, b, int64(MaxNumber)))
	}
	var room [2*numberBytes + proofBytes]byte
	raw := appendNumber(appendNumber(room[:0], a), b)
	raw = k.secrets[0].appendProof(raw, p, raw)
	return base32Lower.AppendEncode(dst, raw)
}

// Open returns the numbers that tok names, and true, when tok was signed by one of the secrets for
// this purpose. Upper and lower case are the same. Anything else gives 0, 0, false. The proof is compared in constant
// time and against every secret, so the time taken tells nothing about how near a guess was.
func (k Keys) Open(p Purpose, tok string) (a, b int64, ok bool) {
	if len(tok) != Length {
		return 0, 0, false
	}
	raw, err := base32Lower.DecodeString(strings.ToLower(tok))
	if err != nil || len(raw) != 2*numberBytes+proofBytes {
		return 0, 0, false
	}
	numbers, given := raw[:2*numberBytes], raw[2*numberBytes:]
	for _, s := range k.secrets {
		var room [proofBytes]byte
		if hmac.Equal(given, s.appendProof(room[:0], p, numbers)) {
			ok = true
		}
	}
	if !ok {
		return 0, 0, false
	}
	return readNumber(numbers[:numberBytes]), readNumber(numbers[numberBytes:]), true
}

// appendProof appends the proof of two numbers. It is unambiguous: a purpose contains no zero byte and the
// numbers have a fixed length.
func (s *secret) appendProof(dst []byte, p Purpose, numbers []byte) []byte {
	m := s.macs.Get().(*mac)
	defer s.macs.Put(m)
	m.hash.Reset()
	m.hash.Write(append(append(append(m.room[:0], p...), 0), numbers...))
	return append(dst, m.hash.Sum(m.room[:0])[:proofBytes]...)
}

func appendNumber(to []byte, n int64) []byte {
	return append(to, byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func readNumber(from []byte) (n int64) {
	for _, c := range from {
		n = n<<8 | int64(c)
	}
	return n
}
