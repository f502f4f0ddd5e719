package smtp

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/olomotimes/tipsheet/token"
)

// BenchmarkFormPrepare is one reader's mail of 40 KB with its tokens, unsigned and signed. What the
// bytes alone cost, the copy shows.
func BenchmarkFormPrepare(b *testing.B) {
	keys, err := token.New([]byte("01234567890123456789012345678901"))
	if err != nil {
		b.Fatal(err)
	}
	signer, _ := keyPair(b)
	plain := form(b, large())
	var p Prepared
	run := func(name string, f *Form) {
		b.Run(name, func(b *testing.B) {
			v, e := valuesOf(1, "Ada Lovelace"), reader(1)
			b.ReportAllocs()
			for n := int64(0); b.Loop(); n++ {
				for _, t := range []*Token{&v.MessageID, &v.Unsubscribe, &v.Preferences, &v.View, &v.Bounce} {
					keys.AppendSign(t[:0], token.View, n, 7)
				}
				if err := f.Prepare(&p, e, v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(p.plain)), "bytes")
		})
	}
	run("unsigned", plain)
	b.Run("copy", func(b *testing.B) {
		room := make([]byte, len(p.plain))
		for b.Loop() {
			copy(room, p.plain)
		}
	})
	for i, name := range []string{"rsa", "ed25519"} {
		f, err := plain.SignedBy(&Signer{domain: signer.domain, keys: signer.keys[i : i+1]})
		if err != nil {
			b.Fatal(err)
		}
		run(name, f)
	}
}

// withGo is signer's RSA key with crypto/rsa, whatever it signs with otherwise.
func withGo(key *rsa.PrivateKey) *Signer {
	return &Signer{domain: "example.org", keys: []signingKey{{selector: "r1", algorithm: "rsa-sha256", key: key}}}
}

// BenchmarkSigningRate is what a signed mail costs over its bare signature, on all cores, with
// crypto/rsa and with OpenSSL: compare with `openssl speed rsa2048`.
func BenchmarkSigningRate(b *testing.B) {
	key := rsaKey(b)
	for name, signer := range map[string]*Signer{"go": withGo(key), "openssl": withOpenSSL(b, key)} {
		f, err := form(b, large()).SignedBy(signer)
		if err != nil {
			b.Fatal(err)
		}
		hash := sha256.Sum256([]byte("x"))
		b.Run(name+"/bare", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := signer.keys[0].key.Sign(nil, hash[:], crypto.SHA256); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signatures/s")
		})
		b.Run(name+"/mail", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				var p Prepared
				for n := 0; pb.Next(); n++ {
					if err := f.Prepare(&p, reader(n), valuesOf(1, fmt.Sprint("Reader ", n))); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
