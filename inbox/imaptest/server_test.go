package imaptest_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/olomotimes/tipsheet/inbox/imaptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsDeliveredLiesThereWithItsDate(t *testing.T) {
	s, err := imaptest.Start(imaptest.Options{Username: "desk@example.org", Password: "long", Folders: []string{"Tips"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	raw, day := []byte("Subject: one\r\n\r\nbody\r\n"), time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	if err := s.Deliver(raw); err != nil {
		t.Fatal(err)
	}
	if err := s.Append("Tips", raw, day); err != nil {
		t.Fatal(err)
	}
	if err := s.Append("Nowhere", raw, day); err == nil {
		t.Error("append to a missing folder: no error")
	}
	if err := s.CreateFolder("Gossip"); err != nil {
		t.Error(err)
	}
	for folder, want := range map[string]int{"INBOX": 1, "Tips": 1, "Junk": 0, "Sent": 0, "Gossip": 0, "Nowhere": -1} {
		if got := s.Count(folder); got != want {
			t.Errorf("%s holds %d, want %d", folder, got, want)
		}
	}
	messages, err := s.Messages("Tips")
	if err != nil || len(messages) != 1 || !messages[0].Date.Equal(day) || messages[0].Seen || messages[0].Deleted {
		t.Errorf("Tips holds %+v, %v", messages, err)
	}
	if raws := s.RawMessages("INBOX"); len(raws) != 1 || !bytes.Equal(raws[0], raw) {
		t.Errorf("INBOX holds %q", raws)
	}
	if raws := s.RawMessages("Nowhere"); raws != nil {
		t.Errorf("a missing folder holds %q", raws)
	}
}

// ends reads until the far end closes the line.
func ends(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the line was not closed: %v", err)
	}
	conn.Close()
}

func dialPort(t *testing.T, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestCloseAndCutAllEndOpenLines(t *testing.T) {
	s, err := imaptest.Start(imaptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn := dialPort(t, s.Port())
	greeting := make([]byte, 4)
	if _, err := io.ReadFull(conn, greeting); err != nil || string(greeting) != "* OK" || s.Sessions() != 1 {
		t.Errorf("greeting %q, %v, %d sessions", greeting, err, s.Sessions())
	}
	s.CutAll()
	ends(t, conn)
	conn = dialPort(t, s.Port())
	if _, err := io.ReadFull(conn, greeting); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	ends(t, conn)

	scripted, err := imaptest.StartScripted(imaptest.Script{Mute: true})
	if err != nil {
		t.Fatal(err)
	}
	conn = dialPort(t, scripted.Port())
	for range 2 {
		if err := scripted.Close(); err != nil {
			t.Error(err)
		}
	}
	conn.Close()
}
