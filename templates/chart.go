package templates

import (
	"fmt"
	"strings"
)

// slice is one part of a bar: where it starts and how wide it is, in hundredths of the whole.
type slice struct {
	Tone string // good, bad, busy, quiet
	X, W string
}

// bar is a delivery bar with the sentence that says the same.
type bar struct {
	Slices []slice
	Words  string
}

// barOf draws a mailing's accounting. Before the close it has no slices.
func barOf(c Counts) bar {
	b := bar{Words: c.Words()}
	if c.Audience <= 0 {
		return b
	}
	at := 0.0
	add := func(tone string, n int) {
		if n <= 0 {
			return
		}
		w := 100 * float64(n) / float64(c.Audience)
		// A refusal among a million must still be seen.
		w = min(max(w, 0.8), 100-at)
		b.Slices = append(b.Slices, slice{tone, hundredths(at), hundredths(w)})
		at += w
	}
	add("good", c.Delivered())
	add("bad", c.Refused+c.GaveUp+c.Held+c.Uncertain)
	add("quiet", c.Skipped)
	add("busy", c.Deferred)
	return b
}

func hundredths(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// Delivered counts the deliveries that a relay has taken over, or that are assumed to be.
func (c Counts) Delivered() int { return c.Accepted + c.Assumed }

// Words says how far a mailing is: "1,268 of 1,284 delivered, 3 refused".
func (c Counts) Words() string {
	if c.Audience == 0 {
		return ""
	}
	var w []string
	w = append(w, fmt.Sprintf("%s of %s delivered", number(c.Delivered()), number(c.Audience)))
	for _, p := range []struct {
		n    int
		word string
	}{
		{c.Refused, "refused"}, {c.GaveUp, "given up"}, {c.Held, "held"}, {c.Uncertain, "uncertain"},
		{c.Skipped, "skipped"}, {c.Deferred, "to be tried again"},
	} {
		if p.n > 0 {
			w = append(w, number(p.n)+" "+p.word)
		}
	}
	return strings.Join(w, ", ")
}

// spark is a little line: the points of a polyline in a box of 120 by 28, and its last point.
type spark struct {
	Points       string
	LastX, LastY string
	Words        string
}

// sparkOf draws at least two values; fewer give nil.
func sparkOf(values []int) *spark {
	if len(values) < 2 {
		return nil
	}
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	span := float64(max(hi-lo, 1))
	var pts []string
	s := &spark{}
	for i, v := range values {
		s.LastX = hundredths(2 + 114*float64(i)/float64(len(values)-1))
		s.LastY = hundredths(25 - 22*float64(v-lo)/span)
		pts = append(pts, s.LastX+","+s.LastY)
	}
	s.Points = strings.Join(pts, " ")
	change := values[len(values)-1] - values[0]
	switch {
	case change > 0:
		s.Words = fmt.Sprintf("%s more in %d days", number(change), len(values)-1)
	case change < 0:
		s.Words = fmt.Sprintf("%s fewer in %d days", number(-change), len(values)-1)
	default:
		s.Words = fmt.Sprintf("as many as %d days ago", len(values)-1)
	}
	return s
}
