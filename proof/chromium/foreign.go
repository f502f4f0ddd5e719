package chromium

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A refuser is a proxy that lets nothing through and remembers who was asked for.
type refuser struct {
	listener net.Listener
	server   *http.Server
	served   chan error

	mu    sync.Mutex
	hosts []string
}

func startRefuser() (*refuser, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for what the browser wants from elsewhere: %w", err)
	}
	r := &refuser{listener: listener, served: make(chan error, 1)}
	r.server = &http.Server{Handler: http.HandlerFunc(r.refuse), ReadHeaderTimeout: 10 * time.Second}
	go func() { r.served <- r.server.Serve(listener) }()
	return r, nil
}

func (r *refuser) refuse(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.hosts = append(r.hosts, req.Host)
	r.mu.Unlock()
	http.Error(w, "nothing leaves this machine in a test", http.StatusBadGateway)
}

func (r *refuser) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.hosts...)
}

func (r *refuser) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts = nil
}

func (r *refuser) close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
