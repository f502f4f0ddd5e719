package data

import (
	"path/filepath"
	"testing"
)

// Words and deliveries from before there were several variants are the same afterwards.
func TestUpgradeToVariantsKeepsWordsAndDeliveries(t *testing.T) {
	ctx := t.Context()
	db, err := Open(ctx, filepath.Join(t.TempDir(), "old.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := db.migrator()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 5); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`INSERT INTO mailing (id, kind, state, due_at, dated_at, late_at, give_up_at, audience, made_at) VALUES (7, 'issue', 'sending', 1, 1, 1, 1, 2, 1)`,
		`INSERT INTO variant (id, mailing_id, edition, language, subject, html, text) VALUES (9, 7, 'full', 'en', 'Bridge reopens', '<p>', 't')`,
		`INSERT INTO delivery (mailing_id, seq, subscriber_id, subscription_id, address, name) VALUES (7, 1, 3, 4, 'a@example.com', 'Ada'), (7, 2, NULL, NULL, 'b@example.com', '')`,
		`INSERT INTO attempt (mailing_id, seq, attempt, kind, n, word, at) VALUES (7, 1, 1, 'intent', 0, 'intent', 1), (7, 1, 1, 'outcome', 0, 'accepted', 1)`,
		`INSERT INTO chunk (mailing_id, n, lo, hi, state, next_at) VALUES (7, 1, 1, 2, 'open', 1)`,
	} {
		if _, err := db.write.ExecContext(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := db.VariantFor(ctx, 7, 1)
	if err != nil || v.ID != 9 || v.Subject != "Bridge reopens" || v.Stories != "" {
		t.Fatalf("words: %+v, %v", v, err)
	}
	all, err := db.Deliveries(ctx, 7, "", 0, 10)
	if err != nil || len(all) != 2 || all[0].Word != WordAccepted || all[1].Word != WordOpen || all[1].Address != "b@example.com" {
		t.Fatalf("deliveries: %+v, %v", all, err)
	}
	parts, err := db.Parts(ctx, 7)
	if err != nil || len(parts) != 1 || parts[0].Readers != 2 {
		t.Fatalf("parts: %+v, %v", parts, err)
	}
}
