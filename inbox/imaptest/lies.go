package imaptest

import (
	"fmt"
	"strings"
)

// UIDBehindBody answers UID FETCH with the UID after the literal, where RFC 3501 allows it and few clients look.
func UIDBehindBody(e *Exchange) {
	e.EachMail(func(n int, m Mail) {
		e.Send(fmt.Sprintf("* %d FETCH (%s UID %d)\r\n", n, strings.TrimPrefix(e.Body(m), " "), m.UID))
	})
	e.OK("done")
}

// NoUID answers UID FETCH without any UID, which is wrong.
func NoUID(e *Exchange) {
	e.EachMail(func(n int, m Mail) { e.Send(fmt.Sprintf("* %d FETCH (%s)\r\n", n, strings.TrimPrefix(e.Body(m), " "))) })
	e.OK("done")
}

// CutAfter gives the polite answer and cuts the line at its n-th byte.
func CutAfter(n int) func(*Exchange) {
	return func(e *Exchange) {
		e.CutAfter(n)
		e.Polite()
	}
}

// Bye says BYE with the text and cuts the line.
func Bye(text string) func(*Exchange) {
	return func(e *Exchange) {
		e.Say("* BYE %s", text)
		e.Cut()
	}
}

// Silent says nothing.
func Silent(e *Exchange) { e.Hang() }

// Refuse says NO with the text.
func Refuse(text string) func(*Exchange) { return func(e *Exchange) { e.No(text) } }

// TwoBodies answers UID FETCH with a second, other body under each UID.
func TwoBodies(second []byte) func(*Exchange) {
	return func(e *Exchange) {
		e.EachMail(func(n int, m Mail) {
			e.Message(n, m)
			e.Message(n, Mail{UID: m.UID, Raw: second})
		})
		e.OK("done")
	}
}

// UpdateFirst sends a flag update with the UID before each message, as servers do when another program changes a flag.
func UpdateFirst(e *Exchange) {
	e.EachMail(func(n int, m Mail) {
		e.Say(`* %d FETCH (UID %d FLAGS (\Seen))`, n, m.UID)
		e.Message(n, m)
	})
	e.OK("done")
}

// SearchSays answers UID SEARCH with the given words, such as "0 3 3 1".
func SearchSays(words string) func(*Exchange) {
	return func(e *Exchange) {
		e.Say("* SEARCH %s", words)
		e.OK("done")
	}
}

// BadEnvelope sends an ENVELOPE with a quote inside quotes before the polite answer; go-imap closes the connection over it.
func BadEnvelope(e *Exchange) {
	e.Say(`* 1 FETCH (ENVELOPE (NIL "bad "quote"" NIL NIL NIL NIL NIL NIL NIL NIL))`)
	e.Polite()
}

// BadDate answers UID FETCH with an INTERNALDATE that is none, where one was asked for.
func BadDate(e *Exchange) {
	e.EachMail(func(n int, m Mail) {
		date := ""
		if strings.Contains(e.Args, "INTERNALDATE") {
			date = ` INTERNALDATE "yesterday"`
		}
		e.Send(fmt.Sprintf("* %d FETCH (UID %d%s%s)\r\n", n, m.UID, date, e.Body(m)))
	})
	e.OK("done")
}

// NilBody answers UID FETCH with NIL for each body.
func NilBody(e *Exchange) {
	e.EachMail(func(n int, m Mail) { e.Say("* %d FETCH (UID %d BODY[] NIL)", n, m.UID) })
	e.OK("done")
}

// HugeLiteral announces size bytes for each body and sends none.
func HugeLiteral(size int64) func(*Exchange) {
	return func(e *Exchange) {
		e.EachMail(func(n int, m Mail) { e.Send(fmt.Sprintf("* %d FETCH (UID %d BODY[] {%d}\r\n", n, m.UID, size)) })
		e.Hang()
	}
}
