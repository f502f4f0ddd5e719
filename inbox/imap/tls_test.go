package imap_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/proof/dovecot"
)

// An authority signs certificates for tests.
type authority struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string // its own certificate, for ca_file
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key, a.cert = sign(t, template, nil)
	a.file = filepath.Join(a.dir, "ca.pem")
	writePEM(t, a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

func sign(t *testing.T, template *x509.Certificate, by *authority) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
}

// issue makes a certificate for 127.0.0.1, changed by change, and returns it and its files.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) (cert tls.Certificate, certFile, keyFile string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	key, leaf := sign(t, template, a)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writePEM(t, certFile, "CERTIFICATE", leaf.Raw)
	writePEM(t, keyFile, "PRIVATE KEY", der)
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return cert, certFile, keyFile
}

func TestARealServerIsReachedByBothKindsOfTLS(t *testing.T) {
	ca := newAuthority(t)
	_, certFile, keyFile := ca.issue(t, nil)
	d := startDovecot(t, dovecot.Options{CertFile: certFile, KeyFile: keyFile})
	for mode, port := range map[dial.TLSMode]int{dial.Implicit: d.PortTLS(), dial.StartTLS: d.Port()} {
		ctx := within(t, 10*time.Second)
		settings := loopback(port)
		settings.TLS, settings.CAFile = mode, ca.file
		s := openInbox(t, ctx, settings)
		if uids, err := s.AllUIDs(ctx); err != nil || len(uids) != 0 {
			t.Errorf("%s: %v, %v", mode, uids, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", mode, err)
		}
		settings.CAFile = ""
		if _, err := imap.Dial(ctx, settings, "secret"); !errors.Is(err, imap.ErrTLS) {
			t.Errorf("%s without the authority: %v, want ErrTLS", mode, err)
		}
		if _, err := imap.Dial(ctx, settings, "wrong"); errors.Is(err, imap.ErrLogin) {
			t.Errorf("%s without the authority: a password was tried", mode)
		}
	}
}

func TestNoPasswordLeavesOverAnUnsafeConnection(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	config := func(a *authority, change func(*x509.Certificate), version uint16) *tls.Config {
		cert, _, _ := a.issue(t, change)
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: version}
	}
	good := config(ca, nil, 0)
	expired := config(ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, 0)
	otherName := config(ca, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }, 0)
	foreign, old := config(stranger, nil, 0), config(ca, nil, tls.VersionTLS11)
	inject := func(e *imaptest.Exchange) {
		e.Send(e.Tag + " OK begin\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] injected\r\n")
		e.Hang()
	}
	cases := []struct {
		name   string
		mode   dial.TLSMode
		script imaptest.Script
	}{
		{"expired", dial.Implicit, imaptest.Script{TLS: expired}},
		{"another name", dial.Implicit, imaptest.Script{TLS: otherName}},
		{"unknown authority", dial.Implicit, imaptest.Script{TLS: foreign}},
		{"TLS 1.1", dial.Implicit, imaptest.Script{TLS: old}},
		{"no TLS where it should be", dial.Implicit, imaptest.Script{}},
		{"PREAUTH inside TLS", dial.Implicit, imaptest.Script{TLS: good, Greeting: "* PREAUTH come in"}},
		{"STARTTLS expired", dial.StartTLS, imaptest.Script{StartTLS: expired}},
		{"STARTTLS another name", dial.StartTLS, imaptest.Script{StartTLS: otherName}},
		{"STARTTLS unknown authority", dial.StartTLS, imaptest.Script{StartTLS: foreign}},
		{"STARTTLS with TLS 1.1", dial.StartTLS, imaptest.Script{StartTLS: old}},
		{"STARTTLS not offered", dial.StartTLS, imaptest.Script{}},
		{"STARTTLS refused", dial.StartTLS, imaptest.Script{Answers: answers{"STARTTLS": imaptest.Refuse("not now")}}},
		{"STARTTLS after PREAUTH", dial.StartTLS, imaptest.Script{StartTLS: good, Greeting: "* PREAUTH come in"}},
		{"words injected behind STARTTLS", dial.StartTLS, imaptest.Script{Answers: answers{"STARTTLS": inject}}},
		{"PREAUTH in the clear", dial.None, imaptest.Script{Greeting: "* PREAUTH come in"}},
		{"LOGINDISABLED", dial.None, imaptest.Script{Caps: "IMAP4rev1 LOGINDISABLED"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server := startScripted(t, c.script)
			settings := loopback(server.Port())
			settings.TLS, settings.CAFile, settings.Timeout = c.mode, ca.file, imap.Duration(2*time.Second)
			_, err := imap.Dial(within(t, 10*time.Second), settings, "secret")
			if !errors.Is(err, imap.ErrTLS) {
				t.Errorf("%v, want ErrTLS", err)
			}
			for _, line := range server.Heard() {
				if strings.Contains(line, "AUTHENTICATE") || strings.Contains(line, "LOGIN ") || strings.Contains(line, "secret") {
					t.Errorf("the server heard %q", line)
				}
			}
		})
	}
}

func TestASafeConnectionIsMadeByBothKindsOfTLS(t *testing.T) {
	ca := newAuthority(t)
	cert, _, _ := ca.issue(t, nil)
	good := &tls.Config{Certificates: []tls.Certificate{cert}}
	for mode, script := range map[dial.TLSMode]imaptest.Script{dial.Implicit: {TLS: good}, dial.StartTLS: {StartTLS: good}} {
		server := startScripted(t, script)
		settings := loopback(server.Port())
		settings.TLS, settings.CAFile = mode, ca.file
		ctx := within(t, 10*time.Second)
		if err := openInbox(t, ctx, settings).Close(); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if heard := strings.Join(server.Heard(), "\n"); !strings.Contains(heard, "AUTHENTICATE PLAIN") {
			t.Errorf("%s: it heard %q", mode, heard)
		}
	}
}

func TestAPlainConnectionToAnotherMachineIsNotEvenDialled(t *testing.T) {
	settings := loopback(143)
	settings.Host = "mail.example.org"
	if _, err := imap.Dial(within(t, time.Second), settings, "secret"); !errors.Is(err, imap.ErrTLS) || !errors.Is(err, dial.ErrPlain) {
		t.Errorf("%v, want ErrTLS because of ErrPlain", err)
	}
}

func TestACutHandshakeIsTheNetworksFault(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	settings := loopback(listener.Addr().(*net.TCPAddr).Port)
	for _, mode := range []dial.TLSMode{dial.Implicit, dial.StartTLS, dial.None} {
		settings.TLS = mode
		if _, err := imap.Dial(within(t, 5*time.Second), settings, "secret"); !errors.Is(err, imap.ErrNetwork) {
			t.Errorf("%s: %v, want ErrNetwork", mode, err)
		}
	}
	listener.Close()
	<-done
	if _, err := imap.Dial(within(t, 5*time.Second), settings, "secret"); !errors.Is(err, imap.ErrNetwork) {
		t.Errorf("nobody listens: %v, want ErrNetwork", err)
	}
}
