package sorter

import "math"

// pull is what a term's features do to the scores before the groups are
// brought to their say: its own name, and the pieces of the word.
type pull struct {
	own, grams            [classes]float32
	ownSquare, gramSquare float32
}

func (m *Model) pullOf(v *vector, t *term) (p pull) {
	p.ownSquare = m.sum(&p.own, v.buckets[t.from:min(t.grams, t.to)])
	p.gramSquare = m.sum(&p.grams, v.buckets[min(t.grams, t.to):t.to])
	return p
}

func (m *Model) sum(into *[classes]float32, features []uint32) (squares float32) {
	for _, b := range features {
		w := &m.weights[b]
		for c := range into {
			into[c] += w.pull[c]
		}
		squares += w.square
	}
	return squares
}

// toward adds up a term's part of the scores, each counted by sign.
func (p *pull) toward(t *term, scale [groups]float64, sign [classes]float64) float64 {
	own, grams := scale[t.group], scale[t.gramGroup()]
	sum := 0.0
	for c, s := range sign {
		sum += s * (own*float64(p.own[c]) + grams*float64(p.grams[c]))
	}
	return sum * float64(t.value())
}

// sums gathers the pulls of terms by group.
type sums struct {
	score  [groups][classes]float64
	square [groups]float64
}

func (s *sums) add(t *term, p *pull, value float64) {
	g := t.group
	for c := range order {
		s.score[g][c] += float64(value * float64(p.own[c]))
	}
	s.square[g] += float64(value * value * float64(p.ownSquare))
	if p.gramSquare == 0 {
		return
	}
	h := t.gramGroup()
	for c := range order {
		s.score[h][c] += float64(value * float64(p.grams[c]))
	}
	s.square[h] += float64(value * value * float64(p.gramSquare))
}

// scores brings each group to its say, however long the text, and returns the
// scale of each.
func (s *sums) scores() (score [classes]float64, scale [groups]float64) {
	for g, square := range s.square {
		if square <= 0 {
			continue
		}
		scale[g] = float64(say[g]) / math.Sqrt(square)
		for c := range score {
			score[c] += float64(scale[g] * s.score[g][c])
		}
	}
	return score, scale
}

// score fills the vector's pulls and returns the scores of the whole mail.
func (m *Model) score(v *vector) (score [classes]float64, scale [groups]float64) {
	v.pulls = v.pulls[:0]
	var all sums
	for i := range v.terms {
		t := &v.terms[i]
		v.pulls = append(v.pulls, m.pullOf(v, t))
		all.add(t, &v.pulls[i], float64(t.value()))
	}
	return all.scores()
}
