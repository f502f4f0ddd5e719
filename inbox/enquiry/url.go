package enquiry

import (
	"net/url"
	"regexp"
	"strings"
)

// Link is the address of a page.
type Link struct {
	URL  string `json:"url"`  // with https:// where the mail left it out
	Host string `json:"host"` // lower-case, without www.
}

var urlPattern = regexp.MustCompile(`(?i)\b(?:https?://[^\s<>"'\x60{}|\\^\[\]]+|` +
	`(?:www\.)?(?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|test|ng|africa|io|co|shop|store|biz|info|me|tv|gh|ke|za|uk|tz|bj|tg|ci|sn|cm|fr|pt|cv|ao|mz)(?:/[^\s<>"'\x60{}|\\^\[\]]*)?)`)

// url takes the one site that is named; of several pages of it, the first.
// Two different sites give no fact: which of them is the advertiser's is not
// clear. Addresses of mail are no pages.
func (t *text) url() *Fact {
	var found *Fact
	for _, at := range urlPattern.FindAllStringIndex(t.all, 50) {
		from, to := at[0], at[1]
		to = from + len(strings.TrimRight(t.all[from:to], `.,;:!?)*_'"»`))
		if from > 0 && strings.IndexByte("@-._/", t.all[from-1]) >= 0 || to < len(t.all) && t.all[to] == '@' || t.quoted(from) {
			continue
		}
		link, ok := linkOf(t.all[from:to])
		if !ok {
			continue
		}
		if found == nil {
			found = t.fact(from, to, link)
			continue
		}
		if found.Value.(Link).Host != link.Host {
			return nil
		}
	}
	return found
}

func linkOf(words string) (Link, bool) {
	full := words
	if !strings.Contains(words, "://") {
		full = "https://" + words
	}
	u, err := url.Parse(full)
	if err != nil || !strings.Contains(u.Hostname(), ".") {
		return Link{}, false
	}
	return Link{URL: full, Host: strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")}, true
}
