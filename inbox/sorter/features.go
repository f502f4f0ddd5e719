package sorter

import "unicode/utf8"

// featureVersion counts the changes to how a text becomes features. A model
// is of use only with the version that it was trained with.
const featureVersion = 1

const (
	bucketBits = 18
	buckets    = 1 << bucketBits
	maxRepeat  = 4 // a word repeated more often than this gains nothing
)

// group keeps apart what the model weighs apart: each group of features of a
// message has the same say, however long the message is.
type group uint8

const (
	bodyWords group = iota
	bodyPairs
	bodyGrams
	subjectWords
	subjectGrams
	senderWords
	aboutMail
	groups
)

// say is how much a whole group weighs, as measured on writers left out.
var say = [groups]float32{
	bodyWords: 2, bodyPairs: 1, bodyGrams: 1.5,
	subjectWords: 0.3, subjectGrams: 0.3,
	senderWords: 0.2, aboutMail: 0.3,
}

// term is a piece of the mail that a person can read: a word, two words in a
// row, or a fact. All features that come from it point to it.
type term struct {
	shown  string
	group  group
	repeat int32 // how often it occurs
	from   int32 // its first feature
	to     int32 // behind its last feature
	grams  int32 // its features from here on are pieces of the word
	first  int32 // the body's word that it repeats, or the first of two in a row, or -1
	second int32 // the second of two in a row, or -1
}

// vector is a text as the model sees it. Its slices are reused.
type vector struct {
	terms   []term
	pulls   []pull // one a term
	buckets []uint32
	words   []token
	seen    map[uint64]int32 // hash of a term's name -> its place in terms
}

func newVector() *vector { return &vector{seen: make(map[uint64]int32, 1024)} }

// read fills the vector from a text. The words of the subject count as the
// body's too.
func (v *vector) read(t Text) {
	v.terms, v.buckets, v.words = v.terms[:0], v.buckets[:0], v.words[:0]
	v.words = tokens(t.Subject, maxSubject, v.words)
	subject := len(v.words)
	v.words = append(v.words, token{kind: partMark})
	v.words = tokens(t.Body, maxBody, v.words)
	body := len(v.words)
	v.words = tokens(t.From, maxFrom, v.words)
	v.takeWords(v.words[:body], bodyWords)
	v.takePairs(v.words[:body])
	v.takeWords(v.words[:subject], subjectWords)
	v.takeWords(v.words[body:], senderWords)
	for _, f := range factsOf(t, v.words[:subject], v.words[subject+1:body]) {
		v.open(term{shown: f.shown, group: aboutMail, first: -1, second: -1})
		v.add(finish(hashString(hashSeed(aboutMail), f.key)))
		v.close()
	}
	v.words = v.words[:body]
}

// takeWords adds each word and the pieces of it once.
func (v *vector) takeWords(words []token, g group) {
	clear(v.seen)
	for i := range words {
		w := &words[i]
		if w.key == "" {
			continue
		}
		h := finish(hashString(hashSeed(g), w.key))
		at, ok := v.seen[h]
		if !ok {
			at = int32(len(v.terms))
			v.seen[h] = at
			v.takeWord(w, g, h)
		}
		v.terms[at].repeat++
		if g == bodyWords {
			w.word = at
		}
	}
}

func (v *vector) takeWord(w *token, g group, hash uint64) {
	t := term{shown: w.shown, group: g, first: -1, second: -1}
	if g == subjectWords {
		t.first = w.word
	}
	v.open(t)
	v.add(hash)
	if g != senderWords && w.kind == plainWord {
		v.takeGrams(w.key)
	}
	v.close()
}

// takePairs adds each two words in a row once.
func (v *vector) takePairs(words []token) {
	clear(v.seen)
	for i := range words {
		words[i].pair = -1
		if i == 0 || words[i].key == "" || words[i-1].key == "" {
			continue
		}
		a, b := &words[i-1], &words[i]
		h := finish(hashString(hashStep(hashString(hashSeed(bodyPairs), a.key), ' '), b.key))
		at, ok := v.seen[h]
		if !ok {
			at = int32(len(v.terms))
			v.seen[h] = at
			v.open(term{group: bodyPairs, first: a.word, second: b.word})
			v.add(h)
			v.close()
		}
		v.terms[at].repeat++
		b.pair = at
	}
}

// takeGrams adds the runs of three to five letters of a word, with a mark at
// its start and its end.
func (v *vector) takeGrams(word string) {
	var letters [maxWord + 2]rune
	letters[0] = '^'
	n := 1
	for _, r := range word {
		letters[n] = r
		n++
	}
	letters[n] = '$'
	n++
	for i := 0; i+3 <= n; i++ {
		h := hashSeed(bodyGrams)
		for j := i; j < min(n, i+5); j++ {
			h = hashStep(h, uint64(letters[j]))
			if j-i >= 2 {
				v.add(finish(h))
			}
		}
	}
}

func (v *vector) open(t term) {
	t.from = int32(len(v.buckets))
	t.grams = t.from + 1 // the first feature is the term's own name
	if t.group == aboutMail {
		t.repeat = 1
	}
	v.terms = append(v.terms, t)
}

func (v *vector) add(hash uint64) {
	v.buckets = append(v.buckets, uint32(hash>>(64-bucketBits)))
}

func (v *vector) close() { v.terms[len(v.terms)-1].to = int32(len(v.buckets)) }

// value is what each feature of a term counts before its rarity: repeats
// count less and less.
func (t *term) value() float32 { return roots[min(t.repeat, maxRepeat)] }

var roots = [maxRepeat + 1]float32{0, 1, 1.4142135, 1.7320508, 2}

func (t *term) gramGroup() group {
	if t.group == subjectWords {
		return subjectGrams
	}
	return bodyGrams
}

func hashSeed(g group) uint64 { return 0xcbf29ce484222325 ^ uint64(g+1)*0x9e3779b97f4a7c15 }

func hashStep(h, x uint64) uint64 { return (h ^ x) * 0x100000001b3 }

func hashString(h uint64, s string) uint64 {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			h = hashStep(h, uint64(s[i]))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		h = hashStep(h, uint64(r))
		i += n
	}
	return h
}

// finish spreads a hash over all of its bits (the last steps of MurmurHash3).
func finish(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
