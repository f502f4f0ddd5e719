package main

import (
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer"
)

// sendingFigures are what the mailer of this process does.
func sendingFigures(page *metricsPage, f mailer.Figures) {
	var outcomes, open, rest, lanes []sample
	for _, r := range f.Relays {
		for _, w := range []data.Word{data.WordAccepted, data.WordDeferred, data.WordRefused, data.WordUncertain} {
			outcomes = append(outcomes, of(r.Outcomes[w], "relay", r.Name, "word", string(w)))
		}
		open = append(open, of(r.Connections, "relay", r.Name))
		rest = append(rest, of(r.Rest.Seconds(), "relay", r.Name))
		lanes = append(lanes, of(r.LanesShut, "relay", r.Name))
	}
	page.add(counter, "tipsheet_outcomes_total", "Attempts that have an outcome, by relay and word.", outcomes...)
	page.add(gauge, "tipsheet_relay_connections", "Connections that are open.", open...)
	page.add(gauge, "tipsheet_relay_rest_seconds", "How long a relay that could not be used is still left alone; 0: it works.", rest...)
	page.add(gauge, "tipsheet_relay_lanes_shut", "Recipient domains that a relay is spared for a while.", lanes...)
	c := f.Commits
	page.histogram("tipsheet_ledger_commit_seconds", "How long a commit of the ledger took.", c.Took)
	page.add(gauge, "tipsheet_ledger_commit_worst_seconds", "The longest that one took since the start.", of(c.Took.Worst))
	page.histogram("tipsheet_ledger_group_lines", "How many lines shared a commit.", c.Size)
	page.add(counter, "tipsheet_ledger_commits_failed_total", "Commits that failed; their lines are tried again.", of(c.Failed))
	page.add(gauge, "tipsheet_ledger_lines_waiting", "Lines that wait for their commit.", of(c.Waiting))
}

// process are the figures of this process as such, under the names that dashboards know.
func (m *metrics) process(page *metricsPage) {
	version := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version = b.Main.Version
	}
	var roles []sample
	for _, r := range m.roles {
		roles = append(roles, of(1, "role", r))
	}
	page.add(gauge, "tipsheet_build_info", "Which tipsheet this is.", of(1, "version", version, "go", runtime.Version()))
	page.add(gauge, "tipsheet_role", "The roles of the process that answers.", roles...)
	page.add(gauge, "process_start_time_seconds", "When the process began.", when(m.started)...)
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		spent := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		page.add(counter, "process_cpu_seconds_total", "Processor time.", of(spent.Seconds()))
	}
	if resident, ok := residentBytes(); ok {
		page.add(gauge, "process_resident_memory_bytes", "Memory that is resident.", of(resident))
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		page.add(gauge, "process_open_fds", "Open files and connections.", of(len(files)-1)) // less the folder itself
	}
	for _, one := range []struct{ kind, name, help, source string }{
		{gauge, "go_goroutines", "Goroutines.", "/sched/goroutines:goroutines"},
		{gauge, "go_memstats_heap_alloc_bytes", "Heap in use.", "/memory/classes/heap/objects:bytes"},
		{gauge, "go_memstats_sys_bytes", "Memory that the Go runtime has from the system.", "/memory/classes/total:bytes"},
		{counter, "go_gc_cycles_total", "Garbage collections.", "/gc/cycles/total:gc-cycles"},
	} {
		s := []runtimemetrics.Sample{{Name: one.source}}
		runtimemetrics.Read(s)
		if s[0].Value.Kind() == runtimemetrics.KindUint64 {
			page.add(one.kind, one.name, one.help, sample{v: float64(s[0].Value.Uint64())})
		}
	}
}

// residentBytes is Linux's count.
func residentBytes() (int, bool) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err == nil
}
