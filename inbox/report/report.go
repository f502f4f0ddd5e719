package report

// The kinds of a mail.
const (
	KindMessage     = "message"     // a person's, or nothing that we know
	KindBounce      = "bounce"      // also delays and notices of delivery: see Action
	KindComplaint   = "complaint"   // a reader pressed "spam"
	KindAutoReply   = "auto_reply"  // absence notes, receipts, challenges
	KindUnsubscribe = "unsubscribe" // a mail whose only content is the wish to leave
	KindList        = "list"        // mailing lists and newsletters of others
	KindUnreadable  = "unreadable"  // no mail at all
)

// The actions of a report (RFC 3464, section 2.3.3, and complaint).
const (
	ActionFailed    = "failed"
	ActionDelayed   = "delayed"
	ActionDelivered = "delivered"
	ActionRelayed   = "relayed"
	ActionComplaint = "complaint"
)

// The classes of a report.
const (
	ClassHard = "hard" // the address does not work: unknown user or domain
	ClassSoft = "soft" // it may work another time, or it is about us
	ClassNone = "none" // nothing failed (yet)
)

// The reasons of a report. Only the first five say that the address is wrong.
const (
	ReasonUnknownUser = "unknown_user"
	ReasonUnknownHost = "unknown_host"
	ReasonBadAddress  = "bad_address"
	ReasonMoved       = "moved"
	ReasonDisabled    = "disabled" // known, but does not take mail now
	ReasonFull        = "full"     // mailbox over its quota
	ReasonRefused     = "refused"  // the recipient's own filter
	ReasonSpam        = "spam"
	ReasonBlocked     = "blocked" // our address, name or reputation
	ReasonAuth        = "auth"    // SPF, DKIM, DMARC, reverse name
	ReasonPolicy      = "policy"
	ReasonRelay       = "relay" // relaying denied
	ReasonRate        = "rate"  // too many, too fast
	ReasonSize        = "size"
	ReasonContent     = "content"
	ReasonNetwork     = "network"
	ReasonSystem      = "system" // the other side's disk, software, configuration
	ReasonLoop        = "loop"
	ReasonExpired     = "expired" // retried until time ran out
	ReasonComplaint   = "complaint"
	ReasonOther       = "other"
)

// Report is what a mail claims about one recipient of ours. Empty strings: it does not say.
type Report struct {
	Recipient string // as written, without angle brackets
	Original  string // the recipient as we wrote it, where the report tells it and it differs
	Action    string
	Status    string // enhanced status code (RFC 3463), "5.1.1"
	Class     string
	Reason    string
	Text      string // the other server's words, on one line, at most 1,000 characters
}

// AboutUs says that the failure is about us (our name, address, content) or the other server, not
// about the reader: it must suspend nobody and count on no ladder.
func (r Report) AboutUs() bool {
	switch r.Reason {
	case ReasonSpam, ReasonBlocked, ReasonAuth, ReasonPolicy, ReasonRelay, ReasonRate, ReasonSize, ReasonContent, ReasonSystem, ReasonLoop:
		return true
	}
	return false
}

// Finding is what Read found.
type Finding struct {
	Kind    string
	Reports []Report
	// MessageID is the identifier of the mail of ours that was returned, with angle brackets; it is
	// a claim until the signature in it is verified.
	MessageID string
	// ReturnedTo is whom the returned mail was for, by its own header.
	ReturnedTo []string
}
