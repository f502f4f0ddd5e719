package message

import (
	"strings"
)

// maxNewLines is how many lines are looked at. What a person writes by hand is shorter.
const maxNewLines = 3000

// newText gives what this sender wrote: text without the history that the mail program quoted and
// without the signature. Where nothing else is left (a bare forward, a mail that is all quote) it
// gives whole, since an empty card helps nobody.
func newText(text, whole string) string {
	lines := strings.SplitN(text, "\n", maxNewLines+1)
	lines = lines[:min(len(lines), maxNewLines)]
	kept := tidy(strings.Join(cutSignature(dropQuotes(lines)), "\n"))
	if kept = trimRules(kept); kept != "" {
		return kept
	}
	return whole
}

// dropQuotes leaves out quoted history. Behind an "On … wrote:" line whose quote is marked with ">"
// only the marked lines go, so that answers below and between stay; everything else that begins
// history (an Outlook header block, "Original Message", an unmarked quote) ends the new text.
func dropQuotes(lines []string) []string {
	marked := markedQuotes(lines)
	var out []string
	removed := false
	for i := 0; i < len(lines); {
		if marked[i] {
			i++
			removed = true
			continue
		}
		if before, length := attribution(lines[i:]); length > 0 {
			if before != "" {
				out = append(out, before)
			}
			i += length
			if !quoteFollows(lines[i:]) {
				return out
			}
			removed = true
			continue
		}
		if startsHistory(lines[i:]) {
			return out
		}
		// Of the blank lines around what was removed, one is enough.
		if blankLine := strings.TrimSpace(lines[i]) == ""; !blankLine || !removed || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, lines[i])
			removed = removed && blankLine
		}
		i++
	}
	return out
}

// markedQuotes says which lines are quoted with ">". A line that a mail program wrapped out of its
// quote, alone between two marked ones, is taken for one when it begins like a link.
func markedQuotes(lines []string) []bool {
	marked := make([]bool, len(lines))
	for i, line := range lines {
		marked[i] = isQuoted(line)
	}
	for i := 1; i+1 < len(lines); i++ {
		if !marked[i] && marked[i-1] && marked[i+1] {
			s := strings.TrimLeft(lines[i], " \t(<")
			marked[i] = s != "" && (strings.HasPrefix(s, "http") || strings.HasPrefix(s, "mailto:"))
		}
	}
	return marked
}

func isQuoted(line string) bool {
	s := strings.TrimLeft(line, " \t\u00a0")
	return strings.HasPrefix(s, ">") && !strings.HasSuffix(strings.TrimSpace(s), "<<<")
}

func quoteFollows(lines []string) bool {
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			return isQuoted(line)
		}
	}
	return true
}

// trimRules drops lines of dashes and the like that are left at the end when what they announced is
// gone.
func trimRules(s string) string {
	for {
		s = strings.TrimSpace(s)
		cut := strings.LastIndexByte(s, '\n')
		last := strings.Trim(s[cut+1:], "-_=*~— \u00a0")
		if s == "" || last != "" {
			return s
		}
		s = s[:max(cut, 0)]
	}
}
