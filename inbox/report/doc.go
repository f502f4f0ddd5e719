// Package report says whether a mail is a machine's word, and if so what it claims about our mail:
// a bounce, a delay, a complaint, an automatic reply, a request to unsubscribe, list mail.
//
// Its steps: complaint (RFC 5965), delivery report (RFC 3464), a bounce in words (the many servers
// that keep to no standard), automatic reply (RFC 3834 and what came before it), unsubscribe
// request, list mail; the first that fits names the kind. Each report names a recipient, what happened, the enhanced
// status, whether the address is to blame (hard), and a reason from a fixed set of words.
//
// It claims nothing about truth: any of this can be forged, so the intake acts on a report only
// where a signed token ties it to a delivery. It never fails; a mail that fits nothing is a message.
// When in doubt it is a message too: a tip taken for a bounce is lost, a bounce at the desk is only
// untidy.
package report
