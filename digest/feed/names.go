package feed

import (
	"regexp"
	"strings"
)

var (
	addressName = regexp.MustCompile(`^\S+@\S+\s+\(([^()]*)\)$`)
	nameAddress = regexp.MustCompile(`^"?([^"<>@]*[^"<>@\s])"?\s*[<(]\S+@[^\s<>()]+[>)]$`)
)

// authors joins the names of people, each once. RSS writes "address (name)", people write "name <address>"; the address is left out where there
// is a name. Blogger's "Unknown" and its noreply address are nobody.
func authors(all []string) string {
	var names []string
	for _, s := range all {
		s = plainLine(s, maxCategory)
		if m := addressName.FindStringSubmatch(s); m != nil {
			s = strings.TrimSpace(m[1])
		} else if m := nameAddress.FindStringSubmatch(s); m != nil {
			s = strings.TrimSpace(m[1])
		}
		if s != "" && !strings.EqualFold(s, "unknown") && !strings.HasPrefix(strings.ToLower(s), "noreply@") {
			names = append(names, s)
		}
	}
	return strings.Join(each(names, maxCategories), ", ")
}

// categories makes plain words of a story's categories, each once, whatever its case.
func categories(all []string) []string {
	var names []string
	for _, s := range all {
		if s = plainLine(s, maxCategory); s != "" {
			names = append(names, s)
		}
	}
	return each(names, maxCategories)
}

func each(all []string, most int) (once []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if key := strings.ToLower(s); !seen[key] && len(once) < most {
			seen[key] = true
			once = append(once, s)
		}
	}
	return once
}
