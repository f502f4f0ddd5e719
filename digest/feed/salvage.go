package feed

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	storyStart = regexp.MustCompile(`(?i)<((?:[a-z][\w.-]*:)?(?:item|entry))(?:\s[^<>]*)?>`)
	channelEnd = regexp.MustCompile(`(?i)</(?:[a-z][\w.-]*:)?channel\s*>`)
)

// salvage reads a feed that is broken somewhere: the head by itself, then each story by itself between the head's
// first tags and the root's end. Stories that are broken, such as the last one of a feed that was cut off, are left out. It fails where not
// one story can be read, with the words of the reader about the whole.
func (s source) salvage(doc string, cause error) (Feed, error) {
	starts := storyStart.FindAllStringSubmatchIndex(doc, MaxItems+1)
	head, tail := doc[:strings.LastIndexByte(doc, '<')], "</"+s.root+">"
	if len(starts) > 0 {
		head = doc[:starts[0][0]]
	}
	feed, err := s.readXML(head + tail)
	if len(starts) == 0 {
		if err != nil || feed.Title == "" && feed.Link == "" {
			return Feed{}, cause
		}
		feed.Warnings = append(feed.Warnings, "the feed is broken or cut off before its first story")
		return feed, nil
	}
	if err != nil {
		// The head is what is broken: its first tag carries the namespaces that the stories need.
		head = doc[:tagEnd(doc)]
		if feed, err = s.readXML(head + tail); err != nil {
			return Feed{}, cause
		}
	}
	// A story needs the first tag only; the whole head again for each would take time.
	frame := doc[:tagEnd(doc)]
	if feed.Link != "" {
		s.base = feed.Link
	}
	if !channelEnd.MatchString(head) && isChannelRoot(s.root) {
		frame += "<channel>"
	}
	lost := 0
	for i, at := range starts[:min(len(starts), MaxItems)] {
		stop := len(doc)
		if i+1 < len(starts) {
			stop = starts[i+1][0]
		}
		story := doc[at[0]:stop]
		end := strings.Index(strings.ToLower(story), "</"+strings.ToLower(doc[at[2]:at[3]]))
		if end < 0 {
			lost++
			continue
		}
		one, err := s.readXML(frame + story[:end] + "</" + doc[at[2]:at[3]] + ">" + tail)
		if err != nil || len(one.Items) == 0 {
			lost++
			continue
		}
		feed.Items = append(feed.Items, one.Items...)
	}
	if len(feed.Items) == 0 {
		return Feed{}, cause
	}
	if lost > 0 {
		feed.Warnings = append(feed.Warnings, fmt.Sprintf("the feed is broken or cut off; %d of its stories could not be read", lost))
	} else {
		feed.Warnings = append(feed.Warnings, "the feed is broken or cut off; all stories in it could be read")
	}
	return feed, nil
}

func isChannelRoot(root string) bool { return strings.HasSuffix(strings.ToLower(root), "rss") }
