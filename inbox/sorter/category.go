package sorter

import (
	"fmt"
	"math"
	"slices"
)

// The five categories of the newsroom. What is not sure is one of them with
// the flag Unsure beside it; unsure is never a category of its own.
const (
	Gossip = "gossip"
	Tip    = "tip"
	Advert = "advert"
	Other  = "other"
	Spam   = "spam"
)

const classes = 5

// order is how the model counts the categories. It is part of the model's
// bytes: changing it asks for a new training.
var order = [classes]string{Gossip, Tip, Advert, Other, Spam}

// Categories returns the five categories in the order of reports.
func Categories() []string { return slices.Clone(order[:]) }

func classOf(category string) (int, bool) {
	i := slices.Index(order[:], category)
	return i, i >= 0
}

// Cost says what it costs to file a message that is Actual as Filed without a
// word of doubt. A mistake that no Cost names costs 1.
type Cost struct {
	Actual string  `toml:"actual"` // what the message is
	Filed  string  `toml:"filed"`  // where it would be put
	Cost   float64 `toml:"cost"`   // how many ordinary mistakes this one is worth
}

// Settings say when the sorter is sure. The zero value is not usable; start
// from DefaultSettings.
type Settings struct {
	// Threshold is the confidence from which a message counts as sure, above
	// 0 and below 1. Saying unsure is priced at 1 - Threshold.
	Threshold float64 `toml:"threshold" doc:"the confidence from which a message counts as sure"`
	// AlsoThreshold is the share that a second category must have in one part
	// of a message, above 0 and below 1, for the message to be called both.
	AlsoThreshold float64 `toml:"also_threshold" doc:"the share that a second category must have in one part of a message for it to be called both"`
	// Costs names the mistakes that cost more or less than 1.
	Costs []Cost `toml:"costs" doc:"what a mistake costs, where not 1: a list of tables with true, filed and cost"`
}

// DefaultSettings are chosen on writers that the model was not trained on
// (docs/sorter.md): at least 97 % of what is sure is right, and a tip filed as
// an advert or as spam costs ten times the reverse.
func DefaultSettings() Settings {
	return Settings{
		Threshold:     0.85,
		AlsoThreshold: 0.90,
		Costs: []Cost{
			{Actual: Tip, Filed: Advert, Cost: 10},
			{Actual: Tip, Filed: Spam, Cost: 10},
		},
	}
}

// Validate returns one error for each setting that cannot be used.
func (s Settings) Validate() []error {
	var errs []error
	if !(s.Threshold > 0 && s.Threshold < 1) {
		errs = append(errs, fmt.Errorf("threshold is %v: it must lie above 0 and below 1", s.Threshold))
	}
	if !(s.AlsoThreshold > 0 && s.AlsoThreshold < 1) {
		errs = append(errs, fmt.Errorf("also_threshold is %v: it must lie above 0 and below 1", s.AlsoThreshold))
	}
	for i, c := range s.Costs {
		for _, name := range []string{c.Actual, c.Filed} {
			if _, ok := classOf(name); !ok {
				errs = append(errs, fmt.Errorf("costs, entry %d: %q is not a category: use gossip, tip, advert, other or spam", i+1, name))
			}
		}
		if c.Actual == c.Filed {
			errs = append(errs, fmt.Errorf("costs, entry %d: filing a %s as %s is no mistake", i+1, c.Actual, c.Filed))
		}
		if !(c.Cost >= 0) || math.IsInf(c.Cost, 1) {
			errs = append(errs, fmt.Errorf("costs, entry %d: the cost is %v: it must be a number from 0 up", i+1, c.Cost))
		}
	}
	return errs
}

// table lays the costs out by actual and filed category.
func (s Settings) table() (t [classes][classes]float64) {
	for a := range t {
		for f := range t[a] {
			if a != f {
				t[a][f] = 1
			}
		}
	}
	for _, c := range s.Costs {
		a, known := classOf(c.Actual)
		f, alsoKnown := classOf(c.Filed)
		if known && alsoKnown && a != f {
			t[a][f] = c.Cost
		}
	}
	return t
}
