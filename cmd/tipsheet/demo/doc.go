// Package demo holds what `tipsheet demo` shows: the stories of an invented paper, the Harmattan Post,
// its subscribers, and the mail that its readers send.
//
// Its steps: Stories reads the embedded articles; Feed writes them as the Atom feed that Blogger would
// write, dated within the twenty hours before a given time; Handler serves that feed, the story pages
// and pictures drawn on the spot; Subscribers and Messages give the audience and thirty incoming mails,
// dated within the last eighteen hours. The package starts no server, opens no file and reaches no
// network; cmd/tipsheet wires it.
//
// Every person, company, party and office is invented, as are the states and towns that news is made
// in; known cities appear only as settings. Every address ends in a domain reserved for examples. All
// content is embedded and covered by the tests; should it be malformed all the same, that is a
// programmer's mistake, and the function that reads it panics with the name of the file.
package demo

// The demo's paper, for the configuration that cmd/tipsheet writes.
const (
	Paper    = "Harmattan Post"
	Contact  = "contact@harmattanpost.test" // the mailbox that all Messages are addressed to
	From     = "digest@harmattanpost.test"  // what readers know as the sender of digests
	TimeZone = "Africa/Lagos"
)
