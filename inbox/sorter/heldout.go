package sorter

// HoldOutSources trains once for each source of the rows, without it, and
// sorts that source's rows: how the sorter does on writers it has not read.
// Models are trained whole, temperature included, so it takes minutes.
func HoldOutSources(rows []Row, seed uint64) Report {
	return holdOut(rows, (&training{labels: make([]int, len(rows)), sources: sourcesOf(rows)}).foldsBySource(), seed)
}

// HoldOutFolds does the same with every k-th row, so that each writer is
// both read and sorted: how the sorter does on writers that it knows.
func HoldOutFolds(rows []Row, k int, seed uint64) Report {
	return holdOut(rows, evenFolds(len(rows), k), seed)
}

func holdOut(rows []Row, folds [][]int, seed uint64) Report {
	verdicts := make([]Verdict, len(rows))
	for _, held := range folds {
		out := make(map[int]bool, len(held))
		for _, i := range held {
			out[i] = true
		}
		var rest []Row
		for i, r := range rows {
			if !out[i] {
				rest = append(rest, r)
			}
		}
		m := Train(rest, seed)
		for _, i := range held {
			verdicts[i] = m.Sort(rows[i].Text)
		}
	}
	return tally(rows, verdicts, DefaultSettings().Threshold)
}

func sourcesOf(rows []Row) []string {
	sources := make([]string, len(rows))
	for i, r := range rows {
		sources[i] = r.Source
	}
	return sources
}
