// Package smtptest has relays for the demo and for tests. They listen on this machine only,
// on a port that the system picks, and keep what they are given in memory.
//
// Start runs a well-behaved server on go-smtp, which can ask for a login, speak TLS, and give
// a verdict at each stage. StartScripted runs a raw one that does what no decent server would:
// it drops the link after the dot, answers rubbish, falls silent. NewCA makes certificates for
// them, good and bad ones.
//
// The package does not import testing, because the demo is linked into the program. When a
// server cannot start, the error says why; an accepted message is in Messages before its
// answer is sent.
package smtptest
