package main

import (
	"net/http"
)

// healthz answers as long as the process lives. It is for who restarts it, or sends readers to it.
func healthz(w http.ResponseWriter, _ *http.Request) {
	plain(w)
	w.Write([]byte("ok\n")) // a client that has gone away needs no answer
}

// readyz answers 200 when the database can be read and no alarm stands, else 503 with a line
// for each alarm. It is for who calls a person: pages are served well while an alarm stands. It
// needs no login, so it says of what kind an alarm is and not what it is about.
func (p *paper) readyz(w http.ResponseWriter, r *http.Request) {
	plain(w)
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

func plain(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
}
