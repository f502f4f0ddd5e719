package sorter

import (
	"fmt"
	"strings"
)

// String prints the report as a table for people. Its JSON form is that of
// encoding/json.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "messages   %d\n", r.Messages)
	fmt.Fprintf(&b, "macro-F1   %.4f\n", r.MacroF1)
	fmt.Fprintf(&b, "sure       %.1f %% of messages at threshold %.2f\n", 100*r.Coverage, r.Threshold)
	fmt.Fprintf(&b, "precision  %.1f %% of the sure ones are right\n", 100*r.Precision)
	fmt.Fprintf(&b, "tips lost  %.2f %% of tips filed as advert or spam without unsure\n", 100*r.TipsLost)
	fmt.Fprintf(&b, "ECE        %.4f (15 bins of equal count)\n", r.ECE)
	fmt.Fprintf(&b, "mixed      %d of %d named as both, %d others said to be two things\n\n", r.Mixed.Named, r.Mixed.Labelled, r.Mixed.Invented)
	fmt.Fprintf(&b, "%-12s", "label")
	for _, c := range order {
		fmt.Fprintf(&b, "%8s", c)
	}
	fmt.Fprintf(&b, "%11s%8s%8s\n", "precision", "recall", "F1")
	for _, label := range order {
		fmt.Fprintf(&b, "%-12s", label)
		for _, given := range order {
			fmt.Fprintf(&b, "%8d", r.Confusion[label][given])
		}
		f := r.Categories[label]
		fmt.Fprintf(&b, "%11.3f%8.3f%8.3f\n", f.Precision, f.Recall, f.F1)
	}
	return b.String()
}
