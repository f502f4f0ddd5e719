package dial_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"golang.org/x/net/dns/dnsmessage"
)

// privateHosts must never be connected to. The last ones are names, which the test's DNS server
// answers the way an attacker would.
var privateHosts = []struct{ host, resolves string }{
	{host: "127.0.0.1"}, {host: "127.0.0.2"}, {host: "127.1.2.3"}, {host: "127.255.255.254"},
	{host: "0.0.0.0"}, {host: "0.1.2.3"}, {host: "10.0.0.1"}, {host: "10.255.255.255"},
	{host: "100.64.0.1"}, {host: "100.100.100.200"}, {host: "100.127.255.255"},
	{host: "169.254.0.1"}, {host: "169.254.169.254"}, {host: "169.254.170.2"},
	{host: "172.16.0.1"}, {host: "172.31.255.255"}, {host: "192.0.0.192"}, {host: "192.0.2.1"}, {host: "192.88.99.1"},
	{host: "192.168.0.1"}, {host: "192.168.255.255"}, {host: "198.18.0.1"}, {host: "198.19.255.255"},
	{host: "198.51.100.7"}, {host: "203.0.113.9"}, {host: "224.0.0.1"}, {host: "239.255.255.250"},
	{host: "240.0.0.1"}, {host: "255.255.255.255"},
	{host: "::"}, {host: "::1"}, {host: "::1%lo"}, {host: "::7f00:1"}, {host: "::ffff:127.0.0.1"}, {host: "::ffff:7f00:1"},
	{host: "::ffff:10.0.0.1"}, {host: "::ffff:169.254.169.254"}, {host: "::ffff:0:127.0.0.1"},
	{host: "64:ff9b::7f00:1"}, {host: "64:ff9b::10.0.0.1"}, {host: "64:ff9b::169.254.169.254"}, {host: "64:ff9b:1::1"},
	{host: "100::1"}, {host: "2001::1"}, {host: "2001:db8::1"}, {host: "2002:7f00:1::"}, {host: "2002:a00:1::1"}, {host: "3fff::1"},
	{host: "fc00::1"}, {host: "fd00:ec2::254"}, {host: "fe80::1%lo"}, {host: "fec0::1"}, {host: "ff02::1"},

	{"localhost.", "127.0.0.1"}, {"inside.example.com", "10.1.2.3"}, {"metadata.example.com", "169.254.169.254"},
	{"six.example.com", "fd00::1"}, {"mapped.example.com", "::ffff:127.0.0.1"}, {"translated.example.com", "64:ff9b::7f00:1"},
}

// oddNumbers are addresses to a C library. Go either looks them up as names or says that no name looks like that.
var oddNumbers = []struct{ host, resolves string }{
	{"2130706433", "127.0.0.1"}, {"0x7f000001", "127.0.0.1"}, {"017700000001", "127.0.0.1"}, {"0177.0.0.1", "127.0.0.1"},
	{"127.1", "127.0.0.1"}, {"0x7f.1", "127.0.0.1"}, {"0", "0.0.0.0"}, {"2852039166", "169.254.169.254"},
}

func TestPrivateAddressesAreNeverConnectedTo(t *testing.T) {
	if len(privateHosts)+len(oddNumbers) < 60 {
		t.Fatal("fewer than 60 addresses in the table")
	}
	names := map[string]netip.Addr{}
	for _, c := range append(privateHosts, oddNumbers...) {
		if c.resolves != "" {
			names[c.host] = netip.MustParseAddr(c.resolves)
		}
	}
	// A real listener on every loopback address: a hole in the guard would be an accepted connection.
	port, accepted := listenEverywhere(t)
	g := dial.Guard{Resolver: resolver(t, names)}
	try := func(host string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		conn, err := g.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
		if conn != nil {
			conn.Close()
		}
		return err
	}
	for _, c := range privateHosts {
		if err := try(c.host); !errors.Is(err, dial.ErrPrivateAddress) {
			t.Errorf("%s (%s): got %v, want ErrPrivateAddress", c.host, c.resolves, err)
		}
	}
	for _, c := range oddNumbers {
		var unknown *net.DNSError
		if err := try(c.host); !errors.Is(err, dial.ErrPrivateAddress) && !errors.As(err, &unknown) {
			t.Errorf("%s (%s): got %v", c.host, c.resolves, err)
		}
	}
	select {
	case from := <-accepted:
		t.Errorf("a connection from %s came through", from)
	default:
	}
}

func TestPublicAddressesPass(t *testing.T) {
	for _, s := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1", "2003::1",
	} {
		if !dial.IsPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	if dial.IsPublic(netip.Addr{}) {
		t.Error("no address at all counts as public")
	}
}

func TestAllowedPrivateAddressesAreReached(t *testing.T) {
	port, accepted := listenEverywhere(t)
	for _, g := range []dial.Guard{{AllowPrivate: true}, {Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}} {
		conn, err := g.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		<-accepted
		conn.Close()
	}
	g := dial.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	if _, err := g.DialContext(t.Context(), "tcp", "127.0.0.2:"+port); !errors.Is(err, dial.ErrPrivateAddress) {
		t.Errorf("an address that is not listed: %v", err)
	}
}

func TestOnlyTCPIsDialled(t *testing.T) {
	for _, network := range []string{"unix", "udp", "ip4:icmp", ""} {
		if _, err := (dial.Guard{AllowPrivate: true}).DialContext(t.Context(), network, "/run/x.sock"); !errors.Is(err, dial.ErrNetwork) {
			t.Errorf("%q: %v", network, err)
		}
	}
}

// listenEverywhere accepts connections to any address of this machine and reports where each came from.
func listenEverywhere(t *testing.T) (port string, accepted <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	listeners := []net.Listener{l}
	for _, ip := range []string{"127.0.0.2", "127.1.2.3", "::1"} {
		if l, err := net.Listen("tcp", net.JoinHostPort(ip, port)); err == nil {
			listeners = append(listeners, l)
		}
	}
	from := make(chan string, 100)
	for _, l := range listeners {
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				from <- fmt.Sprint(conn.RemoteAddr())
				conn.Close()
			}
		}()
	}
	return port, from
}

// resolver answers from names alone, over a DNS server in this process.
func resolver(t *testing.T, names map[string]netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n], names); reply != nil {
				server.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func answer(query []byte, names map[string]netip.Addr) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	name := q.Name.String()
	ip, ok := names[name[:len(name)-1]]
	if !ok {
		ip, ok = names[name]
	}
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
	switch {
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA && ip.Is4():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}}}
	case q.Type == dnsmessage.TypeAAAA && ip.Is6():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}
