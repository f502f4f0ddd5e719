package main

import (
	"strings"

	"github.com/olomotimes/tipsheet/inbox/message"
	"github.com/olomotimes/tipsheet/inbox/report"
)

// judgeBounce asks what a report is, for whom, and whether the address is to blame. Rows without a
// label of their own, or with one that is contested, are not asked.
func judgeBounce(r row, raw []byte) []verdict {
	if !labelled(r.LabelQuality) || r.Expected.Is == "unsure" {
		return nil
	}
	f := report.Read(message.Parse(raw))
	want := r.Expected
	out := []verdict{{"is_" + want.Is, sameKind(f, want.Is)}}
	if want.Is != "bounce" {
		return out
	}
	if want.Recipients != nil && len(*want.Recipients) > 0 {
		out = append(out, verdict{"recipients", sameSet(failed(f), *want.Recipients)})
	}
	if class := want.Class; class != nil && (*class == "hard" || *class == "soft") && want.Agreed != "contested" && want.Agreed != "unsure" {
		out = append(out, verdict{"class", isHard(f) == (*class == "hard") && f.Kind == report.KindBounce})
	}
	return out
}

func labelled(quality string) bool {
	return strings.HasPrefix(quality, "test") || quality == "file name" || strings.HasPrefix(quality, "twin")
}

func sameKind(f report.Finding, is string) bool {
	switch is {
	case "bounce":
		return f.Kind == report.KindBounce && !onlyAction(f, report.ActionDelivered)
	case "delay":
		return f.Kind == report.KindBounce && onlyAction(f, report.ActionDelayed)
	case "delivered":
		return f.Kind == report.KindBounce && onlyAction(f, report.ActionDelivered)
	case "complaint":
		return f.Kind == report.KindComplaint
	case "autoreply", "challenge":
		return f.Kind == report.KindAutoReply
	case "unsubscribe":
		return f.Kind == report.KindUnsubscribe
	case "not_bounce":
		return f.Kind != report.KindBounce && f.Kind != report.KindComplaint
	}
	return false
}

func onlyAction(f report.Finding, action string) bool {
	for _, r := range f.Reports {
		if r.Action != action {
			return false
		}
	}
	return len(f.Reports) > 0
}

// failed gives the recipients whom the mail did not reach, or has not reached yet.
func failed(f report.Finding) []string {
	var out []string
	for _, r := range f.Reports {
		if r.Action == report.ActionFailed || r.Action == report.ActionDelayed {
			out = append(out, r.Recipient)
		}
	}
	return out
}

func isHard(f report.Finding) bool {
	for _, r := range f.Reports {
		if r.Class == report.ClassHard {
			return true
		}
	}
	return false
}
