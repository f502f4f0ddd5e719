package mailer

import (
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	firstRetry = 7*time.Minute + 30*time.Second
	lastRetry  = 4 * time.Hour
)

// retryAfter is how long after its n-th attempt a deferred delivery waits: 7.5 minutes,
// doubling to at most 4 hours.
func retryAfter(n int) time.Duration {
	wait := firstRetry
	for i := 1; i < n && wait < lastRetry; i++ {
		wait *= 2
	}
	return min(wait, lastRetry)
}

// judge is the word for a relay's answer. Whatever is neither a yes nor a final no is tried
// again.
func judge(r smtp.Reply) data.Word {
	switch {
	case r.Accepted():
		return data.WordAccepted
	case r.Refused():
		return data.WordRefused
	}
	return data.WordDeferred
}

// aboutReader says whether a final no is about this reader's address: 5.1.1 to 5.1.6 and 5.2.x
// (RFC 3463), or no code at all at RCPT. The others are about us or about the mail.
func aboutReader(r smtp.Reply) bool {
	switch {
	case strings.HasPrefix(r.Enhanced, "5.1.7"), strings.HasPrefix(r.Enhanced, "5.1.8"):
		return false // the sender's address
	case strings.HasPrefix(r.Enhanced, "5.1."), strings.HasPrefix(r.Enhanced, "5.2."):
		return true
	}
	return r.Enhanced == "" && r.Step == smtp.StepRcpt
}

// AboutReader says whether a relay's final no, as the ledger has it, is about the reader's
// address. Others are about the sender or about the mail.
func AboutReader(l data.LedgerLine) bool {
	return aboutReader(smtp.Reply{Step: smtp.Step(l.Step), Code: l.Code, Enhanced: l.Enhanced})
}
