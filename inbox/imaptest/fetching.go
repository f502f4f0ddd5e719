package imaptest

import (
	"fmt"
	"strconv"
	"strings"
)

// A span is one range of a UID set; to zero is "*".
type span struct{ from, to uint32 }

func parseSet(text string) []span {
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, ":")
		s := span{number(from), number(from)}
		if isRange {
			s.to = number(to)
		}
		spans = append(spans, s)
	}
	return spans
}

func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0 // "*"
	}
	return uint32(n)
}

// holds also says yes for the last message where the range is open, as RFC 3501 wants.
func (s span) holds(uid, last uint32) bool {
	if s.to == 0 {
		return uid >= s.from || uid == last
	}
	return s.from <= uid && uid <= s.to
}

// EachMail calls f for each mail that the command's UID set names, with its sequence number.
func (e *Exchange) EachMail(f func(n int, m Mail)) {
	set, _, _ := strings.Cut(strings.TrimPrefix(e.Args, "UID "), " ")
	spans, last := parseSet(set), e.last()
	for i, m := range e.line.server.script.Mails {
		for _, s := range spans {
			if s.holds(m.UID, last) {
				f(i+1, m)
				break
			}
		}
	}
}

func (e *Exchange) search() {
	if i := strings.Index(e.Args, "UID "); i > 0 {
		e.Args = e.Args[i:]
	}
	found := "* SEARCH"
	e.EachMail(func(_ int, m Mail) { found += fmt.Sprintf(" %d", m.UID) })
	e.Say("%s", found)
	e.OK("done")
}

// Message sends the FETCH answer for one mail: UID, size and date first, the body last.
func (e *Exchange) Message(n int, m Mail) {
	e.Send(fmt.Sprintf("* %d FETCH (UID %d%s%s)\r\n", n, m.UID, e.facts(m), e.Body(m)))
}

func (e *Exchange) facts(m Mail) string {
	facts := ""
	if strings.Contains(e.Args, "RFC822.SIZE") {
		facts += fmt.Sprintf(" RFC822.SIZE %d", len(m.Raw))
	}
	if strings.Contains(e.Args, "INTERNALDATE") {
		facts += ` INTERNALDATE "17-Jul-2026 02:44:25 +0100"`
	}
	return facts
}

// Body is the body item that the command asks for, with its literal and a space before it, or nothing.
func (e *Exchange) Body(m Mail) string {
	_, asked, ok := strings.Cut(e.Args, "BODY.PEEK[]")
	if !ok {
		return ""
	}
	raw, section := string(m.Raw), "BODY[]"
	if piece, ok := strings.CutPrefix(asked, "<"); ok {
		piece, _, _ = strings.Cut(piece, ">")
		from, size, _ := strings.Cut(piece, ".")
		start := min(int(number(from)), len(raw))
		raw = raw[start:min(start+int(number(size)), len(raw))]
		section += "<" + from + ">"
	}
	return fmt.Sprintf(" %s {%d}\r\n%s", section, len(raw), raw)
}
