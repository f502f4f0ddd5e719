package smtptest

import (
	"crypto/tls"
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
		return c.answer(call, "250 2.1.0 sender ok")
	case "RCPT":
		c.to = append(c.to, between(line))
		return c.answer(call, "250 2.1.5 recipient ok")
	case "DATA":
		return c.data(call)
	case "RSET":
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

// between is the address in angle brackets.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
