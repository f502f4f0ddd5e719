package token

import "regexp"

// Places are the addresses that stand in for a reader's own in words that are shown to
// everybody. They are put into HTML and into text as they are: no quotes, no angle brackets,
// no ampersands.
type Places struct {
	Unsubscribe string
	Preferences string
	View        string
}

// An address goes from the mark as far as no address can: to white space, a quote, an angle
// bracket or a parenthesis.
var (
	unsubscribeAddress = markedAddress(MarkUnsubscribe)
	preferencesAddress = markedAddress(MarkPreferences)
	viewAddress        = markedAddress(MarkView)
	messageIDAddress   = markedAddress(MarkMessageID)

	namedWords = regexp.MustCompile(MarkNamed + `(?s:.{0,1000}?)` + MarkNamedEnd)
)

func markedAddress(mark string) *regexp.Regexp {
	const rest = `[^\s"'<>()]*`
	return regexp.MustCompile(rest + mark + rest)
}

// Unmark makes the frozen words of a mailing fit for everybody: each address that carries a
// mark is replaced whole, so that neither a mark nor a way into a reader's subscription is
// left. What is said to a reader by name is left out. Words without a mark come out as they are.
func Unmark(words string, p Places) string {
	words = unsubscribeAddress.ReplaceAllLiteralString(words, p.Unsubscribe)
	words = preferencesAddress.ReplaceAllLiteralString(words, p.Preferences)
	words = viewAddress.ReplaceAllLiteralString(words, p.View)
	words = messageIDAddress.ReplaceAllLiteralString(words, "")
	return Strip(namedWords.ReplaceAllLiteralString(words, ""))
}
