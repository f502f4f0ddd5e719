package main

import (
	"net/http"
)

// healthz answers as long as the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n")) // a client that has gone away needs no answer
}

// readyz answers 200 when the database can be read and no alarm stands, else 503 with how many.
// It is for machines that need no login, so it names nothing.
func (p *paper) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	alarms, err := p.db.Alarms(r.Context())
	switch {
	case err != nil:
		p.log.Error("database could not be read", "error", err)
		http.Error(w, "database: cannot be read", http.StatusServiceUnavailable)
	case len(alarms) > 0:
		w.WriteHeader(http.StatusServiceUnavailable)
		for _, a := range alarms {
			w.Write([]byte("alarm: " + a.Kind + "\n"))
		}
	default:
		w.Write([]byte("ready\n"))
	}
}
