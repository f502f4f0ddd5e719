package message

import (
	"fmt"
	"strings"
)

// part is one node of the tree of a mail.
type part struct {
	header      Header
	index       string
	kind        string // media type, lower case
	params      map[string]string
	disposition string
	name        string
	data        []byte // after transfer decoding; of a multipart: nothing
	children    []*part
	inReport    bool
}

// walker builds the tree and keeps the caps.
type walker struct {
	parts    int
	fields   int
	decoded  int
	eight    string
	warnings []string
}

func (w *walker) warn(sentence string) {
	if sentence == "" || len(w.warnings) >= 50 {
		return
	}
	for _, have := range w.warnings {
		if have == sentence {
			return
		}
	}
	w.warnings = append(w.warnings, sentence)
}

// walk reads one entity, header and body, at the given depth. kind is the media type where the
// entity names none (RFC 2046, section 5.1.5: message/rfc822 inside a digest).
func (w *walker) walk(entity []byte, index, kind string, depth int) *part {
	header, body, warning := scanHeader(entity, maxFields-w.fields)
	w.fields += len(header.fields)
	w.warn(warning)
	return w.build(header, body, index, kind, depth)
}

func (w *walker) build(header Header, body []byte, index, kind string, depth int) *part {
	w.parts++
	header.eight = w.eight
	p := &part{header: header, index: index}
	p.describe(kind)
	switch {
	case depth >= maxDepth && p.isContainer():
		w.warn(fmt.Sprintf("parts nested deeper than %d were not opened", maxDepth))
		p.data = w.decode(p, body)
	case strings.HasPrefix(p.kind, "multipart/"):
		w.openMultipart(p, body, depth)
	case p.isMessage():
		p.data = w.decode(p, body)
		if len(p.data) > 0 && w.parts < maxParts {
			p.children = []*part{w.walk(repair(p.data), index+"_1", "text/plain", depth+1)}
		}
	default:
		p.data = w.decode(p, body)
	}
	return p
}

// describe reads what the header says about the part.
func (p *part) describe(kind string) {
	p.kind, p.params = parseParams(p.header.Get("Content-Type"), p.header.eight)
	if !strings.Contains(p.kind, "/") {
		p.kind = kind
	}
	disposition, params := parseParams(p.header.Get("Content-Disposition"), p.header.eight)
	p.disposition = disposition
	for _, name := range []string{params["filename"], p.params["name"], p.params["filename"], params["name"]} {
		if name != "" {
			p.name = name
			return
		}
	}
}

func (p *part) isMessage() bool {
	return p.kind == "message/rfc822" || p.kind == "message/global" || p.kind == "message/news"
}

func (p *part) isContainer() bool { return p.isMessage() || strings.HasPrefix(p.kind, "multipart/") }

func (w *walker) openMultipart(p *part, body []byte, depth int) {
	boundary := strings.TrimRight(p.params["boundary"], " ")
	limit := maxParts - w.parts
	var pieces [][]byte
	found, whole := false, true
	if boundary != "" {
		pieces, found, whole = cutParts(body, boundary, limit)
	}
	if !found { // illegal, but seen: the multipart itself is encoded (RFC 2045, section 6.4)
		if decoded := w.decode(p, body); boundary != "" && len(decoded) != len(body) {
			pieces, found, whole = cutParts(decoded, boundary, limit)
		}
	}
	if !found {
		if boundary = guessBoundary(body); boundary != "" {
			w.warn("the boundary of a multipart is missing or wrong; it was guessed")
			pieces, _, whole = cutParts(body, boundary, limit)
		}
	}
	if !whole {
		w.warn(fmt.Sprintf("parts after the first %d were left out", maxParts))
	}
	if len(pieces) == 0 {
		w.warn("a multipart has no parts; its body is shown as text")
		p.kind, p.data = "text/plain", w.decode(p, body)
		return
	}
	kind := "text/plain"
	if p.kind == "multipart/digest" {
		kind = "message/rfc822"
	}
	for i, piece := range pieces {
		if w.parts >= maxParts {
			w.warn(fmt.Sprintf("parts after the first %d were left out", maxParts))
			return
		}
		child := w.walk(piece, fmt.Sprintf("%s_%d", p.index, i+1), kind, depth+1)
		child.inReport = p.kind == "multipart/report"
		p.children = append(p.children, child)
	}
}

// decode undoes the transfer encoding as far as the cap on decoded bytes allows. Decoding never
// makes a body longer, so the body itself is cut.
func (w *walker) decode(p *part, body []byte) []byte {
	if room := maxDecoded - w.decoded; len(body) > room {
		w.warn("more than 50 MB of parts; the rest was left out")
		body = body[:room]
	}
	data, warning := decodeTransfer(body, p.header.Get("Content-Transfer-Encoding"))
	w.warn(warning)
	w.decoded += len(data)
	return data
}

// leaves lists the parts without parts, in order.
func (p *part) leaves(out []Leaf) []Leaf {
	if len(p.children) == 0 {
		return append(out, Leaf{Index: p.index, Type: p.kind, Name: p.name, Data: p.data})
	}
	for _, c := range p.children {
		out = c.leaves(out)
	}
	return out
}
