package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Parameters of new hashes (RFC 9106, section 4, scaled to a small server; above OWASP's least).
const (
	argonTime    = 2
	argonMemory  = 64 << 10 // KiB
	argonThreads = 1
	saltBytes    = 16
	keyBytes     = 32

	maxHashers  = 2    // at once: 128 MiB at most, however many guesses come in
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

// errHash is what a stored hash that cannot be read is.
var errHash = errors.New("not an argon2id hash in PHC form")

// Passwords hashes and checks passwords with argon2id, at most two at a time.
type Passwords struct {
	free  chan struct{}
	dummy string // checked when there is no such editor, so that it takes as long
}

// NewPasswords makes ready; one per process bounds the memory of the process.
func NewPasswords() *Passwords {
	p := &Passwords{free: make(chan struct{}, maxHashers)}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key := make([]byte, keyBytes)
	rand.Read(key)
	p.dummy = encode(params{argonTime, argonMemory, argonThreads}, salt, key)
	return p
}

type params struct {
	time, memory uint32
	threads      uint8
}

// Hash returns the password's hash as a PHC string. It waits for a free hasher until ctx ends.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxPassword {
		return "", fmt.Errorf("hash password: longer than %d bytes", maxPassword)
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	par := params{argonTime, argonMemory, argonThreads}
	key, err := p.derive(ctx, password, salt, par, keyBytes)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return encode(par, salt, key), nil
}

// Check says whether the password belongs to the PHC string. An empty string stands for an editor
// who does not exist: it costs as much time as a wrong password, and is false. A string that cannot
// be read is an error.
func (p *Passwords) Check(ctx context.Context, password, phc string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	known := phc != ""
	if !known {
		phc = p.dummy
	}
	par, salt, want, err := decode(phc)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	got, err := p.derive(ctx, password, salt, par, uint32(len(want)))
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *Passwords) derive(ctx context.Context, password string, salt []byte, par params, size uint32) ([]byte, error) {
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, par.time, par.memory, par.threads, size), nil
}

func encode(par params, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, par.memory, par.time, par.threads, b64(salt), b64(key))
}

// decode reads a PHC string, within bounds that keep a forged one from eating the machine.
func decode(phc string) (par params, salt, key []byte, err error) {
	f := strings.Split(phc, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return par, nil, nil, errHash
	}
	if n, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &par.memory, &par.time, &par.threads); n != 3 || err != nil {
		return par, nil, nil, errHash
	}
	if par.memory < 8 || par.memory > 1<<20 || par.time < 1 || par.time > 16 || par.threads < 1 || par.threads > 16 {
		return par, nil, nil, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(f[4])
	key, err2 := base64.RawStdEncoding.DecodeString(f[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return par, nil, nil, errHash
	}
	return par, salt, key, nil
}

// commonPasswords are long enough and still the first that anybody tries.
const commonPasswords = " password1234 passwordpassword 123456789012 1234567890123 123123123123 111111111111 000000000000 qwertyuiop12 qwertyuiop123 1q2w3e4r5t6y qwerty123456 administrator adminadminadmin iloveyou1234 letmeinletmein welcome12345 changeme1234 password12345 tipsheettipsheet "

// AcceptPassword returns nil when the password may be used, else a sentence for the person who
// chose it. avoid names words that must not make up most of it: the login, the site's name.
func AcceptPassword(password string, avoid ...string) error {
	lower := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password):
		return errors.New("the password is not readable text; type it again")
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("the password is too short; take at least %d characters, a sentence for example", minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("the password is longer than %d characters; take a shorter one", maxPassword)
	case strings.Contains(commonPasswords, " "+lower+" "):
		return errors.New("that password is one of the first that anybody tries; take another")
	}
	if distinct(lower) < 5 {
		return errors.New("the password repeats the same few characters; take a sentence instead")
	}
	for _, word := range avoid {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		if rest := strings.ReplaceAll(lower, word, ""); len(lower) != len(rest) && utf8.RuneCountInString(rest) < minPassword*2/3 {
			return errors.New("the password is little more than a name that everybody knows; take another")
		}
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, c := range s {
		seen[c] = true
	}
	return len(seen)
}
