package token

import (
	"strings"
	"testing"
)

func TestUnmarkedWordsCarryNoMarkAndNoPersonalAddress(t *testing.T) {
	p := Places{Unsubscribe: "https://news.test/", Preferences: "https://news.test/?p", View: "https://news.test/archive/7"}
	tests := []struct{ name, words, want string }{
		{"html", `<a href="https://news.test/u/` + MarkUnsubscribe + `">out</a>`, `<a href="https://news.test/">out</a>`},
		{"single quotes", `<a href='https://old.test/p/` + MarkPreferences + `'>choose</a>`, `<a href='https://news.test/?p'>choose</a>`},
		{"text", "Read it here: https://news.test/i/" + MarkView + "\nBye", "Read it here: https://news.test/archive/7\nBye"},
		{"text in brackets", "(https://news.test/u/" + MarkUnsubscribe + ")", "(https://news.test/)"},
		{"with a query", "https://news.test/u/" + MarkUnsubscribe + "?x=1 next", "https://news.test/ next"},
		{"a mark alone", "<" + MarkMessageID + "@news.test>", "<>"},
		{"twice on a line", "/i/" + MarkView + " and /i/" + MarkView, p.View + " and " + p.View},
		{"a name", "Good morning" + Named(", ", "") + ". Yours", "Good morning. Yours"},
		{"a name alone", "[" + MarkName + "]" + MarkNamedEnd, "[]"},
		{"nothing", "plain words", "plain words"},
	}
	for _, tt := range tests {
		got := Unmark(tt.words, p)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		for _, mark := range Marks() {
			if strings.Contains(got, mark) {
				t.Errorf("%s: the mark %s is left", tt.name, mark)
			}
		}
	}
}

func TestStrippedWordsHaveNoMarkHoweverTheyWerePutTogether(t *testing.T) {
	inside := MarkName[:9] + MarkView + MarkName[9:]
	for words, want := range map[string]string{"plain": "plain", "a" + MarkName + "b": "ab", inside: "", "x" + inside + MarkNamed: "x"} {
		if got := Strip(words); got != want {
			t.Errorf("%q became %q", words, got)
		}
	}
}
