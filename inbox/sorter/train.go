package sorter

import (
	"runtime"
	"slices"
	"sync"
)

// StarterSeed is the seed that the shipped model was trained with.
const StarterSeed = 1

// Train makes a model from rows whose labels are all categories; other rows
// are passed over. The same rows in the same order with the same seed give the
// same bytes, on any machine. It takes some seconds.
func Train(rows []Row, seed uint64) *Model {
	set := newTraining(rows)
	everything := make([]int, len(set.vectors))
	for i := range everything {
		everything[i] = i
	}
	folds := set.foldsBySource()
	scores := make([][classes]float64, len(set.vectors))
	var whole fitted
	jobs := []func(){func() { whole = set.fit(everything, seed) }}
	for _, held := range folds {
		jobs = append(jobs, func() {
			m := newModel(set.fit(without(everything, held), seed).pack(1))
			v := newVector()
			for _, i := range held {
				v.read(set.texts[i])
				scores[i], _ = m.score(v)
			}
		})
	}
	inParallel(jobs)
	sharp := 1.0
	if len(folds) > 0 {
		sharp = sharpness(scores, set.labels)
	}
	return newModel(whole.pack(sharp))
}

// training is the rows as the model sees them.
type training struct {
	texts   []Text
	sources []string
	vectors []*vector
	labels  []int
	targets [][classes]float32
}

func newTraining(rows []Row) *training {
	set := &training{}
	for _, r := range rows {
		c, known := classOf(r.Label)
		if !known {
			continue
		}
		v := newVector()
		v.read(r.Text)
		v.seen, v.words = nil, nil
		var target [classes]float32
		target[c] = 1
		if also, mixed := classOf(r.Also); mixed && also != c {
			target[c], target[also] = 1-mixedPart, mixedPart
		}
		set.texts = append(set.texts, r.Text)
		set.sources = append(set.sources, r.Source)
		set.vectors = append(set.vectors, v)
		set.labels = append(set.labels, c)
		set.targets = append(set.targets, target)
	}
	return set
}

// foldsBySource holds out one writer after the other, or every fifth row
// where there are fewer than three writers. Under ten rows it holds out none.
func (set *training) foldsBySource() [][]int {
	if len(set.labels) < 10 {
		return nil
	}
	var names []string
	for _, s := range set.sources {
		if !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	if len(names) < 3 {
		return evenFolds(len(set.labels), 5)
	}
	folds := make([][]int, len(names))
	for i, s := range set.sources {
		f := slices.Index(names, s)
		folds[f] = append(folds[f], i)
	}
	return folds
}

func evenFolds(n, k int) [][]int {
	folds := make([][]int, k)
	for i := range n {
		folds[i%k] = append(folds[i%k], i)
	}
	return folds
}

func without(all, held []int) []int {
	out := make(map[int]bool, len(held))
	for _, i := range held {
		out[i] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(i int) bool { return out[i] })
}

// inParallel runs jobs that do not touch each other.
func inParallel(jobs []func()) {
	var running sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, job := range jobs {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			job()
		})
	}
	running.Wait()
}

// sharpness finds the inverse temperature under which the shares of held-out
// rows are as likely as can be. The derivative of the likelihood falls with
// it, so halving an interval finds its root.
func sharpness(scores [][classes]float64, labels []int) float64 {
	slope := func(sharp float64) float64 {
		sum := 0.0
		for i, s := range scores {
			sum += s[labels[i]]
			for c, p := range softmax(s, sharp) {
				sum -= float64(p * s[c])
			}
		}
		return sum
	}
	low, high := 0.01, 100.0
	for range 60 {
		middle := (low + high) / 2
		if slope(middle) > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}
