package feed

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"golang.org/x/net/html"
)

const (
	smallest = 200 // pixels: a narrower picture is no more than a thumbnail
	icon     = 48  // pixels: what is not wider is an icon or an avatar
)

// bloggerSize is the part of a Blogger picture's address that says how large it is cut: /s72-c/ or =s72-c.
var bloggerSize = regexp.MustCompile(`[/=][sw](\d{2,4})(?:-[a-z0-9-]+)?(?:/|$)`)

// candidate is a picture that the feed offers, with the width it claims; 0 is unknown.
type candidate struct {
	address string
	width   int
}

// choose picks the story's picture: the widest of media:content, media:thumbnail and their like, else the first enclosure that is
// a picture, else the first picture in the text. Something known to be a mere thumbnail, such as the 72 pixels that
// Blogger offers, is taken only when there is nothing else.
func choose(r resolver, media []candidate, enclosure, inText string) string {
	var best, thumbnail candidate
	for _, c := range media {
		if m := bloggerSize.FindStringSubmatch(c.address); m != nil {
			c.width = number(m[1], 0)
		}
		switch {
		case !isWebAddress(r.absolute(c.address)), c.width > 0 && c.width <= icon:
		case c.width > 0 && c.width < smallest:
			if c.width > thumbnail.width {
				thumbnail = c
			}
		case best.address == "" || c.width > best.width:
			best = c
		}
	}
	for _, address := range []string{best.address, enclosure, inText, thumbnail.address} {
		if at := r.absolute(address); isWebAddress(at) {
			return at
		}
	}
	return ""
}

// mediaOf are the pictures among the Media RSS and iTunes elements of a story, also inside media:group.
func mediaOf(e ext.Extensions) (found []candidate) {
	media := e["media"]
	found = append(found, mediaIn(media)...)
	for _, group := range media["group"] {
		found = append(found, mediaIn(group.Children)...)
	}
	for _, i := range e["itunes"]["image"] {
		found = append(found, candidate{address: i.Attrs["href"]})
	}
	return found
}

func mediaIn(children map[string][]ext.Extension) (found []candidate) {
	for _, m := range children["content"] {
		if strings.HasPrefix(strings.ToLower(m.Attrs["type"]), "image/") || m.Attrs["medium"] == "image" || m.Attrs["type"] == "" && m.Attrs["medium"] == "" && hasPictureName(m.Attrs["url"]) {
			found = append(found, candidate{m.Attrs["url"], width(m.Attrs["width"])})
		}
		found = append(found, mediaIn(m.Children)...)
	}
	for _, m := range children["thumbnail"] {
		found = append(found, candidate{m.Attrs["url"], width(m.Attrs["width"])})
	}
	return found
}

func width(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "px"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func hasPictureName(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif":
		return true
	}
	return false
}

// isPicture is for enclosures, whose type is sometimes missing.
func isPicture(kind, address string) bool {
	kind = strings.ToLower(strings.TrimSpace(kind))
	return strings.HasPrefix(kind, "image/") || kind == "" && hasPictureName(address)
}

// picture is the address of an img element, or empty for what is not a picture of the story: counting pixels,
// smileys, and the blanks that wait for a script, unless the real address stands beside them.
func picture(t html.Token) string {
	if w, h := attribute(t, "width"), attribute(t, "height"); w != "" && width(w) <= 2 || h != "" && width(h) <= 2 {
		if w != "auto" && !strings.HasSuffix(w, "%") {
			return ""
		}
	}
	if strings.Contains(attribute(t, "class"), "smiley") || strings.Contains(attribute(t, "class"), "emoji") {
		return ""
	}
	for _, name := range []string{"src", "data-src", "data-lazy-src", "data-original"} {
		at := strings.TrimSpace(attribute(t, name))
		if at == "" || strings.HasPrefix(at, "data:") || strings.Contains(at, "/images/core/emoji/") || strings.Contains(at, "feeds.feedburner.com/~") {
			continue
		}
		return at
	}
	return ""
}
