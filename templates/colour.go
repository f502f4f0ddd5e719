package templates

import (
	"fmt"
	"math"
)

// colour is an opaque sRGB colour.
type colour struct{ r, g, b uint8 }

// The colours that an accent is read on. They repeat the style sheets' card and paper; a test
// compares them.
var (
	houseAccent = colour{0xa3, 0x22, 0x1b}
	houseDark   = colour{0xf0, 0x8c, 0x82} // the house red by night
	white       = colour{0xff, 0xff, 0xff}
	black       = colour{0, 0, 0}
	lightHover  = colour{0xf4, 0xf1, 0xea}
	darkCard    = colour{0x1d, 0x1c, 0x19}
	darkHover   = colour{0x25, 0x23, 0x1f}
)

const (
	// minContrast is WCAG 2.2, 1.4.3 (AA) for text of any size.
	minContrast = 4.5
	// darkContrast is what an accent gets on dark ground, where the bare minimum looks dull.
	darkContrast = 6.5
)

// parseColour reads exactly #rrggbb.
func parseColour(s string) (colour, bool) {
	if len(s) != 7 || s[0] != '#' {
		return colour{}, false
	}
	var v [3]uint8
	for i := range v {
		hi, ok1 := hexDigit(s[1+2*i])
		lo, ok2 := hexDigit(s[2+2*i])
		if !ok1 || !ok2 {
			return colour{}, false
		}
		v[i] = hi<<4 | lo
	}
	return colour{v[0], v[1], v[2]}, true
}

func hexDigit(c byte) (uint8, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is WCAG's relative luminance, 0 to 1.
func (c colour) luminance() float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.r) + 0.7152*lin(c.g) + 0.0722*lin(c.b)
}

// contrast is WCAG's ratio between two colours, 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

// onLight is c darkened until it reads on a light ground at AA; one that already does is unchanged.
func (c colour) onLight(ground colour) colour { return c.moved(black, ground, minContrast) }

// onDark is c lightened until it reads well on a dark ground. The house red has its own.
func (c colour) onDark(ground colour) colour {
	if c == houseAccent {
		return houseDark
	}
	return c.moved(white, ground, darkContrast)
}

func (c colour) moved(to, ground colour, ratio float64) colour {
	for step := range 50 {
		if m := c.mix(to, float64(step)/50); contrast(m, ground) >= ratio {
			return m
		}
	}
	return to
}

// mix is c with a share (0 to 1) of other.
func (c colour) mix(other colour, share float64) colour {
	f := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-share) + float64(b)*share)) }
	return colour{f(c.r, other.r), f(c.g, other.g), f(c.b, other.b)}
}
