package data

import (
	"context"
	"fmt"
)

// A Variant is the frozen words of a mailing for one distinct (stories, edition, language).
// In HTML and Text, a reader's tokens stand as placeholders that the mailer fills in.
type Variant struct {
	ID        int64
	MailingID int64
	Stories   string // their ids in order, parted by spaces; empty: a letter
	Edition   string // full, headlines or text
	Language  string
	Subject   string
	Preheader string
	HTML      string // empty: plain text only
	Text      string
}

const variantColumns = `id, mailing_id, stories, edition, language, subject, preheader, html, text`

func scanVariant(s scanner) (Variant, error) {
	var v Variant
	err := s.Scan(&v.ID, &v.MailingID, &v.Stories, &v.Edition, &v.Language, &v.Subject, &v.Preheader, &v.HTML, &v.Text)
	return v, err
}

// keepVariant writes a variant; one of the same stories, edition and language gets the new words
// and keeps its id.
func (t *tx) keepVariant(mailing int64, v Variant) (int64, error) {
	return t.insert(`
		INSERT INTO variant (mailing_id, stories, edition, language, subject, preheader, html, text)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (mailing_id, stories, edition, language) DO UPDATE
		SET subject = excluded.subject, preheader = excluded.preheader, html = excluded.html, text = excluded.text
		RETURNING id`, mailing, v.Stories, v.Edition, v.Language, v.Subject, v.Preheader, v.HTML, v.Text)
}

// KeepVariants writes some of the words of an issue that is closing, in one transaction, and fills
// in their ids. Called again, after a crash, it writes them anew under the same ids: nobody sees
// them before FinishClosing. An issue that is not closing is ErrConflict.
func (db *DB) KeepVariants(ctx context.Context, issue int64, all []Variant) error {
	err := db.update(ctx, func(t *tx) error {
		mailing, err := t.closing(issue)
		if err != nil {
			return err
		}
		for i := range all {
			all[i].MailingID = mailing
			if all[i].ID, err = t.keepVariant(mailing, all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return found(err, "keep words of issue %d", issue)
}

// Variants are the frozen words of a mailing, the main one first. There may be thousands, of
// 100 KB each: MainVariant and Variant read one.
func (db *DB) Variants(ctx context.Context, mailing int64) ([]Variant, error) {
	all, err := query(ctx, db, scanVariant, `
		SELECT `+variantColumns+`
		FROM variant
		WHERE mailing_id = $1
		ORDER BY id`, mailing)
	if err != nil {
		return nil, fmt.Errorf("read variants of mailing %d: %w", mailing, err)
	}
	return all, nil
}

// MainVariant is what a reader gets who chose nothing, and what the archive shows: the only one of
// a letter. Where there is none yet it is ErrNotFound.
func (db *DB) MainVariant(ctx context.Context, mailing int64) (Variant, error) {
	v, err := scanVariant(db.row(ctx, `
		SELECT `+variantColumns+`
		FROM variant
		WHERE id = (SELECT MIN(id) FROM variant WHERE mailing_id = $1)`, mailing))
	return v, found(err, "read main variant of mailing %d", mailing)
}

// Variant is one variant of a mailing, by the id that its deliveries name; 0 is the main one.
func (db *DB) Variant(ctx context.Context, mailing, id int64) (Variant, error) {
	if id == 0 {
		return db.MainVariant(ctx, mailing)
	}
	v, err := scanVariant(db.row(ctx, `SELECT `+variantColumns+` FROM variant WHERE mailing_id = $1 AND id = $2`, mailing, id))
	return v, found(err, "read variant %d of mailing %d", id, mailing)
}

// VariantFor is the variant that one delivery was sent.
func (db *DB) VariantFor(ctx context.Context, mailing, seq int64) (Variant, error) {
	var id int64
	err := db.row(ctx, `SELECT COALESCE(variant_id, 0) FROM delivery WHERE mailing_id = $1 AND seq = $2`, mailing, seq).Scan(&id)
	if err != nil {
		return Variant{}, found(err, "read delivery %d/%d", mailing, seq)
	}
	return db.Variant(ctx, mailing, id)
}

// VariantLike is the variant of a mailing that has those stories, in that edition and language, or
// ErrNotFound.
func (db *DB) VariantLike(ctx context.Context, mailing int64, stories, edition, language string) (Variant, error) {
	v, err := scanVariant(db.row(ctx, `
		SELECT `+variantColumns+`
		FROM variant
		WHERE mailing_id = $1 AND stories = $2 AND edition = $3 AND language = $4`, mailing, stories, edition, language))
	return v, found(err, "read a variant of mailing %d", mailing)
}

// VariantUse says how many readers one variant of an issue goes to.
type VariantUse struct {
	ID       int64
	Edition  string
	Language string
	Subject  string
	Stories  string
	Readers  int
}

// VariantUses are the variants of a mailing with their readers, those with the most first, at most
// limit. It counts the deliveries one by one.
func (db *DB) VariantUses(ctx context.Context, mailing int64, limit int) ([]VariantUse, error) {
	all, err := query(ctx, db, func(s scanner) (VariantUse, error) {
		var u VariantUse
		err := s.Scan(&u.ID, &u.Edition, &u.Language, &u.Subject, &u.Stories, &u.Readers)
		return u, err
	}, `
		SELECT v.id, v.edition, v.language, v.subject, v.stories, COALESCE(d.n, 0)
		FROM variant v
		LEFT JOIN (SELECT variant_id, COUNT(*) AS n FROM delivery WHERE mailing_id = $1 GROUP BY variant_id) d ON d.variant_id = v.id
		WHERE v.mailing_id = $1
		ORDER BY 6 DESC, v.id
		LIMIT $2`, mailing, limit)
	return all, found(err, "list variants of mailing %d", mailing)
}
