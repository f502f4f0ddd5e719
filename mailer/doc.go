// Package mailer is what goes out: it finds closed issues and letters in the ledger, hands
// each of their deliveries to a relay, and writes down what the relay said.
//
// Its steps for one message: offer it (MAIL, RCPT, DATA, content, no dot); commit the intent,
// which is refused where the reader has left, the mailing is paused, or another worker has
// the claim; send the dot; commit the outcome. What was between intent and outcome when the
// process or the link died is uncertain, and is settled by the configured policy with the same
// bytes and the same Message-ID.
//
// When the ledger cannot be written, no dot is sent: no ledger, no mail. When a relay is down,
// it rests for a growing while, an alarm stands, and everything stays due.
package mailer
