package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Step names the part of a conversation that an answer or an error belongs to.
type Step string

// The steps in their order.
const (
	StepConnect  Step = "connect"
	StepGreeting Step = "greeting"
	StepHello    Step = "hello"
	StepTLS      Step = "tls"
	StepLogin    Step = "login"
	StepReset    Step = "reset"
	StepMail     Step = "mail"
	StepRcpt     Step = "rcpt"
	StepData     Step = "data"
	StepContent  Step = "content"
	StepDot      Step = "dot"
	StepQuit     Step = "quit"
)

const (
	maxReplyLines = 100   // lines of one reply that are read before it counts as garbage
	maxReplyText  = 1_000 // bytes of a reply's text that are kept
)

// Reply is one answer of a relay (RFC 5321, section 4.2).
type Reply struct {
	Step     Step
	Code     int    // three digits, 200 to 599
	Enhanced string // RFC 3463 code such as "5.1.1"; empty when the relay gave none
	Text     string // without codes, in one line, control characters removed, at most 1,000 bytes
}

// Accepted says whether the relay took what was asked (2xx). After Dot this alone means that
// the message was handed over.
func (r Reply) Accepted() bool { return r.Code/100 == 2 }

// Deferred says whether the relay wants to be asked again later (4xx).
func (r Reply) Deferred() bool { return r.Code/100 == 4 }

// Refused says whether the relay said no for good (5xx).
func (r Reply) Refused() bool { return r.Code/100 == 5 }

// Closing says whether the relay is about to close the connection (421), which says nothing
// about the message.
func (r Reply) Closing() bool { return r.Code == 421 }

// String is the answer as a person would read it: code, enhanced code, text.
func (r Reply) String() string {
	s := fmt.Sprintf("%03d", r.Code)
	if r.Enhanced != "" {
		s += " " + r.Enhanced
	}
	if r.Text != "" {
		s += " " + r.Text
	}
	return s
}

// lastHeard is the reply before: relays say the same a thousand times, and a text is only made
// of what is new.
type lastHeard struct {
	line  string
	reply Reply
}

// readReply reads one reply of one or more lines. An error from the reader comes back as it is;
// what is no SMTP reply is errGarbage. The plain yes to a step before the content has no text,
// because nobody asks for it.
func readReply(r *bufio.Reader, step Step, last *lastHeard) (Reply, error) {
	reply := Reply{Step: step}
	var text strings.Builder
	for n := range maxReplyLines {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return Reply{}, fmt.Errorf("%w: a line without end", errGarbage)
		}
		if err != nil {
			return Reply{}, err
		}
		if n == 0 && isPlainYes(line, step) {
			reply.Code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
			return reply, nil
		}
		if n == 0 && string(line) == last.line && step == last.reply.Step {
			return last.reply, nil
		}
		whole := string(line)
		code, final, words, err := cutReplyLine(whole)
		if err != nil {
			return Reply{}, err
		}
		if n > 0 && code != reply.Code {
			return Reply{}, fmt.Errorf("%w: %d in the lines of a %d", errGarbage, code, reply.Code)
		}
		reply.Code = code
		enhanced, words := cutEnhanced(code, words)
		if n == 0 {
			reply.Enhanced = enhanced
		}
		if n == 0 && final {
			reply.Text = cleanText(words)
			*last = lastHeard{whole, reply}
			return reply, nil
		}
		if text.Len() < 4*maxReplyText {
			text.WriteString(words)
			text.WriteByte(' ')
		}
		if final {
			reply.Text = cleanText(text.String())
			return reply, nil
		}
	}
	return Reply{}, fmt.Errorf("%w: over %d lines", errGarbage, maxReplyLines)
}

// isPlainYes says whether a line is the whole answer that a step before the content hopes for.
func isPlainYes(line []byte, step Step) bool {
	switch step {
	case StepReset, StepMail, StepRcpt:
		return len(line) > 4 && line[0] == '2' && line[1] == '5' && line[2] == '0' && line[3] == ' '
	case StepData:
		return len(line) > 4 && line[0] == '3' && line[1] == '5' && line[2] == '4' && line[3] == ' '
	}
	return false
}

// cutReplyLine takes a line with its line end apart.
func cutReplyLine(line string) (code int, last bool, text string, err error) {
	s := strings.TrimRight(line, "\r\n")
	if len(s) < 3 {
		return 0, false, "", fmt.Errorf("%w: %q", errGarbage, cleanText(s))
	}
	for _, c := range []byte(s[:3]) {
		if c < '0' || c > '9' {
			return 0, false, "", fmt.Errorf("%w: %q", errGarbage, cleanText(s))
		}
		code = code*10 + int(c-'0')
	}
	if code < 200 || code > 599 {
		return 0, false, "", fmt.Errorf("%w: code %03d", errGarbage, code)
	}
	switch {
	case len(s) == 3:
		return code, true, "", nil
	case s[3] == ' ':
		return code, true, s[4:], nil
	case s[3] == '-':
		return code, false, s[4:], nil
	}
	return 0, false, "", fmt.Errorf("%w: %q", errGarbage, cleanText(s))
}

// cutEnhanced takes an enhanced code off the front of a line (RFC 2034, section 4). A code
// whose class contradicts the reply's is left in the text.
func cutEnhanced(code int, text string) (enhanced, rest string) {
	word, rest, _ := strings.Cut(strings.TrimLeft(text, " "), " ")
	class, numbers, _ := strings.Cut(word, ".")
	subject, detail, _ := strings.Cut(numbers, ".")
	if len(class) != 1 || int(class[0]-'0') != code/100 {
		return "", text
	}
	for _, p := range [...]string{subject, detail} {
		if len(p) < 1 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return "", text
		}
	}
	return word, rest
}

// cleanText makes a relay's words safe to store and show: one line, no control or direction
// characters, valid UTF-8, single spaces, at most maxReplyText bytes.
func cleanText(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxReplyText {
		return s
	}
	cut := maxReplyText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// isClean knows the texts that cleanText would return as they are, which are nearly all.
func isClean(s string) bool {
	if len(s) > maxReplyText {
		return false
	}
	before := byte(' ')
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && before == ' ' {
			return false
		}
		before = s[i]
	}
	return before != ' ' || s == ""
}
