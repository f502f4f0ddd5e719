// Package dial is how tipsheet reaches out: to feeds, to relays, to mailboxes. It holds the rules that
// must be the same everywhere.
//
// Guard keeps requests whose address came from outside (a feed, a redirect) away from the private
// network: it looks at the address that a connection is really made to, after every name has been
// resolved, so a name that changes its mind, an odd way to write a number, or a redirect gains nothing.
// TLSConfig and CheckPlain are the rules for encryption: TLS 1.2 or better, always verified, and
// plain text to this machine only.
//
// When a rule is broken nothing is sent: the connection is refused before its first byte, with an error
// that callers can test for.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ErrPrivateAddress is returned when a connection would go to an address that is not on the public internet.
var ErrPrivateAddress = errors.New("the address is in a private network")

// ErrNetwork is returned for networks other than TCP, such as Unix sockets.
var ErrNetwork = errors.New("only TCP connections are made")

const (
	connectTimeout = 10 * time.Second
	keepAlive      = 30 * time.Second
)

// Guard decides which addresses may be connected to. The zero value lets through public addresses only.
// A Guard may be used by many goroutines at once.
type Guard struct {
	// AllowPrivate switches the check off, for sites whose feed is inside their own network.
	AllowPrivate bool
	// Allow lists addresses that may be reached although they are private.
	Allow []netip.Prefix
	// Resolver looks names up. Nil is the system's own.
	Resolver *net.Resolver
}

// DialContext connects to addr over TCP, within 10 s or what is left of ctx. Each address that the name
// stands for is checked at the moment of connecting; a refused one is ErrPrivateAddress.
func (g Guard) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("connect by %s: %w", network, ErrNetwork)
	}
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: keepAlive, Resolver: g.Resolver, Control: g.control}
	return d.DialContext(ctx, network, addr)
}

// control runs between the making of the socket and its connect, with the number that was resolved.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address to connect to: %w", err)
	}
	return g.check(to.Addr())
}

func (g Guard) check(ip netip.Addr) error {
	if g.AllowPrivate || IsPublic(ip) {
		return nil
	}
	plain := ip.Unmap().WithZone("")
	for _, p := range g.Allow {
		if p.Contains(plain) {
			return nil
		}
	}
	return ErrPrivateAddress
}
