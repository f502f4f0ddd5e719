package dial_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

func TestPlainTextIsForThisMachineOnly(t *testing.T) {
	cases := []struct {
		mode dial.TLSMode
		host string
		want error
	}{
		{dial.Implicit, "mail.example.com", nil}, {dial.StartTLS, "mail.example.com", nil},
		{dial.None, "localhost", nil}, {dial.None, "127.0.0.1", nil}, {dial.None, "::1", nil}, {dial.None, "[::1]", nil},
		{dial.None, "mail.example.com", dial.ErrPlain}, {dial.None, "10.0.0.1", dial.ErrPlain}, {dial.None, "", dial.ErrPlain},
		{dial.None, "localhost.example.com", dial.ErrPlain}, {dial.None, "127.0.0.1.example.com", dial.ErrPlain},
		{dial.None, "2130706433", dial.ErrPlain}, {dial.None, "0.0.0.0", dial.ErrPlain},
		{"", "localhost", dial.ErrMode}, {"ssl", "mail.example.com", dial.ErrMode}, {"NONE", "localhost", dial.ErrMode},
	}
	for _, c := range cases {
		if err := dial.CheckPlain(c.mode, c.host); !errors.Is(err, c.want) {
			t.Errorf("%s to %q: got %v, want %v", c.mode, c.host, err, c.want)
		}
	}
}

func TestLoopbackIsKnownByName(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "localhost.": true, "mail.localhost": true, "127.0.0.1": true, "127.9.9.9": true,
		"::1": true, "[::1]": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "notlocalhost": false, "[127.0.0.1": false, "127.1": false,
	} {
		if got := dial.IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %v", host, got)
		}
	}
}

func TestCertificatesAreAlwaysVerified(t *testing.T) {
	now := time.Now()
	good := newCert(t, "relay.example.com", now.Add(time.Hour))
	expired := newCert(t, "relay.example.com", now.Add(-time.Hour))
	cases := []struct {
		name       string
		served     cert
		serverName string
		caFile     string
		maxVersion uint16
		ok         bool
	}{
		{"own CA file", good, "relay.example.com", good.file, 0, true},
		{"a trailing dot is the same name", good, "relay.example.com.", good.file, 0, true},
		{"TLS 1.2", good, "relay.example.com", good.file, tls.VersionTLS12, true},
		{"TLS 1.1", good, "relay.example.com", good.file, tls.VersionTLS11, false},
		{"self-signed", good, "relay.example.com", "", 0, false},
		{"another CA", good, "relay.example.com", newCert(t, "relay.example.com", now.Add(time.Hour)).file, 0, false},
		{"wrong name", good, "mail.example.com", good.file, 0, false},
		{"expired", expired, "relay.example.com", expired.file, 0, false},
	}
	for _, c := range cases {
		config, err := dial.TLSConfig(c.serverName, c.caFile)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := handshake(t, config, c.served, c.maxVersion); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTLSConfigNeedsANameAndACertificate(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"", ""}, {"relay.example.com", empty}, {"relay.example.com", empty + ".missing"}} {
		if _, err := dial.TLSConfig(c[0], c[1]); err == nil {
			t.Errorf("%q with %q was accepted", c[0], c[1])
		}
	}
}

type cert struct {
	pair tls.Certificate
	file string
}

func newCert(t *testing.T, name string, until time.Time) cert {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file}
}

// handshake reports whether a client with config accepts the server. The server may be as old as it likes.
func handshake(t *testing.T, config *tls.Config, served cert, maxVersion uint16) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		far, err := l.Accept()
		if err != nil {
			return
		}
		defer far.Close()
		far.SetDeadline(time.Now().Add(10 * time.Second))
		server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{served.pair}, MinVersion: tls.VersionTLS10, MaxVersion: maxVersion})
		if server.Handshake() == nil {
			server.Write([]byte("hello"))
		}
	}()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near.SetDeadline(time.Now().Add(10 * time.Second))
	client := tls.Client(near, config)
	_, err = io.ReadFull(client, make([]byte, 5))
	near.Close()
	<-done
	return err
}
