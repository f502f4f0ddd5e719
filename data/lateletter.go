package data

import (
	"context"
	"fmt"
	"time"
)

// letterNames are the kinds of letters whose loss a person must know of: an answer that somebody
// waits for. The others are told by the ledger alone.
var letterNames = map[LetterKind][2]string{
	LetterConfirmation: {"confirmation letter", "confirmation letters"},
	LetterReply:        {"reply", "replies"},
	LetterReport:       {"report", "reports"},
	LetterAlarm:        {"letter about an alarm", "letters about alarms"},
}

// RuleOnLateLetters gives up, at most size at once, the letters that were not begun in time: no
// relay would have them, or nothing ran. Each gets the ruling gave_up, with the reason. Where a
// person must know, an alarm says how many of that kind were lost; it stands for as long again as
// a letter is tried. It returns how many were given up.
func (db *DB) RuleOnLateLetters(ctx context.Context, size int) (int, error) {
	late, err := query(ctx, db, scanInt, `
		SELECT id
		FROM mailing
		WHERE state = 'closed' AND kind = 'letter' AND begun_at IS NULL AND late_at < $1
		ORDER BY id
		LIMIT $2`, millis(db.Now()), size)
	if err == nil && len(late) > 0 {
		err = db.update(ctx, func(t *tx) error {
			for _, id := range late {
				if err := t.giveUpLetter(id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, found(err, "rule on late letters")
	}
	return len(late), db.tellLostLetters(ctx)
}

// giveUpLetter ends a letter that never began. One that a worker has begun just now is left.
func (t *tx) giveUpLetter(id int64) error {
	n, err := t.exec(`
		UPDATE mailing
		SET state = 'complete', reason = $1, completed_at = $2
		WHERE id = $3 AND state = 'closed' AND begun_at IS NULL AND late_at < $2`, notBegun, t.now, id)
	if err != nil || n == 0 {
		return err
	}
	if _, err := t.exec(`UPDATE chunk SET state = 'done', token = token + 1 WHERE mailing_id = $1`, id); err != nil {
		return err
	}
	return t.rule(Delivery{MailingID: id, Seq: 1, Attempt: 1}, WordGaveUp, notBegun)
}

// notBegun is why, in the ledger.
const notBegun = "it was not begun in time: no relay took mail, or no mailer ran"

// tellLostLetters raises, follows or clears the alarm of each kind.
func (db *DB) tellLostLetters(ctx context.Context) error {
	type lost struct {
		kind LetterKind
		n    int
	}
	all, err := query(ctx, db, func(s scanner) (lost, error) {
		var l lost
		err := s.Scan(&l.kind, &l.n)
		return l, err
	}, `
		SELECT l.kind, COUNT(*)
		FROM mailing m
		JOIN letter l ON l.mailing_id = m.id
		WHERE m.state = 'complete' AND m.kind = 'letter' AND m.begun_at IS NULL AND m.completed_at > $1
		GROUP BY l.kind`, millis(db.Now())-letterPatience.Milliseconds())
	if err != nil {
		return found(err, "count lost letters")
	}
	counts := map[LetterKind]int{}
	for _, l := range all {
		counts[l.kind] = l.n
	}
	for kind, names := range letterNames {
		n := counts[kind]
		if n == 0 {
			if _, err := db.ClearAlarm(ctx, "letter", string(kind)); err != nil {
				return err
			}
			continue
		}
		what := fmt.Sprintf("%d %s were", n, names[1])
		if n == 1 {
			what = "A " + names[0] + " was"
		}
		if _, err := db.RaiseAlarm(ctx, Alarm{Kind: "letter", About: string(kind),
			Text: fmt.Sprintf("%s given up: not begun within %d hours.", what, int(letterPatience/time.Hour)),
			Hint: "see under Deliveries at the desk which, and write again; `tipsheet check` says whether the relay takes mail"}); err != nil {
			return err
		}
	}
	return nil
}
