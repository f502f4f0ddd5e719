package main

import (
	"fmt"
)

// result is one measure over a set.
type result struct {
	set, measure string
	right, asked int
	wrong        []string // files
	note         string   // may be empty
}

// percent is how many of a hundred were right; of nothing asked, all.
func (r result) percent() float64 {
	if r.asked == 0 {
		return 100
	}
	return 100 * float64(r.right) / float64(r.asked)
}

func (r result) String() string {
	line := fmt.Sprintf("score: %s %s %d/%d %.1f%%", r.set, r.measure, r.right, r.asked, r.percent())
	if r.note != "" {
		line += " (" + r.note + ")"
	}
	return line
}

// count adds the verdicts up, measures in the order in which they were first seen.
func count(folder string, rows []row, all [][]verdict) []result {
	var results []result
	at := map[string]int{}
	for i, verdicts := range all {
		for _, v := range verdicts {
			n, ok := at[v.measure]
			if !ok {
				n = len(results)
				at[v.measure] = n
				results = append(results, result{set: folder, measure: v.measure})
			}
			results[n].asked++
			if v.right {
				results[n].right++
			} else {
				results[n].wrong = append(results[n].wrong, rows[i].File)
			}
		}
	}
	return results
}
