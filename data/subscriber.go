package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"
)

// A Subscriber is an address that somebody gave us.
type Subscriber struct {
	ID       int64
	Address  string // normal: lower case, domain in ASCII
	Typed    string
	Name     string
	Language string
	AddedAt  time.Time
}

// maxAddress is RFC 5321's limit on a path (4.5.3.1.3), less its angle brackets.
const maxAddress = 254

// NormalAddress is the form in which addresses are compared: lower case, the domain in
// ASCII. It returns a UserError for what is not one plain address.
func NormalAddress(typed string) (string, error) {
	bad := &UserError{Message: fmt.Sprintf("%.80q is not an email address", typed), Hint: "write it as name@example.com"}
	typed = strings.TrimSpace(typed)
	if len(typed) > maxAddress || strings.ContainsAny(typed, "<>,;\" ") || strings.ContainsFunc(typed, notShown) {
		return "", bad
	}
	a, err := mail.ParseAddress(typed)
	if err != nil || a.Address != typed {
		return "", bad
	}
	local, domain, ok := cutLast(typed, "@")
	if !ok || local == "" || strings.HasPrefix(domain, "[") || !strings.Contains(domain, ".") {
		return "", bad
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" {
		return "", bad
	}
	return strings.ToLower(local + "@" + ascii), nil
}

// notShown: control characters, line separators, and marks that turn the writing direction.
func notShown(c rune) bool { return !unicode.IsPrint(c) }

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// keepSubscriber returns the id of the subscriber with that address, new or not.
func (t *tx) keepSubscriber(typed, name, language string) (id int64, normal string, err error) {
	normal, err = NormalAddress(typed)
	if err != nil {
		return 0, "", err
	}
	err = t.row(`SELECT id FROM subscriber WHERE address = $1`, normal).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = t.insert(`
			INSERT INTO subscriber (address, typed, name, language, added_at)
			VALUES ($1, $2, $3, $4, $5)
			RETURNING id`, normal, strings.TrimSpace(typed), cleanName(name), language, t.now)
	}
	return id, normal, err
}

// cleanName keeps a name to one line of at most 64 characters.
func cleanName(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
	runes := []rune(strings.TrimSpace(name))
	if len(runes) > 64 {
		runes = runes[:64]
	}
	return string(runes)
}

const subscriberColumns = `id, address, typed, name, language, added_at`

func scanSubscriber(s scanner) (Subscriber, error) {
	var r Subscriber
	err := s.Scan(&r.ID, &r.Address, &r.Typed, &r.Name, &r.Language, at(&r.AddedAt))
	return r, err
}

// SubscriberByAddress returns the subscriber with that address, however it is written, or
// ErrNotFound.
func (db *DB) SubscriberByAddress(ctx context.Context, address string) (Subscriber, error) {
	normal, err := NormalAddress(address)
	if err != nil {
		return Subscriber{}, err
	}
	r, err := scanSubscriber(db.row(ctx, `SELECT `+subscriberColumns+` FROM subscriber WHERE address = $1`, normal))
	return r, found(err, "read subscriber")
}

// Subscribers are the subscribers by id from after on, at most limit.
func (db *DB) Subscribers(ctx context.Context, after int64, limit int) ([]Subscriber, error) {
	all, err := query(ctx, db, scanSubscriber, `
		SELECT `+subscriberColumns+`
		FROM subscriber
		WHERE id > $1
		ORDER BY id
		LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	return all, nil
}

// Suppress keeps an address from all further mail but what its owner asks for. It wins over
// imports and outlives the subscriber.
func (db *DB) Suppress(ctx context.Context, address, reason string) error {
	normal, err := NormalAddress(address)
	if err != nil {
		return err
	}
	err = db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO suppression (address, reason, at)
			VALUES ($1, $2, $3)
			ON CONFLICT (address) DO NOTHING`, normal, reason, t.now)
		return err
	})
	return found(err, "suppress an address")
}
