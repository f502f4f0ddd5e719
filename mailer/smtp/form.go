package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/olomotimes/tipsheet/token"
)

// Form is a composed message with places in it for a reader's tokens. Each place is as long
// as what fills it, so that lines, soft breaks and the position of everything else stay as
// they are. It does not change once made and may be used by many goroutines.
type Form struct {
	composed []byte
	runs     map[string][]run
}

// run is a part of a marker that is not interrupted by a soft line break.
type run struct {
	at   int // in the message
	from int // in the marker
	len  int
}

// softBreak is how quoted-printable breaks a line that goes on (RFC 2045, section 6.7).
const softBreak = "=\r\n"

// NewForm finds every place of each marker in a message that Compose made. markers maps a
// name to its marker: token.Length characters of [a-z2-7], made up at random, best by
// token.Keys.Sign with other keys. A marker may be interrupted by soft line breaks. One that
// is nowhere, is the same as another, or is not of that form is an error.
func NewForm(composed []byte, markers map[string]string) (*Form, error) {
	f := &Form{composed: bytes.Clone(composed), runs: make(map[string][]run, len(markers))}
	for name, marker := range markers {
		if err := checkToken(marker); err != nil {
			return nil, fmt.Errorf("marker %s: %w", name, err)
		}
		for other, same := range markers {
			if other != name && same == marker {
				return nil, fmt.Errorf("marker %s: it is the same as %s", name, other)
			}
		}
		for at := 0; at < len(f.composed); {
			runs, next := f.match(at, marker)
			f.runs[name] = append(f.runs[name], runs...)
			at = next
		}
		if len(f.runs[name]) == 0 {
			return nil, fmt.Errorf("marker %s: it is nowhere in the message", name)
		}
	}
	return f, nil
}

// match returns the runs of the next place of marker from at on, and where to look further.
func (f *Form) match(at int, marker string) (runs []run, next int) {
	found := bytes.IndexByte(f.composed[at:], marker[0])
	if found < 0 {
		return nil, len(f.composed)
	}
	start := at + found
	at = start
	for done := 0; done < len(marker); {
		if done > 0 && bytes.HasPrefix(f.composed[at:], []byte(softBreak)) {
			at += len(softBreak)
			continue
		}
		same := 0
		for done+same < len(marker) && at+same < len(f.composed) && f.composed[at+same] == marker[done+same] {
			same++
		}
		if same == 0 {
			return nil, start + 1
		}
		runs = append(runs, run{at: at, from: done, len: same})
		done, at = done+same, at+same
	}
	return runs, at
}

// Fill returns a copy of the message with each marker overwritten by the value of its name,
// so that the decoded mail reads as if the value had stood there from the start. A value that
// is missing or is not token.Length characters of [a-z2-7] is a programmer's mistake that would
// give a reader a broken link: Fill panics.
func (f *Form) Fill(values map[string]string) []byte {
	filled := bytes.Clone(f.composed)
	for name, runs := range f.runs {
		value := values[name]
		if err := checkToken(value); err != nil {
			panic(fmt.Sprintf("smtp: fill %s: %v", name, err))
		}
		for _, r := range runs {
			copy(filled[r.at:], value[r.from:r.from+r.len])
		}
	}
	return filled
}

// checkToken refuses what would change the length or the encoding of a line.
func checkToken(s string) error {
	if len(s) != token.Length {
		return fmt.Errorf("it has %d characters, not %d", len(s), token.Length)
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return errors.New("it has a character outside a-z and 2-7")
	}
	return nil
}
