package sorter

// A mixed mail is about one thing in one part and another in the next, so a
// second category is looked for part by part; the shares of the whole mail
// hardly show it.
const (
	minPart  = 7  // words; a shorter part says too little
	maxParts = 40 // parts looked at
)

// also names the second category of a mail of several parts: one that a
// newsroom acts on (gossip, tip, advert), if the first is such a one too.
func (m *Model) also(v *vector, first int) *string {
	if !acted(first) {
		return nil
	}
	second, most, parts := -1, 0.0, 0
	start := 0
	for i := 0; i <= len(v.words) && parts < maxParts; i++ {
		if i < len(v.words) && v.words[i].kind != partMark {
			continue
		}
		part := v.words[start:i]
		start = min(i+1, len(v.words))
		if len(part) < minPart {
			continue
		}
		parts++
		share := softmax(m.scorePart(v, part), m.sharp)
		for c, s := range share {
			if c != first && acted(c) && s > most {
				second, most = c, s
			}
		}
	}
	if parts < 2 || second < 0 || most < m.settings.AlsoThreshold {
		return nil
	}
	name := order[second]
	return &name
}

func acted(c int) bool { return order[c] == Gossip || order[c] == Tip || order[c] == Advert }

// scorePart scores some of the mail's words by the pulls that the whole mail
// filled in.
func (m *Model) scorePart(v *vector, part []token) [classes]float64 {
	var s sums
	for i := range part {
		w := &part[i]
		if w.key == "" {
			continue
		}
		s.add(&v.terms[w.word], &v.pulls[w.word], 1)
		if w.pair >= 0 && i > 0 {
			s.add(&v.terms[w.pair], &v.pulls[w.pair], 1)
		}
	}
	score, _ := s.scores()
	return score
}
