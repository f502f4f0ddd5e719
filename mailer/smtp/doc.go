// Package smtp is the wire to a relay: it composes a mail into bytes once, splices in what differs
// from reader to reader, signs it, and hands it over.
//
// The steps of one message are
//
//  1. Compose renders a complete RFC 5322 message, the same bytes for the same input.
//  2. NewForm takes it apart at the marks, once; Form.SignedBy brings it into its canonical form.
//  3. Form.Prepare splices one reader's values in and signs; Prepare is for bytes from elsewhere.
//  4. Dial opens a connection; go-mail does the greeting, TLS and the login.
//  5. Conn.Offer says MAIL, RCPT, DATA and the content, and stops in front of the final dot,
//     so that the caller can make its intent durable.
//  6. Conn.Dot ends the message and waits for the relay's answer; Conn.Abort gives it up.
//     Conn.Burst does 5 and 6 for several messages whose intents are all durable, with DATA or,
//     where the relay offers CHUNKING, with BDAT.
//
// From step 5 on the loop is ours: commands are written through the connection's buffered
// writer and replies are read and matched one by one, because go-mail neither pipelines nor
// lets a caller stop in front of the dot, and its own content writer costs most of the CPU.
//
// When something fails before the dot, the error says so and the message was certainly not
// handed over: RefusedError carries the relay's answer, an error that is ErrUnfit was found
// before a byte was written. When the link dies, LostError tells whether the dot may have
// been on the wire; only then is the outcome uncertain. After any surprise the connection is
// closed without a dot and Usable is false.
package smtp
