package token

import "strings"

// The marks stand in the frozen words of a mailing where something of each reader's own will
// stand: a token, or the reader's name. They are as long as a token and of the same characters,
// so that no template and no encoding changes them. No key signs them.
const (
	MarkUnsubscribe = "unsubscribe2unsubscribe2unsubscr"
	MarkPreferences = "preferences2preferences2preferen"
	MarkView        = "viewinbrowser2viewinbrowser2view"
	MarkMessageID   = "messageid2messageid2messageid2me"

	// MarkName is the reader's name, escaped for where it stands, and nothing where the reader
	// gave none. See Named for words that belong to the name.
	MarkName = "readername2readername2readername"
	// MarkNamed and MarkNamedEnd enclose MarkName and words that are said only to a reader who
	// has a name.
	MarkNamed    = "ifnamed2ifnamed2ifnamed2ifnamed2"
	MarkNamedEnd = "endnamed2endnamed2endnamed2endna"
)

// Marks are all marks.
func Marks() []string {
	return []string{MarkUnsubscribe, MarkPreferences, MarkView, MarkMessageID, MarkName, MarkNamed, MarkNamedEnd}
}

// Named is a reader's name with the words that belong to it, which stand there only where there
// is a name: "Good morning" + Named(", ", "") + "." becomes "Good morning, Ada." or "Good morning.".
// A template takes it as a field and writes it in text or between tags, in HTML and in plain text
// alike, where it is escaped for each reader; not in a tag, a script or a style.
func Named(before, after string) string { return MarkNamed + before + MarkName + after + MarkNamedEnd }

// Strip takes the marks out of words that others wrote, so that a story cannot have a reader's
// token or name put into it. Words without a mark come out as they are.
func Strip(words string) string {
	for {
		stripped := words
		for _, mark := range Marks() {
			stripped = strings.ReplaceAll(stripped, mark, "")
		}
		if stripped == words { // nothing was put together by what was taken out
			return words
		}
		words = stripped
	}
}
