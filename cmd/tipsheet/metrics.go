package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/dial"
	"github.com/olomotimes/tipsheet/web"
)

// Who may read /metrics.
const (
	metricsLoopback = "loopback"
	metricsAll      = "all"
	metricsOff      = "off"
)

const metricsTime = 8 * time.Second // to read the figures; Prometheus gives up after ten

// metrics answers /metrics with what each room offers: what is kept, out of the database, and
// what this process does itself. It names no address and no subject.
type metrics struct {
	*paper
	trusted []netip.Prefix
	started time.Time
	reading sync.Mutex // the figures are read for one at a time, however many ask
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.Web.Metrics == metricsOff:
		http.NotFound(w, r)
		return
	case m.Web.Metrics != metricsAll && !fromHere(r, m.trusted):
		http.Error(w, "Metrics are shown to this machine only: see web.metrics in the config.", http.StatusForbidden)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), metricsTime)
	defer cancel()
	page := m.page(ctx)
	w.Header().Set("Content-Type", metricsType)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(page.out.Bytes()) // a client that has gone away needs no answer
}

func (m *metrics) page(ctx context.Context) *metricsPage {
	m.reading.Lock()
	defer m.reading.Unlock()
	page := &metricsPage{}
	m.process(page)
	if m.sending != nil {
		sendingFigures(page, m.sending.Figures())
	}
	err := m.kept(ctx, page)
	if err != nil && ctx.Err() == nil {
		m.log.Error("the figures could not be read", "error", err)
	}
	page.add(gauge, "tipsheet_database_readable", "1 where all figures could be read from the database.", yes(err == nil))
	return page
}

// forwarding are headers that a proxy adds.
var forwarding = [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"}

// fromHere says whether a request was made on this machine. Behind a proxy that runs here too,
// everybody's comes from here: so one that was passed on counts only where a trusted proxy
// vouches for who made it, and one that was not must name this machine as its host, as a
// proxy's does not, nor a page's that has its name point here.
func fromHere(r *http.Request, trusted []netip.Prefix) bool {
	if !web.ClientAddress(r, trusted).IsLoopback() {
		return false
	}
	for _, name := range forwarding {
		if r.Header.Get(name) != "" {
			return r.Header.Get("X-Forwarded-For") != "" && isTrusted(r.RemoteAddr, trusted)
		}
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return dial.IsLoopback(strings.Trim(host, "[]"))
}

func isTrusted(remote string, trusted []netip.Prefix) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range trusted {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

func validMetrics(who string) error {
	switch who {
	case metricsLoopback, metricsAll, metricsOff:
		return nil
	}
	return fmt.Errorf("metrics: %q is not one of loopback, all, off", who)
}
