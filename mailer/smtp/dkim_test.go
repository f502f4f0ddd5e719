package smtp

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"
)

// keyPair is a signer with both kinds of key, and the records that a name server would have.
func keyPair(t testing.TB) (*Signer, map[string]string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner("example.org", "r1", key)
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = signer.WithKey("e1", edKey); err != nil {
		t.Fatal(err)
	}
	return signer, map[string]string{
		"r1._domainkey.example.org": "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public),
		"e1._domainkey.example.org": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edPublic),
	}
}

// verified is how many signatures go-msgauth finds good.
func verified(message []byte, records map[string]string) (good, all int, err error) {
	list, err := dkim.VerifyWithOptions(bytes.NewReader(message), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) { return []string{records[name]}, nil },
	})
	for _, v := range list {
		if v.Err == nil {
			good++
		} else {
			err = v.Err
		}
	}
	return good, len(list), err
}

func sign(t testing.TB, s *Signer, message []byte) []byte {
	t.Helper()
	signed, err := s.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestSignatureCoversWhatMattersAndIsRepeatable(t *testing.T) {
	signer, records := keyPair(t)
	message := compose(t, digest())
	signed := sign(t, signer, message)
	if good, all, err := verified(signed, records); good != 2 || all != 2 {
		t.Fatalf("%d of %d good: %v\n%s", good, all, err, signed)
	}
	if !bytes.Equal(signed, sign(t, signer, message)) || !bytes.HasSuffix(signed, message) {
		t.Error("signing twice differs, or changed the message")
	}
	head := strings.ReplaceAll(string(signed[:len(signed)-len(message)]), "\r\n  ", "")
	for _, want := range []string{"List-Unsubscribe:", "List-Unsubscribe-Post:", "List-Id:", ":From:Subject;", "c=relaxed/relaxed"} {
		if strings.Count(head, want) != 2 {
			t.Errorf("%s is not in both signatures: %s", want, head)
		}
	}
	if strings.Contains(head, " t=") || strings.Contains(head, " x=") {
		t.Errorf("a time in %s", head)
	}
	for line := range strings.SplitSeq(string(signed[:len(signed)-len(message)]), "\r\n") {
		if len(line) > 100 {
			t.Errorf("line of %d bytes: %s", len(line), line)
		}
	}
	for name, forged := range map[string][]byte{
		"second From":    append([]byte("From: <evil@example.com>\r\n"), signed...),
		"second Subject": append([]byte("Subject: win\r\n"), signed...),
		"other link":     bytes.Replace(signed, []byte("/u/abc"), []byte("/u/xyz"), 1),
		"other body":     append(bytes.Clone(signed), "more\r\n"...),
	} {
		if good, _, _ := verified(forged, records); good != 0 {
			t.Errorf("%s: still good", name)
		}
	}
}

func TestAnyMessageVerifiesWithGoMsgauth(t *testing.T) {
	signer, records := keyPair(t)
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.SampledFrom([]string{"", " ", "  ", "\t", " \t ", "\r\n", "\r\n\r\n", " \r\n", "\r\n ", ".", "word", "=20"})
		value := rapid.SampledFrom([]string{"a", " a  b", "a\r\n b", "\ta\t b ", "", "a:b", "<x@example.org>,\r\n\t<y@example.org>"})
		body := strings.Join(rapid.SliceOf(gap).Draw(t, "body"), "")
		body = strings.ReplaceAll(body, "\r\n ", "\r\n  ")
		message := []byte("From:" + value.Draw(t, "from") + "\r\nList-Id: " + value.Draw(t, "one") +
			"\r\nSUBJECT :" + value.Draw(t, "subject") + "\r\nlist-id:" + value.Draw(t, "two") + "\r\n\r\n" + body)
		signed, err := signer.Sign(message)
		if err != nil {
			t.Fatal(err)
		}
		if good, all, err := verified(signed, records); good != 2 || all != 2 {
			t.Fatalf("%d of %d: %v\n%q", good, all, err, signed)
		}
	})
}

// pythonVerify prints how many signatures dkimpy finds good.
const pythonVerify = `
import dkim, sys
records = dict(line.split("\t", 1) for line in open(sys.argv[1]).read().splitlines())
def lookup(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
good = 0
for path in sys.argv[2:]:
    d = dkim.DKIM(open(path, "rb").read())
    good += sum(d.verify(idx=i, dnsfunc=lookup) for i in range(2))
print(good)
`

func TestSignaturesVerifyWithPythonDKIM(t *testing.T) {
	const python = "/usr/bin/python3"
	if out, err := exec.CommandContext(limited(t), python, "-c", "import dkim, nacl").CombinedOutput(); err != nil {
		t.Fatalf("install the package python3-dkim (apt-get install python3-dkim): %v: %s", err, out)
	}
	signer, records := keyPair(t)
	dir := t.TempDir()
	var lines strings.Builder
	for name, record := range records {
		fmt.Fprintf(&lines, "%s\t%s\n", name, record)
	}
	if err := os.WriteFile(filepath.Join(dir, "records"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", pythonVerify, filepath.Join(dir, "records")}
	letter, odd := digest(), digest()
	letter.HTML, letter.Headers = "", []Header{{"In-Reply-To", "<a@example.net>"}, {"References", "<a@example.net> <b@example.net>"}}
	odd.Text = "a  b\t c \n\n\n \n\n"
	mails := [][]byte{}
	for _, m := range []Mail{digest(), letter, odd} {
		mails = append(mails, sign(t, signer, compose(t, m)))
	}
	f, err := form(t, marked()).SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"", "Ada", "Zoë  Ọlá", ". =  \t=?"} {
		mails = append(mails, spliced(t, f, valuesOf(i, name)))
	}
	for i, mail := range mails {
		file := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(file, mail, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	out, err := exec.CommandContext(limited(t), python, args...).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "14" {
		t.Errorf("good signatures of 14: %s %v", out, err)
	}
}

func TestSignerRefusesWhatCannotBeSigned(t *testing.T) {
	signer, _ := keyPair(t)
	for name, message := range map[string]string{"no body": "From: a\r\n", "no From": "Subject: x\r\n\r\nx\r\n",
		"bare LF": "From: a\r\n\r\nx\ny\r\n", "empty": ""} {
		if _, err := signer.Sign([]byte(message)); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "a b", "a..b"} {
		if _, err := NewSigner(name, "s", key); err == nil {
			t.Errorf("domain %q is taken", name)
		}
		if _, err := NewSigner("example.org", name, key); err == nil {
			t.Errorf("selector %q is taken", name)
		}
	}
	if _, err := NewSigner("example.org", "s", struct{ crypto.Signer }{}); err == nil {
		t.Error("a foreign key is taken")
	}
}

func TestKeyIsReadAsOpensslWritesIt(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	for _, key := range []crypto.Signer{rsaKey, edKey} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		blocks := [][]byte{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
		if key == crypto.Signer(rsaKey) {
			blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
		}
		for _, block := range blocks {
			if err := os.WriteFile(file, block, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadKey(file)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
				t.Error("another key came back")
			}
		}
	}
	if err := os.WriteFile(file, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".none"} {
		if _, err := ReadKey(path); err == nil || !strings.Contains(err.Error(), "key.pem") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
