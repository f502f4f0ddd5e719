package smtp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/mailer/smtptest"
)

// fortyKB is a digest of the size that most are.
func fortyKB(t testing.TB) []byte {
	m := digest()
	m.HTML = strings.Repeat("<p>Ferry fares rise and the whole town is talking about it today.</p>\n", 420)
	m.Text = strings.Repeat("Ferry fares rise and the whole town is talking about it.\n", 130)
	return compose(t, m)
}

func BenchmarkOfferAndDot(b *testing.B) {
	message := fortyKB(b)
	for _, follow := range []bool{false, true} {
		name := map[bool]string{false: "one by one", true: "riding behind the dot"}[follow]
		b.Run(name, func(b *testing.B) {
			c := connect(b, plain(relay(b, smtptest.Options{Discard: true}).Port()), "")
			ctx, e := b.Context(), reader(1)
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				if err := c.Offer(ctx, e, message); err != nil {
					b.Fatal(err)
				}
				if follow {
					if err := c.Follow(e, message); err != nil {
						b.Fatal(err)
					}
				}
				if reply, err := c.Dot(ctx); err != nil || !reply.Accepted() {
					b.Fatalf("%v %v", reply, err)
				}
			}
		})
	}
}

func BenchmarkCheckAndStuff(b *testing.B) {
	message := fortyKB(b)
	var buffer []byte
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if Check(message) != nil || has8Bit(message) {
			b.Fatal("a good message is refused")
		}
		buffer = appendStuffed(buffer[:0], message)
	}
}

func BenchmarkFill(b *testing.B) {
	marker := strings.Repeat("ab", 16)
	message := bytes.Replace(fortyKB(b), []byte("Ferry fares rise and the whole t"), []byte(marker), 3)
	form, err := NewForm(message, map[string]string{"u": marker})
	if err != nil {
		b.Fatal(err)
	}
	values := map[string]string{"u": strings.Repeat("cd", 16)}
	for b.Loop() {
		form.Fill(values)
	}
}

func BenchmarkSign(b *testing.B) {
	signer, _ := keyPair(b)
	message := fortyKB(b)
	for _, one := range []struct {
		name string
		*Signer
	}{{"rsa", &Signer{signer.domain, signer.keys[:1]}}, {"ed25519", &Signer{signer.domain, signer.keys[1:]}}} {
		b.Run(one.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := one.Sign(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
