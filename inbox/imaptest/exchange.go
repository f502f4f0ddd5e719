package imaptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"strings"
)

// An Exchange is one command of a client and the answer being given.
type Exchange struct {
	Tag  string
	Verb string // in capitals, with UID where it leads: "UID FETCH"
	Args string // the rest of the line
	line *line
}

func newExchange(l *line, text string) *Exchange {
	tag, rest, _ := strings.Cut(text, " ")
	verb, args, _ := strings.Cut(rest, " ")
	verb = strings.ToUpper(verb)
	if verb == "UID" {
		var sub string
		sub, args, _ = strings.Cut(args, " ")
		verb += " " + strings.ToUpper(sub)
	}
	return &Exchange{Tag: tag, Verb: verb, Args: args, line: l}
}

// Say sends one line; CRLF is added.
func (e *Exchange) Say(format string, args ...any) {
	e.line.write(fmt.Sprintf(format, args...) + "\r\n")
}

// Send sends bytes as they are.
func (e *Exchange) Send(text string) { e.line.write(text) }

// OK ends the answer well.
func (e *Exchange) OK(text string) { e.Say("%s OK %s", e.Tag, text) }

// No ends the answer with a refusal; text may begin with a response code in brackets.
func (e *Exchange) No(text string) { e.Say("%s NO %s", e.Tag, text) }

// Cut cuts the line.
func (e *Exchange) Cut() { e.CutAfter(0) }

// CutAfter cuts the line once n more bytes were sent.
func (e *Exchange) CutAfter(n int) {
	e.line.limit = n
	if n == 0 {
		e.line.write("")
		e.line.cut = true
		e.line.conn.Close()
	}
}

// Hang says nothing until the client or the server closes the line.
func (e *Exchange) Hang() {
	for {
		if _, err := e.line.in.ReadByte(); err != nil {
			e.line.cut = true
			return
		}
	}
}

// Polite gives the usual answer, as far as an inbox needs one.
func (e *Exchange) Polite() {
	script := &e.line.server.script
	switch e.Verb {
	case "CAPABILITY":
		caps := script.Caps
		if _, secure := e.line.conn.(*tls.Conn); script.StartTLS != nil && !secure {
			caps += " STARTTLS"
		}
		e.Say("* CAPABILITY %s", caps)
		e.OK("done")
	case "STARTTLS":
		e.startTLS()
	case "AUTHENTICATE":
		e.authenticate()
	case "SELECT", "EXAMINE":
		e.Say("* FLAGS (\\Seen \\Deleted)")
		e.Say("* %d EXISTS", len(script.Mails))
		e.Say("* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] flags")
		e.Say("* OK [UIDVALIDITY %d] validity", script.UIDValidity)
		e.OK("[READ-WRITE] open")
	case "LIST":
		e.Say(`* LIST () "/" INBOX`)
		e.OK("done")
	case "STATUS":
		e.Say("* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY %d)", len(script.Mails), e.last()+1, script.UIDValidity)
		e.OK("done")
	case "UID SEARCH":
		e.search()
	case "UID FETCH":
		e.EachMail(func(n int, m Mail) { e.Message(n, m) })
		e.OK("done")
	case "IDLE":
		e.Say("+ idling")
		if _, err := e.line.in.ReadString('\n'); err == nil {
			e.OK("done")
		}
	case "LOGOUT":
		e.Say("* BYE")
		e.OK("bye")
	default:
		e.OK("done")
	}
}

func (e *Exchange) startTLS() {
	config := e.line.server.script.StartTLS
	if config == nil {
		e.Say("%s BAD unknown command", e.Tag)
		return
	}
	e.OK("begin")
	secured := tls.Server(e.line.conn, config)
	e.line.conn, e.line.in = secured, bufio.NewReader(secured)
}

func (e *Exchange) authenticate() {
	if _, initial, ok := strings.Cut(e.Args, " "); !ok || initial == "" {
		e.Say("+ ")
		if _, err := e.line.readCommand(); err != nil {
			return
		}
	}
	e.OK("welcome")
}

func (e *Exchange) last() uint32 {
	var last uint32
	for _, m := range e.line.server.script.Mails {
		last = max(last, m.UID)
	}
	return last
}
