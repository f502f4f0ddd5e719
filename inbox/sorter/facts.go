package sorter

import (
	"path"
	"strings"
)

// fact is something about a mail that no single word says. key is what the
// model knows it by, shown is what an editor reads.
type fact struct{ key, shown string }

// factsOf lists the facts of a text whose words are given, each key once.
func factsOf(t Text, subject, body []token) []fact {
	var facts []fact
	add := func(key, shown string) {
		for _, f := range facts {
			if f.key == key {
				return
			}
		}
		facts = append(facts, fact{key, shown})
	}
	links := 0
	for _, words := range [2][]token{subject, body} {
		for i, w := range words {
			switch {
			case w.kind == linkWord:
				links++
			case w.kind == addressWord:
				add("address in text", "an email address in the text")
			case w.kind == numberWord && isMoney(words, i):
				add("money", w.shown)
			case w.kind == numberWord && isPhone(words, i):
				add("phone", "a phone number")
			}
		}
	}
	if links > 0 {
		add("link", "a link")
	}
	if links > 2 {
		add("many links", "many links")
	}
	if len(body) == 0 && len(t.Attachments) > 0 {
		add("only attached", "nothing but an attachment")
	}
	for i, name := range t.Attachments {
		if i == maxAttached {
			break
		}
		if kind := attachmentKind(cut(name, maxFileName)); kind != "" {
			add("attached "+kind, "an attached "+kind)
		}
	}
	return facts
}

var currencyWords = map[string]bool{
	"naira": true, "dollar": true, "dollars": true, "usd": true, "ngn": true, "pounds": true, "gbp": true,
	"euro": true, "euros": true, "eur": true, "cfa": true, "fcfa": true, "xof": true, "cedis": true, "ghs": true,
	"kes": true, "ksh": true, "shillings": true, "rand": true, "zar": true, "kwacha": true, "dirhams": true, "dola": true,
}

// isMoney says whether the number at i is an amount: it carries a currency
// sign or letter, ends in k or m, or stands next to a currency's name.
func isMoney(words []token, i int) bool {
	key := words[i].key
	lead := strings.IndexByte(key, '0')
	if lead < 0 {
		return false
	}
	digits := len(key) - lead
	switch key[:lead] {
	case "$", "£", "€", "₦", "#", "₵", "n", "ngn", "usd", "gbp", "eur", "ksh", "kes", "ghs", "r":
		return digits >= 2
	}
	if lead == 0 && len(key) > 1 && (key[len(key)-1] == 'k' || key[len(key)-1] == 'm') && strings.Trim(key[:len(key)-1], "0") == "" {
		return true
	}
	return i+1 < len(words) && currencyWords[words[i+1].key] || i > 0 && currencyWords[words[i-1].key]
}

// isPhone says whether digits at i and in the words after it make a number of
// nine digits or more that starts with 0 or follows a plus or WhatsApp.
func isPhone(words []token, i int) bool {
	digits := 0
	for _, w := range words[i:min(len(words), i+5)] {
		if w.kind != numberWord || strings.Trim(w.key, "0") != "" {
			break
		}
		for _, r := range w.shown {
			if '0' <= r && r <= '9' {
				digits++
			}
		}
	}
	first := words[i].shown[0]
	return digits >= 9 && digits <= 15 && (first == '0' || digits >= 11)
}

func attachmentKind(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".heic", ".webp", ".bmp":
		return "picture"
	case ".mp4", ".mov", ".3gp", ".avi", ".mkv", ".webm":
		return "video"
	case ".mp3", ".m4a", ".ogg", ".opus", ".wav", ".amr", ".aac":
		return "recording"
	case ".xls", ".xlsx", ".csv", ".ods":
		return "sheet"
	case ".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".ppt", ".pptx":
		return "document"
	case ".zip", ".rar", ".7z", ".exe", ".js", ".iso", ".html", ".htm", ".apk", ".scr":
		return "archive or program"
	}
	return ""
}
