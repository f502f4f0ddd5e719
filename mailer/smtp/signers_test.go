package smtp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
)

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// withOpenSSL is a signer with an RSA key that OpenSSL signs with.
func withOpenSSL(t testing.TB, key *rsa.PrivateKey) *Signer {
	t.Helper()
	s, err := NewSigner("example.org", "r1", key)
	if err != nil {
		t.Fatal(err)
	}
	if s.keys[0].key == crypto.Signer(key) {
		t.Fatal("libcrypto.so.3 is not used: install OpenSSL 3 (apt-get install libssl3)")
	}
	return s
}

func TestOpenSSLSignsTheSameBytesAsGo(t *testing.T) {
	key := rsaKey(t)
	quick, slow := withOpenSSL(t, key), withGo(key)
	for i, m := range []Mail{digest(), marked(), large()} {
		message := compose(t, m)
		if !bytes.Equal(sign(t, quick, message), sign(t, slow, message)) {
			t.Errorf("message %d is signed otherwise", i)
		}
	}
	for _, bits := range []int{1024, 1536, 3072, 4096} {
		other, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		if message := compose(t, digest()); !bytes.Equal(sign(t, withOpenSSL(t, other), message), sign(t, withGo(other), message)) {
			t.Errorf("%d bits are signed otherwise", bits)
		}
	}
}

func TestResendAfterANewKeyHasTheSameBytes(t *testing.T) {
	before, _ := keyPair(t)
	f := form(t, marked())
	signed, err := f.SignedBy(before)
	if err != nil {
		t.Fatal(err)
	}
	first, stored := spliced(t, signed, valuesOf(1, "Ada")), before.ID()

	fresh, err := NewSigner("example.org", "r1", rsaKey(t)) // the same selector, another key
	if err != nil {
		t.Fatal(err)
	}
	all, err := NewSigners(fresh, before)
	if err != nil {
		t.Fatal(err)
	}
	if all.Current() != fresh || fresh.ID() == stored || !strings.HasPrefix(stored, "example.org r1:") || !strings.Contains(stored, " e1:") {
		t.Errorf("IDs %q and %q", fresh.ID(), stored)
	}
	again, ok := all.By(stored)
	if !ok {
		t.Fatal("the earlier key is not found")
	}
	if signed, err = form(t, marked()).SignedBy(again); err != nil || !bytes.Equal(spliced(t, signed, valuesOf(1, "Ada")), first) {
		t.Errorf("the resend differs: %v", err)
	}
	if _, ok := all.By("example.org r0:00"); ok {
		t.Error("a key that nobody has is found")
	}
	if _, err := NewSigners(nil); err == nil {
		t.Error("no signer is taken")
	}
	if _, err := NewSigners(fresh, fresh); err == nil {
		t.Error("the same one twice is taken")
	}
}

func TestSplicedMailVerifiesForEachReader(t *testing.T) {
	signer, records := keyPair(t)
	f, err := form(t, marked()).SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"", "Ada", "Zoë  Ọlá", "a. .b", "x\t= y", strings.Repeat("w ", 64)} {
		mail := spliced(t, f, valuesOf(i, name))
		if good, all, err := verified(mail, records); good != 2 || all != 2 {
			t.Errorf("%q: %d of %d good: %v", name, good, all, err)
		}
		if good, _, _ := verified(bytes.Replace(mail, []byte("unsu2"), []byte("usnu2"), 1), records); good != 0 {
			t.Errorf("%q: a changed link still verifies", name)
		}
	}
}
