package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
)

// A metricsPage is written in Prometheus' text format, version 0.0.4. A family without samples
// is left out.
type metricsPage struct{ out bytes.Buffer }

const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// The kinds of families.
const (
	counter = "counter"
	gauge   = "gauge"
)

// A sample is one value, with labels as pairs of name and value.
type sample struct {
	v      float64
	labels []string
}

func of[N int | int64 | float64](v N, labels ...string) sample { return sample{float64(v), labels} }

// when is a time as a sample: none where it is the zero time.
func when(t time.Time, labels ...string) []sample {
	if t.IsZero() {
		return nil
	}
	return []sample{{float64(t.UnixMilli()) / 1000, labels}}
}

func yes(b bool, labels ...string) sample {
	if b {
		return sample{1, labels}
	}
	return sample{0, labels}
}

func (p *metricsPage) add(kind, name, help string, all ...sample) {
	if len(all) == 0 {
		return
	}
	p.head(kind, name, help)
	for _, s := range all {
		p.line(name, s)
	}
}

func (p *metricsPage) histogram(name, help string, h data.Histogram) {
	p.head("histogram", name, help)
	n := int64(0)
	for i, c := range h.Counts {
		n += c
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		p.line(name+"_bucket", of(n, "le", number64(bound)))
	}
	p.line(name+"_sum", of(h.Sum))
	p.line(name+"_count", of(n))
}

func (p *metricsPage) head(kind, name, help string) {
	help = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)
	fmt.Fprintf(&p.out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p *metricsPage) line(name string, s sample) {
	p.out.WriteString(name)
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	for i := 0; i+1 < len(s.labels); i += 2 {
		p.out.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&p.out, `%s="%s"`, s.labels[i], escape.Replace(strings.ToValidUTF8(s.labels[i+1], "\uFFFD")))
	}
	if len(s.labels) > 0 {
		p.out.WriteByte('}')
	}
	p.out.WriteString(" " + number64(s.v) + "\n")
}

func number64(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
