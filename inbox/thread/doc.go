// Package thread reads from a mail which conversation it may belong to: the identifiers it answers,
// and its base subject. It decides nothing: identifiers and subjects are the sender's word, so the
// intake joins only on identifiers that we signed or that the sender already took part in, and a base
// subject is a suggestion. It cannot fail; a mail that says nothing gives nothing.
package thread
