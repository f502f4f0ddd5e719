package smtptest

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
)

// command does what one line asks for. It returns false when the connection is over.
func (c *scriptedConn) command(verb, line string) bool {
	call := Call{Command: verb, Line: line}
	switch verb {
	case "EHLO", "HELO":
		return c.answer(call, c.hello())
	case "STARTTLS":
		if !c.answer(call, "220 go ahead") {
			return false
		}
		c.secure = true
		c.use(tls.Server(c.raw, c.server.script.TLSConfig))
		return true
	case "MAIL":
		c.message++
		c.from, c.to = between(line), nil
		goesOn := c.answer(call, "250 2.1.0 sender ok")
		c.open = c.saidYes()
		return goesOn
	case "RCPT":
		c.to = append(c.to, between(line))
		goesOn := c.answer(call, "250 2.1.5 recipient ok")
		c.open = c.open && c.saidYes()
		return goesOn
	case "DATA":
		return c.data(call)
	case "BDAT":
		return c.chunk(call)
	case "RSET":
		c.chunks, c.to, c.open = nil, nil, false
		return c.answer(call, "250 2.0.0 forgotten")
	case "AUTH":
		return c.answer(call, "235 2.7.0 welcome")
	case "QUIT":
		return c.answer(call, "221 2.0.0 bye") && false
	}
	return c.answer(call, "500 5.5.2 what?")
}

func (c *scriptedConn) hello() string {
	lines := append([]string{"scripted.test"}, c.server.script.Extensions...)
	if c.server.script.TLSConfig != nil && !c.secure {
		lines = append(lines, "STARTTLS")
	}
	for i := range lines {
		separator := "-"
		if i == len(lines)-1 {
			separator = " "
		}
		lines[i] = "250" + separator + lines[i]
	}
	return strings.Join(lines, "\r\n")
}

// data answers DATA and, where that answer was a 354, reads content up to the dot.
func (c *scriptedConn) data(call Call) bool {
	if !c.answer(call, "354 go on") {
		return false
	}
	if said := c.last; said.Reply != "" && !strings.HasPrefix(said.Reply, "354") || said.Silent {
		return true
	}
	if a := c.ask(Call{Command: "CONTENT"}); a.Drop {
		// Whether all of them came makes no difference to the drop.
		_, _ = io.CopyN(io.Discard, c.r, int64(a.After))
		if a.Reply != "" {
			_, _ = io.WriteString(c.w, a.Reply+"\r\n")
		}
		return false
	}
	var content []byte
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			break
		}
		content = append(content, line...)
	}
	c.server.mu.Lock()
	c.server.messages = append(c.server.messages, Message{From: c.from, To: c.to, Data: content, TLS: c.secure})
	c.server.mu.Unlock()
	return c.answer(Call{Command: "DOT"}, "250 2.0.0 queued")
}

// chunk reads what BDAT announces and then answers, as it must also for a message that has no
// recipient.
func (c *scriptedConn) chunk(call Call) bool {
	var size int64
	var last string
	if n, _ := fmt.Sscanf(call.Line, "BDAT %d %s", &size, &last); n < 1 {
		return c.answer(call, "501 5.5.4 how many?")
	}
	limit := size
	if a := c.ask(Call{Command: "CONTENT"}); a.Drop {
		limit = min(size, int64(a.After))
	}
	chunk, err := io.ReadAll(io.LimitReader(c.r, limit))
	if err != nil || int64(len(chunk)) < size {
		return false
	}
	c.chunks = append(c.chunks, chunk...)
	if last == "" {
		return c.answer(call, "250 2.0.0 more")
	}
	content := c.chunks
	c.chunks = nil
	if !c.open {
		return c.answer(Call{Command: "DOT", Line: call.Line}, "503 5.5.1 for whom?")
	}
	c.open = false
	c.server.mu.Lock()
	c.server.messages = append(c.server.messages, Message{From: c.from, To: c.to, Data: content, TLS: c.secure})
	c.server.mu.Unlock()
	return c.answer(Call{Command: "DOT", Line: call.Line}, "250 2.0.0 queued")
}

// saidYes says whether the last answer was the usual one, or another yes.
func (c *scriptedConn) saidYes() bool {
	return !c.last.Silent && (c.last.Reply == "" || c.last.Reply[0] == '2')
}

// between is the address in angle brackets.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
