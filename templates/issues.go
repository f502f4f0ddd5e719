package templates

import "time"

// Counts is the accounting of a mailing: each delivery once, by its strongest word.
type Counts struct {
	Audience  int // frozen; 0 before the close
	Accepted  int
	Assumed   int
	Refused   int
	GaveUp    int
	Skipped   int
	Held      int
	Uncertain int
	Deferred  int // will be tried again
	Open      int // not tried yet
	LeftOut   int // active at the close, but not in the audience
}

// IssueRow is one issue in the list.
type IssueRow struct {
	ID         int64
	Newsletter string
	Subject    string // empty: "no subject yet"
	Due        time.Time
	State      string // as data calls it: draft, awaiting_approval, closing, closed, sending, paused, complete, skipped, merged, held, cancelled
	Reason     string // why it is skipped, merged, held or paused
	Stories    int
	Readers    int // of a draft: who would get it now
	Counts     Counts
}

// Issues lists issues: what is coming first, then what went out.
type Issues struct {
	Desk   Desk
	Coming []IssueRow
	Past   []IssueRow
	Older  string
}

// IssueStory is one story of an issue.
type IssueStory struct {
	ID      int64
	Title   string
	Link    string
	Section string
	Lead    bool
	Hidden  bool
}

// Outcome is a group of deliveries that met the same fate.
type Outcome struct {
	Word string // refused, gave_up, skipped, held, uncertain, deferred, left_out
	Text string // the relay's words or our reason
	Code string // "550 5.1.1"; may be empty
	N    int
}

// Issue is one issue. Its buttons post to /desk/issues/ID/MOVE.
type Issue struct {
	Desk         Desk
	Row          IssueRow
	Preheader    string
	Closes       time.Time // zero: already closed
	Stories      []IssueStory
	Outcomes     []Outcome
	WaitingUntil time.Time // the last retry; zero: none
	Moves        []string  // approve, pause, resume, cancel, in order
	PreviewURL   string    // the mail itself, for a sandboxed frame; empty: nothing to show
	TextURL      string    // its text part; may be empty
}

// issueLine is one row of the list with the page's clock.
type issueLine struct {
	Now time.Time
	Row IssueRow
}

// Row joins an issue with the page's clock.
func (p Issues) Row(r IssueRow) issueLine { return issueLine{p.Desk.Now, r} }

// Title is the subject, or what stands for one that has none.
func (r IssueRow) Title() string {
	switch {
	case r.Subject != "":
		return r.Subject
	case r.State == "skipped", r.State == "merged", r.State == "cancelled":
		return "No issue"
	}
	return "No subject yet"
}

// Sentence says what happens, or happened, to the issue, in the words of the desk.
func (r IssueRow) Sentence(now time.Time) string {
	due := when(now, r.Due)
	to := ""
	if n := max(r.Readers, r.Counts.Audience); n > 0 {
		to = " to " + count(n, "reader", "readers")
	}
	switch r.State {
	case "draft":
		return withStories("Sends"+to+" "+due, r.Stories)
	case "awaiting_approval":
		return withStories("Sends"+to+" "+due+", once somebody approves it", r.Stories)
	case "closing":
		return "Closing: its words and its readers are being fixed"
	case "closed":
		return "Closed. Sends" + to + " " + due
	case "sending":
		if r.Counts.Open == 0 && r.Counts.Deferred > 0 {
			return "Sent, " + number(r.Counts.Deferred) + " still waiting for another try"
		}
		return "Sending now: " + number(r.Counts.Open) + " still to go"
	case "paused":
		return because("Paused, "+number(r.Counts.Open)+" still to go", r.Reason)
	case "complete":
		return withStories("Sent to "+number(r.Counts.Delivered())+" of "+count(r.Counts.Audience, "reader", "readers"), r.Stories)
	case "skipped":
		return because("Not sent", r.Reason)
	case "merged":
		return because("Not sent; its stories went into the next issue", r.Reason)
	case "held":
		return because("Held for a person", r.Reason)
	case "cancelled":
		return because("Cancelled", r.Reason)
	}
	return r.Reason
}

func withStories(s string, n int) string {
	if n == 0 {
		return s
	}
	return s + " · " + count(n, "story", "stories")
}

func because(s, reason string) string {
	if reason == "" {
		return s
	}
	return s + ": " + reason
}
