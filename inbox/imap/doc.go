// Package imap is the wire between the inbox and a mailbox: one Session speaks IMAP (RFC 3501, RFC 9051) to one
// server over one connection, and every use of the go-imap client is here.
//
// A session is used in steps: Dial (TCP, TLS, greeting, login), Folders, Select, then UIDsAfter or AllUIDs, Sizes, Fetch
// in batches and FetchOne where a batch breaks, Idle until something happens, and Move, Keyword, Append, CreateFolder
// for filing back. One goroutine uses a session at a time; only Close and Wake may be called from another. There is never more than
// one FETCH in flight.
//
// What keeps mail from being lost or passed over in silence:
//
//   - Only UID, RFC822.SIZE, INTERNALDATE and BODY.PEEK[] are asked for. ENVELOPE, BODYSTRUCTURE and FLAGS are not: one
//     badly quoted subject in them makes the library close the connection. \Seen is never set.
//   - A message is handed on only when as many bytes came as its literal announced and the command ended with OK.
//   - What was asked for and did not come is returned as missing; what came in an odd shape (UID after the body, a second
//     body under one UID, a body behind an unasked update for the same message) is matched by hand and handed on too.
//   - A move without the MOVE extension copies, looks at the answer, and only then flags; it expunges that one UID or nothing.
//
// The library knows no context and waits for ever on a silent server, so a watchdog stands beside every step. It
// closes the connection when the context ends or when nothing moved on the wire for Settings.Timeout. After that, as
// after any answer the library cannot read, the session is of no more use (Usable is false) and the caller dials again.
//
// Errors tell apart what the caller must do: ErrLogin (the password), ErrTLS (the certificate or the settings),
// ErrNetwork (try again later), ErrSilent (the server hangs), ErrProtocol (what it said cannot be read: fetch one by one,
// then park the message), *ServerError (it said NO or BAD; the session goes on). Their texts may hold the server's own words
// and with them addresses: show them at the desk, log only the kind.
package imap
