package smtpsink

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
)

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// listens says whether a socket of this machine listens on the loopback port.
func listens(port int) (bool, error) {
	const listening = "0A" // TCP_LISTEN
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return false, fmt.Errorf("look for the port: %w", err)
	}
	want := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasSuffix(f[1], want) && f[3] == listening {
			return true, nil
		}
	}
	return false, nil
}

// said keeps the first words of a process.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

const mostSaid = 4 << 10 // bytes that are kept

// Write keeps what there is room for.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p[:min(len(p), max(mostSaid-s.text.Len(), 0))])
	return len(p), nil
}

// String is what it said.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(s.text.String())
}
