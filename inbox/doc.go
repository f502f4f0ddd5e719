// Package inbox is what comes in: every message of the watched mailboxes reaches the desk once,
// whatever it is, sorted and with the reasons.
//
// Its steps. For each mailbox one goroutine keeps a session, waits in INBOX for mail, and looks into all
// watched folders every minute regardless. What lies behind a folder's cursor is fetched in batches and
// committed raw, with the gaps and the cursor, before anything is made of it. Then one worker takes
// each stored message: it is parsed under a deadline, machine mail is set aside, an answer joins its
// conversation, everything else opens one with the sorter's verdict. Last, and only after that commit, the
// mailbox is tidied as configured: a move or a keyword, each a row that is made good later if it fails.
//
// When something fails. Flags, dates and Message-IDs decide nothing: a message is known by the SHA-256
// of its bytes, so it may be read twice and is kept once, after a crash at any step too. A message that
// breaks the connection becomes a gap, a row that is tried again and shown, and those behind it still come.
// What cannot be parsed is a card with what could be seen of it. A mailbox that cannot be read is tried again
// with a growing, jittered pause, and an alarm says in words whether it is the password, the line, the server
// or ourselves. When the database cannot be written nothing is moved and the cursor stays.
package inbox
