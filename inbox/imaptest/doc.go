// Package imaptest is a mail server that is not there: IMAP on loopback, for tests of the inbox and for tipsheet demo.
//
// Start gives an honest server: a mailbox in memory behind the go-imap server, with INBOX, Junk and Sent, that speaks IDLE, MOVE and
// UIDPLUS as far as its options leave them on. Deliver puts mail into it as a delivery would; Count and RawMessages look at the far end.
// UIDVALIDITY starts anew with each Start.
//
// StartScripted gives a server that lies: it answers the usual commands politely, and the ones named in its script as the script says.
// Ready-made lies: the UID behind the body, a line cut at the n-th byte, BYE, silence, doubled and zero UIDs, an ENVELOPE that no client can
// read, NIL for a body, NO.
//
// Both listen on 127.0.0.1 alone, import no testing, and free everything in Close. They fail only where they cannot listen.
package imaptest
