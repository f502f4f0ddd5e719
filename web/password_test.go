package web_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/web"
)

const sentence = "four kitchens made this paper"

func TestPasswordHashHoldsItsParameters(t *testing.T) {
	p, ctx := web.NewPasswords(), context.Background()
	phc, err := p.Hash(ctx, sentence)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=65536,t=2,p=1$") {
		t.Errorf("hash is %q", phc)
	}
	again, err := p.Hash(ctx, sentence)
	if err != nil || again == phc {
		t.Errorf("the same password gave the same hash, or %v", err)
	}
	// Other parameters and lengths than ours are read from the string.
	const foreign = "$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG"
	for _, c := range []struct {
		password, phc string
		want          bool
	}{
		{sentence, phc, true},
		{sentence + " ", phc, false},
		{strings.ToUpper(sentence), phc, false},
		{"", phc, false},
		{strings.Repeat("x", 5000), phc, false},
		{sentence, "", false},
		{"password", foreign, false},
	} {
		if got, err := p.Check(ctx, c.password, c.phc); got != c.want || err != nil {
			t.Errorf("Check(%.40q, %.40q) is %v, %v; want %v", c.password, c.phc, got, err, c.want)
		}
	}
}

func TestUnreadableHashIsAnErrorAndNoEntry(t *testing.T) {
	p := web.NewPasswords()
	for _, phc := range []string{
		"plain", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG",
		"$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG",
		"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG",
		"$argon2id$v=19$m=65536,t=9999,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG",
		"$argon2id$v=19$m=65536,t=2,p=1$c29t$RdescudvJCsgt3ub+b5dWRWJTmaaJObG",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
	} {
		if ok, err := p.Check(context.Background(), sentence, phc); ok || err == nil {
			t.Errorf("Check with %q is %v, %v", phc, ok, err)
		}
	}
}

func TestUnknownEditorCostsAsMuchAsAWrongPassword(t *testing.T) {
	p, ctx := web.NewPasswords(), context.Background()
	phc, err := p.Hash(ctx, sentence)
	if err != nil {
		t.Fatal(err)
	}
	// The least of several runs: what else the machine does only ever adds.
	least := func(phc string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			if ok, err := p.Check(ctx, "a wrong password", phc); ok || err != nil {
				t.Fatal(ok, err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown := least(phc), least("")
	if ratio := float64(unknown) / float64(known); ratio < 0.5 || ratio > 2 {
		t.Errorf("an unknown editor takes %v, a known one %v", unknown, known)
	}
}

func TestGuessThatFindsNoFreeHasherEndsWithItsContext(t *testing.T) {
	p := web.NewPasswords()
	release := p.OccupyAll()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Hash(ctx, sentence); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash is %v", err)
	}
	if ok, err := p.Check(ctx, sentence, ""); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Check is %v, %v", ok, err)
	}
	release()
	if _, err := p.Hash(context.Background(), sentence); err != nil {
		t.Errorf("with a free hasher: %v", err)
	}
}

func TestAcceptPasswordTellsPeopleWhatToDo(t *testing.T) {
	for password, want := range map[string]string{
		sentence:                      "",
		"correct horse battery":       "",
		"Ọjọ́ ń lọ, ayé ń yí":         "",
		strings.Repeat("long ", 20):   "",
		"short":                       "too short",
		"élevén chár":                 "too short",
		"password1234":                "first that anybody tries",
		"PasswordPassword":            "first that anybody tries",
		"abababababababab":            "same few characters",
		"amaka-amaka-1":               "a name that everybody knows",
		"Courier2026!!":               "a name that everybody knows",
		"the courier sails at dawn":   "",
		strings.Repeat("abcdef", 200): "longer than",
		"\xff\xfe\xfd\xfcabcdefghijk": "not readable",
	} {
		err := web.AcceptPassword(password, "amaka", "Courier", "")
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("AcceptPassword(%.30q) is %v, want %q", password, err, want)
		}
	}
}
