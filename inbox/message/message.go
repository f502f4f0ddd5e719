package message

import (
	"time"
)

// Message is one parsed mail. Its JSON form is Wire. Strings are valid UTF-8 without NUL; the zero
// value of a field means that the mail does not say.
type Message struct {
	From       Address   // first address of From, else Sender
	To, Cc     []Address // as written, groups opened
	ReplyTo    []Address
	InReplyTo  string   // first identifier, with its angle brackets
	References []string // identifiers in order, with their angle brackets
	Subject    string   // decoded, on one line
	Date       time.Time
	MessageID  string // with its angle brackets

	Text    string // the readable text: text/plain, else the HTML as text
	NewText string // what this sender wrote: Text without quoted history and signature
	HTML    string // sanitised: no script, style, form or remote load

	Attachments []Attachment
	Original    Address // who wrote the mail that was forwarded here
	Warnings    []string
	Unreadable  bool // the bytes are no mail: empty or binary

	Header        Header // of the outermost message
	Type          string // media type of the outermost part, lower case
	AutoSubmitted string // RFC 3834 keyword, lower case; "" when absent or "no"
	Charset       string // how Text was decoded
	Lang          string // Content-Language, as written

	// The parts of a report (RFC 6522), after transfer decoding. The returned message or header is
	// found also outside of multipart/report, since many servers attach it to a plain multipart.
	ReportType      string // report-type of multipart/report, lower case
	DeliveryStatus  []byte // message/delivery-status (RFC 3464)
	FeedbackReport  []byte // message/feedback-report (RFC 5965)
	Disposition     []byte // message/disposition-notification (RFC 8098)
	ReturnedHeaders []byte // text/rfc822-headers, or the head of the returned message
	Returned        []byte // the whole returned message or header

	Leaves []Leaf // every part that has no parts, in order
}

// Address is one mailbox. Where the mail names somebody without an address, only Name is set.
type Address struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// IsZero says that there is no address.
func (a Address) IsZero() bool { return a.Name == "" && a.Address == "" }

// Attachment is one file of a mail. Name is the sender's word (never a path to write to) and may be
// empty; Type is the declared media type; SHA256 is lower-case hex of Data.
type Attachment struct {
	Name   string
	Type   string
	Size   int64
	SHA256 string
	Data   []byte
}

// Leaf is a part without parts. Index counts from 1 at each level ("1_2_1"), and Data is the body
// after transfer decoding, before any charset is applied.
type Leaf struct {
	Index string
	Type  string
	Name  string
	Data  []byte
}
