package dial

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
)

// TLSMode is how a connection to a relay or a mailbox is encrypted, as the config writes it.
type TLSMode string

// The modes. Implicit is TLS from the first byte; StartTLS begins in plain text and must be answered with TLS before
// anything else is said (RFC 8314 prefers Implicit); None is plain text, for servers on this machine.
const (
	Implicit TLSMode = "implicit"
	StartTLS TLSMode = "starttls"
	None     TLSMode = "none"
)

// ErrPlain is returned by CheckPlain where a password or a mail would cross the network unencrypted.
var ErrPlain = errors.New(`a connection without encryption is only made to this machine; set tls to "implicit" or "starttls"`)

// ErrMode is returned by CheckPlain for a mode that does not exist.
var ErrMode = errors.New(`tls must be "implicit", "starttls" or "none"`)

// CheckPlain refuses a connection without encryption to any host but this machine (ErrPlain), and an unknown mode (ErrMode). Nothing is resolved:
// a name that only happens to point here is refused too, because it may point elsewhere tomorrow.
func CheckPlain(mode TLSMode, host string) error {
	switch mode {
	case Implicit, StartTLS:
		return nil
	case None:
		if IsLoopback(host) {
			return nil
		}
		return fmt.Errorf("host %q: %w", host, ErrPlain)
	default:
		return fmt.Errorf("%q: %w", mode, ErrMode)
	}
}

// IsLoopback reports whether host, without a port, is this machine by its very name: localhost, a name under it
// (RFC 6761, section 6.3), or a loopback address, in brackets or without.
func IsLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// TLSConfig returns the settings for a TLS connection to serverName, a host name or an address without a port: TLS 1.2 or better,
// the certificate always verified and always for that name. With a caFile (PEM), only its certificates are trusted; without one, the system's.
func TLSConfig(serverName, caFile string) (*tls.Config, error) {
	if serverName == "" {
		return nil, errors.New("the TLS settings need the name of the server")
	}
	c := &tls.Config{ServerName: strings.TrimSuffix(serverName, "."), MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no certificate in PEM form", caFile)
	}
	return c, nil
}
