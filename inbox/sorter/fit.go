package sorter

import (
	"math"
	"math/rand/v2"
)

// The training is softmax regression by FTRL-Proximal with L2 (McMahan and
// others, "Ad Click Prediction", 2013). The numbers were measured on writers
// left out; they are flat around these values.
const (
	passes    = 12
	alpha     = 0.2
	beta      = 1
	ridge     = 1     // L2
	mixedPart = 0.35  // the share of the second category in a mixed mail
	learnt    = 0.004 // a row this close to its label is passed over
)

// cell is what training keeps for one feature; it fills a cache line.
type cell struct {
	weight, push, squares [classes]float32
	_                     [1]float32
}

// example is a row with equal features joined.
type example struct {
	buckets []uint32
	values  []float32
	target  [classes]float32
}

// fitted is the outcome of one training.
type fitted struct {
	cells  []cell
	rarity []byte
}

// fit trains on the rows named.
func (set *training) fit(rows []int, seed uint64) fitted {
	rarity := set.rarity(rows)
	numbers := make([]float32, buckets)
	for i, q := range rarity {
		numbers[i] = unpackRarity(q)
	}
	examples := make([]example, len(rows))
	for i, r := range rows {
		examples[i] = set.example(r, numbers)
	}
	cells := make([]cell, buckets)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range passes {
		chance.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
		for i := range examples {
			learn(cells, &examples[i])
		}
	}
	return fitted{cells: cells, rarity: rarity}
}

// rarity counts in how many of the rows each bucket occurs.
func (set *training) rarity(rows []int) []byte {
	with := make([]int32, buckets)
	last := make([]int32, buckets)
	for n, r := range rows {
		for _, b := range set.vectors[r].buckets {
			if last[b] != int32(n+1) {
				last[b] = int32(n + 1)
				with[b]++
			}
		}
	}
	rarity := make([]byte, buckets)
	for b, n := range with {
		rarity[b] = packRarity(len(rows), int(n))
	}
	return rarity
}

// example weighs the features of a row as Model.score does.
func (set *training) example(row int, rarity []float32) example {
	v := set.vectors[row]
	var sum [groups]float32
	values := make([]float32, len(v.buckets))
	each := func(do func(g group, feature int32, value float32)) {
		for i := range v.terms {
			t := &v.terms[i]
			for f := t.from; f < t.to; f++ {
				g := t.group
				if f >= t.grams {
					g = t.gramGroup()
				}
				do(g, f, t.value())
			}
		}
	}
	each(func(g group, f int32, value float32) {
		values[f] = float32(value * rarity[v.buckets[f]])
		sum[g] += float32(values[f] * values[f])
	})
	each(func(g group, f int32, _ float32) {
		values[f] = float32(values[f] * float32(say[g]/sqrt(sum[g])))
	})
	return joined(v.buckets, values, set.targets[row])
}

// joined adds up the values of equal features.
func joined(features []uint32, values []float32, target [classes]float32) example {
	e := example{target: target}
	at := make(map[uint32]int, len(features))
	for f, b := range features {
		if i, ok := at[b]; ok {
			e.values[i] += values[f]
			continue
		}
		at[b] = len(e.buckets)
		e.buckets = append(e.buckets, b)
		e.values = append(e.values, values[f])
	}
	return e
}

// learn takes one step of FTRL-Proximal. Products are rounded before they are
// added, so that no machine fuses the two.
func learn(cells []cell, e *example) {
	var score [classes]float64
	for f, b := range e.buckets {
		w := &cells[b].weight
		for c := range score {
			score[c] += float64(float32(w[c] * e.values[f]))
		}
	}
	share := softmax(score, 1)
	var off [classes]float32
	far := float32(0)
	for c := range off {
		off[c] = float32(share[c]) - e.target[c]
		far = max(far, off[c], -off[c])
	}
	if far < learnt {
		return
	}
	for f, b := range e.buckets {
		k, x := &cells[b], e.values[f]
		for c, o := range off {
			g := float32(o * x)
			before := k.squares[c]
			k.squares[c] = before + float32(g*g)
			root := sqrt(k.squares[c])
			sigma := float32((root - sqrt(before)) / alpha)
			k.push[c] += g - float32(sigma*k.weight[c])
			k.weight[c] = -k.push[c] / (float32((beta+root)/alpha) + ridge)
		}
	}
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func (f fitted) pack(sharp float64) packed {
	p := packed{sharp: sharp, weights: make([]int8, buckets*classes), rarity: f.rarity}
	for i := range f.cells {
		for _, w := range f.cells[i].weight {
			p.top = max(p.top, w, -w)
		}
	}
	for i := range f.cells {
		for c, w := range f.cells[i].weight {
			p.weights[i*classes+c] = packWeight(w, p.top)
		}
	}
	return p
}
