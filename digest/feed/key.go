package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// Key is what a story is known by, from one reading of the feed to the next: the feed's id, else the canonical address,
// else a hash of the title. An id that is itself an address is compared in its canonical form, so a site that moves from http to
// https has no new stories. The key of an item without any of the three is empty.
func Key(it Item) string {
	id := strings.TrimSpace(it.ID)
	switch {
	case len(id) > maxID:
		return "id:" + hashOf(id)
	case isWebAddress(id):
		// Link blogs tell their stories apart by the fragment alone.
		return canonical(id, true)
	case id != "":
		return id
	case it.Link != "":
		return CanonicalURL(it.Link)
	case it.Title != "":
		return "title:" + hashOf(it.Title)
	}
	return ""
}

// Keys are the keys of the items of one reading, in order. Where a feed gives one id to stories with different addresses,
// their addresses tell them apart, or the last of them would overwrite the others; an item without a key of its own gets
// one from its words.
func Keys(items []Item) []string {
	keys := make([]string, len(items))
	shared := sharedIDs(items)
	for i, it := range items {
		switch keys[i] = Key(it); {
		case keys[i] == "":
			keys[i] = "text:" + hashOf(first(it.Summary, it.Text))
		case shared[keys[i]] && it.Link != "":
			keys[i] = CanonicalURL(it.Link)
		}
	}
	return keys
}

// sharedIDs are the keys that stories with different addresses have in common.
func sharedIDs(items []Item) map[string]bool {
	shared, links := map[string]bool{}, map[string]string{}
	for _, it := range items {
		if it.Link == "" {
			continue
		}
		key, link := Key(it), CanonicalURL(it.Link)
		if before, ok := links[key]; ok && before != link {
			shared[key] = true
		}
		links[key] = link
	}
	return shared
}

// Addresses are the canonical addresses of a reading's items, in order, by which a story is known again under another id or in
// another feed of its site. An item has none where its link leads to several items, or to the site's front page.
func Addresses(f Feed) []string {
	all, keys := make([]string, len(f.Items)), make([]string, len(f.Items))
	holder := map[string]string{} // the key that an address belongs to; "" for several
	home := CanonicalURL(f.Link)
	for i, it := range f.Items {
		at := CanonicalURL(it.Link)
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Path == "" && u.RawQuery == "" || at == home {
			continue
		}
		all[i], keys[i] = at, Key(it)
		if before, ok := holder[at]; ok && before != keys[i] {
			keys[i] = ""
		}
		holder[at] = keys[i]
	}
	for i, at := range all {
		if at != "" && holder[at] == "" {
			all[i] = ""
		}
	}
	return all
}

func hashOf(words string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(strings.Fields(words), " "))))
	return hex.EncodeToString(sum[:])
}

// CanonicalURL is the form of a web address by which two links to the same story are equal: https, the host in lower case without
// a default port, no tracking parameters (utm_*, fbclid, Blogger's m=1 and the like), no fragment, no slash at
// the end. Other parameters stay as they are, in their order. Anything but an http or https address is returned
// as it is, without the white space around it.
func CanonicalURL(address string) string { return canonical(address, false) }

func canonical(address string, keepFragment bool) string {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return address
	}
	host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	if host == "" {
		return address
	}
	u.Scheme = "https"
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	u.Host = host
	u.RawQuery = withoutTracking(u.RawQuery)
	u.ForceQuery = false
	if !keepFragment {
		u.Fragment, u.RawFragment = "", ""
	}
	if u.Opaque == "" {
		u.Path = strings.TrimRight(u.Path, "/")
		u.RawPath = strings.TrimRight(u.RawPath, "/")
	}
	return u.String()
}

// withoutTracking works on the text, since a decoded and encoded query may differ from what the site understands.
func withoutTracking(query string) string {
	if query == "" {
		return ""
	}
	kept := make([]string, 0, 4)
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair != "" && !isTracking(strings.ToLower(name), value) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

func isTracking(name, value string) bool {
	switch name {
	case "m": // Blogger's page for telephones
		return value == "1" || value == "0"
	case "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid", "igsh", "li_fat_id",
		"mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "vero_id", "oly_anon_id", "oly_enc_id", "rb_clickid", "wt_mc", "spref", "_openstat":
		return true
	}
	return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mtm_") || strings.HasPrefix(name, "pk_") || strings.HasPrefix(name, "hsa_")
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
