package desk

import (
	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// figures are an account in the words of a page.
func figures(a data.Account) templates.Counts {
	return templates.Counts{
		Audience: a.Audience, LeftOut: a.LeftOut,
		Accepted: a.Words[data.WordAccepted], Assumed: a.Words[data.WordAssumed],
		Refused: a.Words[data.WordRefused], GaveUp: a.Words[data.WordGaveUp],
		Skipped: a.Words[data.WordSkipped], Held: a.Words[data.WordHeld],
		Uncertain: a.Words[data.WordUncertain], Deferred: a.Words[data.WordDeferred],
		Open: a.Words[data.WordOpen],
	}
}
