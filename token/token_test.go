package token_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/olomotimes/tipsheet/token"
	"pgregory.net/rapid"
)

var purposes = []token.Purpose{
	token.Confirm, token.Unsubscribe, token.Preferences, token.View, token.Bounce, token.PurposeMessageID, token.Test,
}

func secret(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func keys(t testing.TB, secrets ...[]byte) token.Keys {
	t.Helper()
	k, err := token.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokenNamesItsNumbersForItsPurposeOnly(t *testing.T) {
	k := keys(t, secret(1))
	shape := regexp.MustCompile(`^[a-z2-7]{32}$`)
	rapid.Check(t, func(rt *rapid.T) {
		a := rapid.Int64Range(0, token.MaxNumber).Draw(rt, "a")
		b := rapid.Int64Range(0, token.MaxNumber).Draw(rt, "b")
		p := rapid.SampledFrom(purposes).Draw(rt, "purpose")
		tok := k.Sign(p, a, b)
		if len(tok) != token.Length || !shape.MatchString(tok) {
			rt.Fatalf("token %q has the wrong shape", tok)
		}
		if tok != k.Sign(p, a, b) {
			rt.Fatal("the same purpose and numbers gave another token")
		}
		for _, q := range purposes {
			gotA, gotB, ok := k.Open(q, strings.ToUpper(tok))
			if ok != (q == p) {
				rt.Fatalf("signed for %s, opened for %s: %v", p, q, ok)
			}
			if ok && (gotA != a || gotB != b) {
				rt.Fatalf("got %d, %d, want %d, %d", gotA, gotB, a, b)
			}
		}
	})
}

// The scheme is a promise to all mail already sent: this token must open for ever.
func TestSchemeStaysTheSame(t *testing.T) {
	const want = "aaaaaaabaaaaaaachheav7dbaacxw2nz"
	if got := keys(t, secret(1)).Sign(token.Unsubscribe, 1, 2); got != want {
		t.Errorf("token changed: got %q, want %q", got, want)
	}
}

func TestTruncatedAndAlteredTokensDoNotOpen(t *testing.T) {
	k := keys(t, secret(1))
	tok := k.Sign(token.Unsubscribe, 7, 99)
	bad := []string{"", " " + tok, tok + "a", tok + "=", tok[:31] + "=", tok[:31] + "1", tok[:31] + "\n", strings.Repeat("é", 16), strings.Repeat("a", 32)}
	for i := range tok {
		bad = append(bad, tok[:i])
		other := byte('a')
		if tok[i] == other {
			other = 'b'
		}
		bad = append(bad, tok[:i]+string(other)+tok[i+1:])
	}
	for _, b := range bad {
		if a, c, ok := k.Open(token.Unsubscribe, b); ok || a != 0 || c != 0 {
			t.Errorf("%q opened as %d, %d", b, a, c)
		}
	}
}

func TestHundredThousandForgeriesNoneAccepted(t *testing.T) {
	k := keys(t, secret(1), secret(2))
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	rnd := rand.New(rand.NewPCG(1, 2))
	genuine := k.Sign(token.Unsubscribe, 12, 34)
	tried := 0
	for tried < 100_000 {
		forged := []byte(genuine)
		// Half keep the numbers of a reader and guess the proof, half guess everything.
		from := 16 * (tried % 2)
		for i := from; i < len(forged); i++ {
			forged[i] = letters[rnd.IntN(len(letters))]
		}
		if string(forged) == genuine {
			continue
		}
		if _, _, ok := k.Open(token.Unsubscribe, string(forged)); ok {
			t.Fatalf("forgery %d was accepted: %s", tried, forged)
		}
		tried++
	}
}

func TestRotatedSecretKeepsOldLinksAlive(t *testing.T) {
	before := keys(t, secret(1))
	after := keys(t, secret(2), secret(1))
	gone := keys(t, secret(2))
	old := before.Sign(token.Unsubscribe, 5, 6)
	if _, _, ok := after.Open(token.Unsubscribe, old); !ok {
		t.Error("a link signed before the rotation no longer opens")
	}
	if _, _, ok := gone.Open(token.Unsubscribe, old); ok {
		t.Error("a link signed by a secret that was removed still opens")
	}
	if fresh := after.Sign(token.Unsubscribe, 5, 6); fresh != gone.Sign(token.Unsubscribe, 5, 6) {
		t.Error("the first secret does not sign")
	}
}

func TestMessageIDComesBackAsItsDelivery(t *testing.T) {
	k := keys(t, secret(1))
	id := token.MessageID(k, 41, 1_000_000, "paper.example.com")
	bare := strings.Trim(id, "<>")
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@paper.example.com>") {
		t.Errorf("odd Message-ID %q", id)
	}
	for _, form := range []string{id, bare, " " + id + "\r\n", strings.ToUpper(id), strings.Replace(id, "paper.", "old.", 1)} {
		mailing, seq, ok := token.OpenMessageID(k, form)
		if !ok || mailing != 41 || seq != 1_000_000 {
			t.Errorf("%q: got %d, %d, %v", form, mailing, seq, ok)
		}
	}
	for _, form := range []string{"", "<>", "@", bare[:32], "<abc@paper.example.com>", "<" + k.Sign(token.Bounce, 41, 1) + "@paper.example.com>"} {
		if _, _, ok := token.OpenMessageID(k, form); ok {
			t.Errorf("%q opened", form)
		}
	}
}

func TestWeakSecretsAreRefused(t *testing.T) {
	for _, secrets := range [][][]byte{nil, {nil}, {secret(1)[:31]}, {secret(1), []byte("short")}} {
		if _, err := token.New(secrets...); !errors.Is(err, token.ErrShortSecret) {
			t.Errorf("%d secrets: got %v", len(secrets), err)
		}
	}
	if _, _, ok := (token.Keys{}).Open(token.Test, strings.Repeat("a", 32)); ok {
		t.Error("the zero Keys opened a token")
	}
}

func TestNumbersThatDoNotFitAreNeverSigned(t *testing.T) {
	k := keys(t, secret(1))
	for _, pair := range [][2]int64{{-1, 0}, {0, -1}, {token.MaxNumber + 1, 0}, {0, token.MaxNumber + 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was signed", pair)
				}
			}()
			k.Sign(token.Test, pair[0], pair[1])
		}()
	}
}

func TestCallerMayWipeItsSecret(t *testing.T) {
	s := secret(1)
	k := keys(t, s)
	want := k.Sign(token.Test, 1, 1)
	clear(s)
	if k.Sign(token.Test, 1, 1) != want {
		t.Error("the keys changed with the caller's slice")
	}
}

func FuzzOpen(f *testing.F) {
	k, err := token.New(secret(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Sign(token.View, 3, 4))
	f.Add("")
	f.Add(strings.Repeat("7", 32))
	f.Fuzz(func(t *testing.T, tok string) {
		if a, b, ok := k.Open(token.View, tok); ok && k.Sign(token.View, a, b) != strings.ToLower(tok) {
			t.Errorf("%q opened but is not what we sign", tok)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	k := keys(b, secret(1))
	for i := range b.N {
		k.Sign(token.Bounce, 1, int64(i))
	}
}

func TestSigningTakesNoMemoryAndIsTheSameForManyAtOnce(t *testing.T) {
	k := keys(t, secret(1))
	var room [token.Length]byte
	most := 0.0
	if testing.Short() { // the race detector, which runs with -short, empties pools at random
		most = 10
	}
	if n := testing.AllocsPerRun(100, func() { k.AppendSign(room[:0], token.Unsubscribe, 1, 2) }); n > most {
		t.Errorf("%v allocations", n)
	}
	want := k.Sign(token.Unsubscribe, 1, 2)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range int64(500) {
				if other := k.Sign(token.View, n, n); len(other) != token.Length || k.Sign(token.Unsubscribe, 1, 2) != want {
					t.Errorf("%q differs", other)
					return
				}
			}
		})
	}
	all.Wait()
}
