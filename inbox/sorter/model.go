// Package sorter says which category a message belongs to, how sure it is,
// and why.
//
// A text is cut into words; words, word pairs, pieces of words, the subject's
// words apart and a few facts (an amount of money, a phone number, links,
// attachments) become hashed features; a linear model turns them into one
// score a category, a temperature found on held-out writers turns the scores
// into shares, and a table of costs decides whether the best share is sure
// enough. The model is trained from the corpus beside this file (go generate),
// always to the same bytes, and shipped inside the program.
//
// Sorting cannot fail: any text gets a verdict in bounded time and memory, and
// a text that says nothing gets an unsure one. Load fails only where the
// shipped model is damaged or belongs to another version of the features.
package sorter

import (
	_ "embed" // the model's bytes
	"math"
	"sync"
)

//go:generate go run ./train

//go:embed model.bin
var shipped []byte

// Model is a trained sorter. It is safe for use by several goroutines at once.
type Model struct {
	weights  []weight // one a bucket
	packed   packed
	sharp    float64
	settings Settings
	costs    [classes][classes]float64
	vectors  *sync.Pool
}

// Load returns the model that ships with the program, with DefaultSettings.
func Load() (*Model, error) { return Decode(shipped) }

// weight is what one feature does to the scores; it fills half a cache line.
type weight struct {
	pull   [classes]float32 // weight times rarity
	square float32          // rarity squared
	_      [2]float32
}

// With returns the same model under other settings, which must be valid.
func (m *Model) With(s Settings) *Model {
	other := *m
	other.settings = s
	other.costs = s.table()
	return &other
}

// newModel unpacks the numbers that a model computes with.
func newModel(p packed) *Model {
	m := &Model{
		weights: make([]weight, buckets),
		packed:  p,
		sharp:   p.sharp,
		vectors: &sync.Pool{New: func() any { return newVector() }},
	}
	var unpacked [256]float32
	for q := range unpacked {
		unpacked[q] = unpackWeight(int8(q), p.top)
	}
	for b := range m.weights {
		w, rarity := &m.weights[b], unpackRarity(p.rarity[b])
		for c := range w.pull {
			w.pull[c] = unpacked[uint8(p.weights[b*classes+c])] * rarity
		}
		w.square = rarity * rarity
	}
	return m.With(DefaultSettings())
}

// Verdict is what the sorter says of a message (the command line's contract).
type Verdict struct {
	Category   string             `json:"category"`
	Confidence float64            `json:"confidence"` // share of the category, 0 to 1
	Unsure     bool               `json:"unsure"`     // a person should look
	Scores     map[string]float64 `json:"scores"`     // all five; they add up to 1 but for rounding
	Why        []string           `json:"why"`        // at most six words or facts, the strongest first
	Also       *string            `json:"also"`       // the second category of a mixed mail
}

// Sort says what a message is. It never fails and reads no more of a text
// than its limits.
func (m *Model) Sort(t Text) Verdict {
	v := m.vectors.Get().(*vector)
	defer m.vectors.Put(v)
	v.read(t)
	score, scale := m.score(v)
	share := softmax(score, m.sharp)
	c := best(share)
	verdict := Verdict{
		Category:   order[c],
		Confidence: round4(share[c]),
		Unsure:     m.unsure(share, c),
		Scores:     make(map[string]float64, classes),
		Why:        why(m.reasons(v, scale, share, c)),
		Also:       m.also(v, c),
	}
	for i, s := range share {
		verdict.Scores[order[i]] = round4(s)
	}
	return verdict
}

// unsure weighs the expected cost of filing against that of asking: asking
// costs 1 - Threshold, so with ordinary costs it is the threshold, and a tip
// that might be lost asks for far more certainty.
func (m *Model) unsure(share [classes]float64, filed int) bool {
	if share[filed] < m.settings.Threshold {
		return true
	}
	risk := 0.0
	for actual, s := range share {
		risk += s * m.costs[actual][filed]
	}
	return risk > 1-m.settings.Threshold
}

func round4(x float64) float64 { return math.Round(x*10000) / 10000 }
