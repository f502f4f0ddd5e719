// Package message turns the raw bytes of one mail into a Message: who wrote, what, when, with
// which files, and what of the text is new.
//
// Its steps: repair what surrounds the mail (mbox line, byte order mark, bare CR); read the header;
// walk the parts into a tree; undo transfer encodings and charsets; pick text, HTML and
// attachments; find what the sender wrote and whom a forwarded mail came from.
//
// It stands on emersion/go-message for address lists, dates, transfer encodings and charsets. Each
// of these is asked first and answers most mail; where it refuses (a header line without a colon, a
// truncated base64 body, an unknown charset) a lenient reader of our own takes over. The walk over
// the parts is our own on purpose: it cuts the bytes in place, so that its cost is linear and its
// caps are exact.
//
// There is no mail that cannot be parsed, only a poorer Message: Parse never fails, never panics and
// is bounded (see the limits below). What was lost or guessed is a sentence in Warnings. Bytes that
// are no mail at all give a Message with Unreadable set.
package message

// Version is raised whenever Parse would answer differently, so that what is stored can be read
// again by the better parser.
const Version = 1

// The limits of one Parse. What lies beyond is left out, and Warnings says so.
const (
	maxDepth       = 50       // multiparts and messages inside one another
	maxParts       = 1000     // parts in all
	maxDecoded     = 50 << 20 // bytes of all parts together, after transfer decoding
	maxHeader      = 256 << 10
	maxFields      = 100000  // header fields of all parts together: each costs far more memory than its bytes
	maxAddressText = 8 << 10 // bytes of a header field handed to address parsing
	maxAddresses   = 500     // addresses kept of one field
	maxText        = 2 << 20 // bytes of readable text or HTML looked at
	maxNewText     = 256 << 10
	maxReferences  = 1000 // identifiers read from one References field
)
