package sorter

import "math"

// exp is e to the power of x for x up to 0. math.Exp is written in assembly
// on some machines and may differ there in the last bit; training must give
// the same bytes everywhere, so each step here is rounded by itself.
func exp(x float64) float64 {
	if x < -700 {
		return 0
	}
	const ln2 = math.Ln2
	k := math.Floor(float64(x/ln2) + 0.5)
	r := x - float64(k*ln2)
	sum, part := 1.0, 1.0
	for n := 1.0; n <= 14; n++ {
		part = float64(part * float64(r/n))
		sum += part
	}
	return math.Ldexp(sum, int(k))
}

// softmax turns scores into shares that add up to 1; sharp is the inverse of
// the temperature.
func softmax(score [classes]float64, sharp float64) (share [classes]float64) {
	top := score[0]
	for _, s := range score[1:] {
		top = max(top, s)
	}
	sum := 0.0
	for c, s := range score {
		share[c] = exp(float64((s - top) * sharp))
		sum += share[c]
	}
	for c := range share {
		share[c] /= sum
	}
	return share
}

func best(share [classes]float64) int {
	b := 0
	for c := range share {
		if share[c] > share[b] {
			b = c
		}
	}
	return b
}
