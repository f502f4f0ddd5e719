package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// median is the middle one of the values; of an even number, the lower of the two.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}

// spread is the median with the least and the most.
func spread(all []float64, format string) string {
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf(format+" ["+format+".."+format+"]", median(all), slices.Min(all), slices.Max(all))
}

// value is a figure's median, as text; "-" where it was not measured, "n/a" where it cannot be.
func (b *bench) value(name string) (text string, number float64, ok bool) {
	if name == "rss_mb" {
		if b.large == nil {
			return "-", 0, false
		}
		return fmt.Sprintf("%.0f", b.large.peak), b.large.peak, true
	}
	source := name
	if name == "cpu" {
		source = "w32"
	}
	s := b.results[source]
	switch {
	case s == nil:
		return "-", 0, false
	case s.why != "":
		return "n/a", 0, false
	case len(s.values) == 0:
		return "-", 0, false
	}
	number = median(s.values)
	format := "%.2f"
	if name == "cpu" {
		number, format = median(s.cpu), "%.4f"
	}
	if number >= 10 {
		format = "%.1f"
	}
	return fmt.Sprintf(format, number), number, true
}

// orDash is a number, or "-" for one that there is not.
func orDash(format string, number float64) string {
	if number == 0 {
		return "-"
	}
	return fmt.Sprintf(format, number)
}

func (b *bench) print() {
	t := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nfigure\tmedian\tbound\t\tmails/s\tyardstick/s\tCPU-s/1000\tby CPU\tserver's\tpeak MB\twhat it is")
	for _, f := range figures {
		text, number, ok := b.value(f.name)
		if text == "-" {
			continue
		}
		bound, verdict := "", ""
		if f.bound > 0 {
			bound = map[bool]string{true: "≤ ", false: "≥ "}[f.most] + fmt.Sprint(f.bound)
			if ok {
				verdict = map[bool]string{true: "held", false: "MISSED"}[f.held(number)]
			}
		}
		if s := b.results[f.name]; s != nil {
			if len(s.values) > 0 {
				text = spread(s.values, "%.2f")
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.0f\t%s\t%.3f\t%s\t%.3f\t%.0f\t%s\n", f.name, text, bound, verdict,
				median(s.rates), orDash("%.0f", median(s.yards)), median(s.cpu), orDash("%.2f", median(s.byCPU)), median(s.sinkCPU), median(s.peak), f.about)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\t\t\t\t\t\t%s\n", f.name, text, bound, verdict, f.about)
	}
	t.Flush()
	if b.large != nil {
		fmt.Fprint(b.out, b.large)
	}
	fmt.Fprintln(b.out, b.lastLine())
}

// lastLine is what scripts read.
func (b *bench) lastLine() string {
	var all []string
	for _, f := range figures {
		if !f.extra {
			text, _, _ := b.value(f.name)
			all = append(all, f.name+"="+text)
		}
	}
	return "bench-mailer: " + strings.Join(all, " ")
}

// String is the large issue in sentences, one a line.
func (r *largeResult) String() string {
	var s strings.Builder
	say := func(what, value, bound string, held bool) {
		fmt.Fprintf(&s, "%s: %s (%s: %s)\n", what, value, bound, map[bool]string{true: "held", false: "MISSED"}[held])
	}
	fmt.Fprintf(&s, "an issue of %d: %.0f mails a second, %d sent\n", r.readers, r.rate, r.sent)
	say("peak of resident memory", fmt.Sprintf("%s; at %d deliveries %s", megabytes(r.peak), r.small, megabytes(r.peakSmall)), "flat, under 100 MB", r.peak < 100)
	say("first mail after the due time", r.first.Round(time.Millisecond).String(), "under 2s", r.first < 2*time.Second)
	if r.half {
		return s.String()
	}
	say(fmt.Sprintf("first mail after a start, the mailer before it having been killed at %d", r.killedAt), r.again.Round(time.Millisecond).String(), "under 2s", r.again < 2*time.Second)
	if r.repeated > 0 {
		fmt.Fprintf(&s, "sent again because they were uncertain: %d\n", r.repeated)
	}
	a := r.aside
	all := "all of them"
	if !a.FoldedAll {
		all = "the issue being sent was complete before the rest"
	}
	fmt.Fprintf(&s, "folded beside the sending: %d deliveries in %.0f s, %s; peak of memory %s\n", a.Folded, a.FoldSeconds, all, megabytes(r.peakAside))
	say("write transactions meanwhile", fmt.Sprintf("median %v, 99th percentile %v, worst %v of %d", round(a.Writes.P50), round(a.Writes.P99), round(a.Writes.Most), a.Writes.N),
		"99th percentile under 50ms", a.Writes.P99 < 50*time.Millisecond)
	fmt.Fprintf(&s, "a bare 4 KB write and fsync meanwhile: median %v, 99th percentile %v, worst %v of %d\n", round(a.Syncs.P50), round(a.Syncs.P99), round(a.Syncs.Most), a.Syncs.N)
	return s.String()
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
