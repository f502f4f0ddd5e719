package enquiry

import (
	"regexp"
	"strings"
)

const personName = `((?:(?:Mr|Mrs|Ms|Miss|Dr|Engr|Chief|Pastor|Alhaji|Hajia|Barr|Prof)\.? )?\p{Lu}[\p{L}\p{M}'’-]+(?: \p{Lu}[\p{L}\p{M}'’-]*\.?){0,2})`

var contactPatterns = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:[Mm]y name is|[Mm]y name na|[Jj]e m'appelle|[Oo] meu nome é|[Jj]ina langu ni|[Ss]unana|[Aa]ha m bụ) ` + personName),
	regexp.MustCompile(`(?m)^[ \t*-]*(?:Contact|Contact person|Contact name|CONTACT) ?: *` + personName),
	regexp.MustCompile(`(?m)^(?:[Bb]est|[Kk]ind|[Ww]arm|[Yy]ours)? ?(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Ff]aithfully|[Ww]ishes|[Cc]heers),?[ \t\r]*\n+` + personName + `[ \t\r]*(?:$|,|\n)`),
}

// contact takes a name only where the mail introduces it as the sender's.
func (t *text) contact() *Fact {
	for _, pattern := range contactPatterns {
		m := pattern.FindStringSubmatchIndex(t.all)
		if m == nil || m[2] < t.body || t.quoted(m[2]) {
			continue
		}
		name := strings.TrimRight(t.all[m[2]:m[3]], " .")
		if markedAsCompany.MatchString(name) {
			continue
		}
		return t.fact(m[2], m[2]+len(name), Name{Name: name})
	}
	return nil
}

var markedAsCompany = regexp.MustCompile(`\b` + companyMark + `$`)
