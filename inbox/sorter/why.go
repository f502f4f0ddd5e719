package sorter

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reason is a word, two words in a row or a fact of a message, with what it
// did for the category: its part of the log-odds, below 0 where it spoke
// against it.
type Reason struct {
	Text   string
	Toward float64
}

const maxReasons = 6

// Explain returns the reasons for the category that Sort gives, the strongest
// first, those against it among them. At most twelve are returned.
func (m *Model) Explain(t Text) []Reason {
	v := m.vectors.Get().(*vector)
	defer m.vectors.Put(v)
	v.read(t)
	score, scale := m.score(v)
	share := softmax(score, m.sharp)
	reasons := m.reasons(v, scale, share, best(share))
	return slices.Clone(reasons[:min(len(reasons), 2*maxReasons)])
}

// why keeps the texts of the strongest reasons that speak for the category.
func why(reasons []Reason) []string {
	texts := make([]string, 0, maxReasons)
	for _, r := range reasons {
		if r.Toward > 0 && len(texts) < maxReasons {
			texts = append(texts, r.Text)
		}
	}
	return texts
}

// reasons adds up what each word did for the category, with the pieces of the
// word and wherever it stood, and joins a word pair with its two words where
// all three point the same way.
func (m *Model) reasons(v *vector, scale [groups]float64, share [classes]float64, filed int) []Reason {
	sign := m.rivals(share, filed)
	toward := make([]float64, len(v.terms))
	for i := range v.terms {
		toward[i] = v.pulls[i].toward(&v.terms[i], scale, sign) * m.sharp
		if t := &v.terms[i]; t.group == subjectWords {
			toward[t.first] += toward[i]
			toward[i] = 0
		}
	}
	var found []Reason
	top := 0.0
	for i := range v.terms {
		t, reason := &v.terms[i], Reason{Toward: toward[i]}
		if t.group == bodyPairs {
			a, b := toward[t.first], toward[t.second]
			if toward[i] <= 0 || a <= 0 || b <= 0 {
				continue
			}
			reason.Toward += a + b
		}
		if size := math.Abs(reason.Toward); size > top/10 && v.tells(t) {
			reason.Text = clean(t.shown)
			if t.group == bodyPairs {
				reason.Text = clean(v.terms[t.first].shown) + " " + clean(v.terms[t.second].shown)
			}
			top = max(top, size)
			found = append(found, reason)
		}
	}
	slices.SortFunc(found, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Toward), math.Abs(a.Toward)), cmp.Compare(a.Text, b.Text))
	})
	return apart(found)
}

// tells says whether a term tells a person anything.
func (v *vector) tells(t *term) bool {
	if t.group == bodyPairs {
		return v.tells(&v.terms[t.first]) && v.tells(&v.terms[t.second])
	}
	shown := clean(t.shown)
	return readable(shown) && !functionWords[strings.ToLower(shown)]
}

// apart drops what is weak beside the strongest and what an earlier reason
// has said already.
func apart(sorted []Reason) []Reason {
	said := make(map[string]bool)
	kept := make([]Reason, 0, 2*maxReasons)
	for _, r := range sorted {
		if len(kept) == 2*maxReasons || math.Abs(r.Toward) < math.Abs(sorted[0].Toward)/10 {
			break
		}
		parts := strings.Fields(strings.ToLower(r.Text))
		if slices.ContainsFunc(parts, func(p string) bool { return said[p] }) {
			continue
		}
		for _, p := range parts {
			said[p] = true
		}
		kept = append(kept, r)
	}
	return kept
}

// rivals is what one point of each score does to the log-odds of the category
// filed: the other categories count by how near they came.
func (m *Model) rivals(share [classes]float64, filed int) (sign [classes]float64) {
	rest := 1 - share[filed]
	for c := range sign {
		switch {
		case c == filed:
			sign[c] = 1
		case rest < 1e-9:
			sign[c] = -1.0 / (classes - 1)
		default:
			sign[c] = -share[c] / rest
		}
	}
	return sign
}

// clean leaves out broken bytes and what a screen does not show, so that a
// word cannot turn the line around it.
func clean(word string) string {
	for _, r := range word {
		if r == utf8.RuneError || invisible(r) || unicode.IsControl(r) {
			return strings.Map(func(r rune) rune {
				if r == utf8.RuneError || invisible(r) || unicode.IsControl(r) {
					return -1
				}
				return r
			}, word)
		}
	}
	return word
}

// readable words have two letters or digits and more; links are shown by the
// fact that there is one.
func readable(word string) bool {
	return len([]rune(word)) > 1 && !startsLink(word)
}

// functionWords carry weight for the model but tell an editor nothing.
var functionWords = wordSet(`a about after all also am an and any are as at be been but by can de did do does don dont
	for from get go had has have he her him his how i i'm if in into is it its it's just la le les ma make me my na no not
	of on one or our out over she sir so some than that the their them then there they this to too un una une up us was
	we wetin were what when where which who why will with wey would yes you your dey don go e am o et du des en à que se`)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
