package data

import "time"

// A Word is what became of a delivery, by its strongest attempt.
type Word string

// The words of the ledger. Open, Deferred and Uncertain are not final.
const (
	WordOpen      Word = "open"
	WordDeferred  Word = "deferred"
	WordUncertain Word = "uncertain" // the final dot may have been on the wire, and nobody knows the answer
	WordAccepted  Word = "accepted"
	WordAssumed   Word = "assumed"
	WordRefused   Word = "refused"
	WordGaveUp    Word = "gave_up"
	WordSkipped   Word = "skipped"
	WordHeld      Word = "held"
)

// Rulings that are no word of a delivery: another attempt follows each of them.
const (
	rulingResend    Word = "resend"
	rulingWithdrawn Word = "withdrawn"
)

// An Intent is written right before the final dot of a message: from then on it may have
// been handed over.
type Intent struct {
	Delivery
	Relay string
	// Dot is how long the answer to the dot may take. The lease must outlive it.
	Dot time.Duration
}

// A Verdict is the answer to an Intent. The dot may be sent only where Go is true.
type Verdict struct {
	Go      bool
	Skipped string // a final reason, now written down: left, cancelled, accepted before
	// Lost: another worker has the claim by now; nothing was written.
	Lost bool
}

// An Outcome is what a relay said, or why the link was lost before the dot.
type Outcome struct {
	Delivery
	Word     Word // accepted, deferred or refused
	Relay    string
	Step     string
	Code     int
	Enhanced string
	Text     string
	RetryAt  time.Time // deferred: when the next attempt is due
}

// A Policy says how an uncertain delivery is settled.
type Policy string

// The policies. Resend loses nobody and may repeat; Hold asks a person; Assume counts it as
// accepted.
const (
	PolicyResend Policy = "resend"
	PolicyHold   Policy = "hold"
	PolicyAssume Policy = "assume-sent"
)
