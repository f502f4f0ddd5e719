package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// A button is answered with a redirect whose address says what was done, in words of ours and
// an id: "did" and "about". Loading the page again does nothing again.

// did is a redirect's query.
func did(lane, what string, about int64) string {
	q := url.Values{"did": {what}, "about": {fmt.Sprint(about)}}
	if isLane(lane) {
		q.Set("in", lane)
	}
	return "?" + q.Encode()
}

// notice says what the last button did. Anything that is not one of our own words says
// nothing, and neither does a page that was not opened from one of ours, so that a link cannot
// put words into the desk's mouth. Browsers from before Sec-Fetch-Site are believed.
func notice(r *http.Request) *templates.Notice {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return nil
	}
	q := r.URL.Query()
	what, detail, _ := strings.Cut(q.Get("did"), ".")
	about := number(q.Get("about"))
	if about == 0 {
		return nil
	}
	switch what {
	case "replied":
		return &templates.Notice{Text: "The reply is on its way."}
	case "sorted":
		n := &templates.Notice{Text: "Sorted, and the sorter has learned it."}
		if slices.Contains(data.Categories[:], detail) {
			n.Action = fmt.Sprintf("/desk/conversation/%d/category", about)
			n.Label, n.Field, n.Value = "Back to "+detail, "category", detail
		}
		return n
	case "moved":
		return movedNotice(detail, about)
	case "issue":
		return issueNotice(detail)
	case "password":
		return &templates.Notice{Text: "Your password is changed. Your other sessions have ended."}
	case "nobody":
		return &templates.Notice{Text: "No subscriber has that address."}
	}
	return nil
}

func movedNotice(status string, about int64) *templates.Notice {
	words := map[string]string{
		"take": "It is yours.", "checking": "It is being checked.", "stood_up": "It stood up.",
		"spiked": "Spiked.", "done": "Done.", "new": "It is open again.",
	}
	text, ok := words[status]
	if !ok {
		return nil
	}
	n := &templates.Notice{Text: text}
	if status == "done" || status == "spiked" {
		n.Action = fmt.Sprintf("/desk/conversation/%d/status", about)
		n.Label, n.Field, n.Value = "Open it again", "status", "new"
	}
	return n
}

func issueNotice(move string) *templates.Notice {
	words := map[string]string{
		"approve": "Approved: it goes out when it is due.", "pause": "Paused: nothing more goes out until somebody resumes it.",
		"resume": "It goes on where it stopped.", "cancel": "Cancelled.",
	}
	if text, ok := words[move]; ok {
		return &templates.Notice{Text: text}
	}
	return nil
}
