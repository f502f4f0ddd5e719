package slowlink

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

const delay = 10 * time.Millisecond

// echo answers each connection with its own bytes.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func open(t *testing.T) net.Conn {
	t.Helper()
	k, err := Listen(echo(t), delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", k.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRoundTripTakesTwiceTheDelay(t *testing.T) {
	c := open(t)
	quickest := time.Hour
	for i := range 10 {
		began := time.Now()
		if _, err := c.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 1)
		if _, err := io.ReadFull(c, got); err != nil || got[0] != byte(i) {
			t.Fatalf("got %v, %v", got, err)
		}
		took := time.Since(began)
		if took < 2*delay {
			t.Errorf("a round trip took %v", took)
		}
		quickest = min(quickest, took)
	}
	if quickest > 4*delay {
		t.Errorf("the quickest round trip took %v", quickest)
	}
}

func TestBytesArriveInOrderAndCostNoRoundTrips(t *testing.T) {
	c := open(t)
	sent := make([]byte, 20<<20)
	if _, err := rand.Read(sent); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	go func() {
		c.Write(sent)
		c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back of %d, or others", len(got), len(sent))
	}
	// A window of 64 KiB would take 320 round trips, over 6 s.
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("20 MiB took %v", took)
	}
}

func TestHangingUpArrives(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	k, err := Listen(l.Addr().String(), delay)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", k.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	far.Close()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other end has hung up: %v", err)
	}
}
