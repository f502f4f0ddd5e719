package sorter

import (
	"cmp"
	"slices"
)

// Report is how well verdicts fit the labels of rows. Shares are from 0 to 1;
// a share of nothing is 0.
type Report struct {
	Messages   int                       `json:"messages"`
	MacroF1    float64                   `json:"macro_f1"` // over the categories that occur among the labels
	Categories map[string]Figures        `json:"categories"`
	Confusion  map[string]map[string]int `json:"confusion"` // label, then category given
	Threshold  float64                   `json:"threshold"`
	Coverage   float64                   `json:"coverage"`  // share of messages that were sure
	Precision  float64                   `json:"precision"` // share of the sure ones that were right
	// TipsLost is the share of all tips filed as advert or spam without unsure.
	TipsLost float64 `json:"tips_lost"`
	// ECE is the expected calibration error over 15 bins of equal count.
	ECE   float64 `json:"ece"`
	Mixed Mixed   `json:"mixed"`
}

// Figures are those of one category.
type Figures struct {
	Messages  int     `json:"messages"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Mixed counts the mails that are two things.
type Mixed struct {
	Labelled int `json:"labelled"` // rows with a second category
	Named    int `json:"named"`    // of these, where the verdict names both
	Invented int `json:"invented"` // other rows where the verdict names a second category
}

// Score sorts rows and compares with their labels. Rows without a category as
// their label are passed over.
func (m *Model) Score(rows []Row) Report {
	verdicts := make([]Verdict, len(rows))
	for i, r := range rows {
		verdicts[i] = m.Sort(r.Text)
	}
	return tally(rows, verdicts, m.settings.Threshold)
}

// tally compares rows with the verdicts at the same places.
func tally(rows []Row, verdicts []Verdict, threshold float64) Report {
	var confusion [classes][classes]int
	r := Report{Threshold: threshold}
	var bins []answer
	sure, sureRight, tips, lost := 0, 0, 0, 0
	for i, row := range rows {
		v := verdicts[i]
		label, known := classOf(row.Label)
		given, _ := classOf(v.Category)
		if !known {
			continue
		}
		r.Messages++
		confusion[label][given]++
		bins = append(bins, answer{v.Confidence, label == given})
		if !v.Unsure {
			sure++
			sureRight += count(label == given)
		}
		if row.Label == Tip {
			tips++
			lost += count(!v.Unsure && (v.Category == Advert || v.Category == Spam))
		}
		r.Mixed.add(row, v)
	}
	r.Coverage, r.Precision = ratio(sure, r.Messages), ratio(sureRight, sure)
	r.TipsLost = ratio(lost, tips)
	r.ECE = calibrationError(bins, 15)
	r.fill(confusion)
	return r
}

func (m *Mixed) add(row Row, v Verdict) {
	switch {
	case row.Also == "":
		m.Invented += count(v.Also != nil)
	default:
		m.Labelled++
		named := v.Also != nil && (v.Category == row.Label && *v.Also == row.Also || v.Category == row.Also && *v.Also == row.Label)
		m.Named += count(named)
	}
}

// fill computes the figures of each category from the confusion.
func (r *Report) fill(confusion [classes][classes]int) {
	r.Categories = make(map[string]Figures, classes)
	r.Confusion = make(map[string]map[string]int, classes)
	sum, labels := 0.0, 0
	for c, name := range order {
		right, labelled, given := confusion[c][c], 0, 0
		r.Confusion[name] = make(map[string]int, classes)
		for other, otherName := range order {
			r.Confusion[name][otherName] = confusion[c][other]
			labelled += confusion[c][other]
			given += confusion[other][c]
		}
		f := Figures{Messages: labelled, Precision: ratio(right, given), Recall: ratio(right, labelled), F1: ratio(2*right, labelled+given)}
		r.Categories[name] = f
		if labelled > 0 {
			sum += f.F1
			labels++
		}
	}
	if labels > 0 {
		r.MacroF1 = sum / float64(labels)
	}
}

// answer is a confidence and whether it was deserved.
type answer struct {
	confidence float64
	right      bool
}

// calibrationError is the mean distance between confidence and truth over
// bins of equal count, weighed by their count.
func calibrationError(answers []answer, bins int) float64 {
	slices.SortStableFunc(answers, func(a, b answer) int { return cmp.Compare(a.confidence, b.confidence) })
	sum := 0.0
	for b := range bins {
		gap := 0.0
		for _, a := range answers[b*len(answers)/bins : (b+1)*len(answers)/bins] {
			gap += a.confidence - float64(count(a.right))
		}
		sum += max(gap, -gap)
	}
	if len(answers) == 0 {
		return 0
	}
	return sum / float64(len(answers))
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
