package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// MaxOutlines is how many feeds one list may name.
	MaxOutlines = 1000

	maxOutlineTitle = 200 // characters
)

// An Outline is one feed of a list of feeds.
type Outline struct {
	Title string // plain text; may be empty
	Feed  string // its address
	Site  string // the site it belongs to; may be empty
}

// ReadOPML reads the list of feeds that other readers export (OPML 1.0 to 2.0), folders and all, in its order, each address once. It
// fails, with a sentence for an editor, on what is no such list; a list without a feed is an error too.
// Warnings say what was passed over.
func ReadOPML(body []byte) (list []Outline, warnings []string, err error) {
	text, _ := decode(body, "")
	d := xml.NewDecoder(strings.NewReader(cleanXML(text)))
	d.Strict, d.Entity, d.CharsetReader = false, xml.HTMLEntity, asItIs
	root, odd := "", 0
	seen := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, &NotFeedError{Kind: List, Err: err}
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root == "" {
			if root = strings.ToLower(e.Name.Local); root != "opml" {
				return nil, nil, &NotFeedError{Kind: List, Err: fmt.Errorf("the first element is %.20q", root)}
			}
		}
		o, is := outline(e)
		switch {
		case !is || seen[CanonicalURL(o.Feed)]:
			continue
		case !isWebAddress(o.Feed) || len(o.Feed) > maxAddress:
			odd++
			continue
		case len(list) == MaxOutlines:
			return nil, nil, &NotFeedError{Kind: List, Err: fmt.Errorf("it names more than %d feeds", MaxOutlines)}
		}
		seen[CanonicalURL(o.Feed)] = true
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, nil, &NotFeedError{Kind: List, Err: errors.New("it names no feed")}
	}
	if odd > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of its feeds were passed over: their addresses are not web addresses", odd))
	}
	return list, warnings, nil
}

// asItIs is for text that is UTF-8 already, whatever its declaration says.
func asItIs(_ string, in io.Reader) (io.Reader, error) { return in, nil }

// outline reads an outline that names a feed. Attributes are matched without regard to case, since writers differ.
func outline(e xml.StartElement) (o Outline, is bool) {
	if !strings.EqualFold(e.Name.Local, "outline") {
		return o, false
	}
	title, text := "", ""
	for _, a := range e.Attr {
		switch value := strings.TrimSpace(a.Value); strings.ToLower(a.Name.Local) {
		case "xmlurl":
			o.Feed = value
		case "htmlurl":
			if isWebAddress(value) {
				o.Site = value
			}
		case "title":
			title = value
		case "text":
			text = value
		}
	}
	o.Title = plainLine(first(title, text), maxOutlineTitle)
	return o, o.Feed != ""
}

type opml struct {
	XMLName  xml.Name      `xml:"opml"`
	Version  string        `xml:"version,attr"`
	Title    string        `xml:"head>title"`
	Outlines []opmlOutline `xml:"body>outline"`
}

type opmlOutline struct {
	Type string `xml:"type,attr"`
	Text string `xml:"text,attr"`
	Feed string `xml:"xmlUrl,attr"`
	Site string `xml:"htmlUrl,attr,omitempty"`
}

// WriteOPML writes a list of feeds that ReadOPML and other readers read (OPML 2.0). A feed without a title is shown by its address.
func WriteOPML(title string, list []Outline) ([]byte, error) {
	doc := opml{Version: "2.0", Title: title}
	for _, o := range list {
		doc.Outlines = append(doc.Outlines, opmlOutline{Type: "rss", Text: first(o.Title, o.Feed), Feed: o.Feed, Site: o.Site})
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return nil, fmt.Errorf("write the list of feeds: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
