package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

var (
	editions = []string{"full", "headlines", "text"}
	tongue   = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8})*$`)
)

// choiceFlags are what a reader may choose.
type choiceFlags struct {
	topics                  []string
	edition, language, hour string
	zone                    string
}

// bind adds the flags that say which words; hours adds when they come.
func (f *choiceFlags) bind(c *cobra.Command, hours bool) {
	c.Flags().StringSliceVar(&f.topics, "topics", nil, "only stories of these categories, such as News,Sport (default all)")
	c.Flags().StringVar(&f.edition, "edition", "", "full, headlines or text (default full)")
	c.Flags().StringVar(&f.language, "language", "", "language of the words around the stories, such as en, fr, pcm, yo, ha, ig (default the newsletter's)")
	if hours {
		c.Flags().StringVar(&f.hour, "hour", "", "the reader's own hour, such as 07:00 (default with the issue)")
		c.Flags().StringVar(&f.zone, "time-zone", "", "on whose clock that hour is (default the newsletter's)")
	}
}

// given says whether any of the flags was.
func (f *choiceFlags) given(c *cobra.Command) bool {
	return slices.ContainsFunc([]string{"topics", "edition", "language", "hour", "time-zone"}, func(name string) bool {
		flag := c.Flags().Lookup(name)
		return flag != nil && flag.Changed
	})
}

// choice checks what was chosen. zone is the clock of an hour without a zone of its own.
func (f *choiceFlags) choice(zone string) (data.Choice, error) {
	return readChoice(f.topics, f.edition, f.language, f.hour, firstOf(f.zone, zone))
}

func readChoice(topics []string, edition, language, hour, zone string) (data.Choice, error) {
	c := data.Choice{Topics: data.FoldTopics(topics), Edition: strings.ToLower(edition), Language: strings.ToLower(language)}
	if c.Edition != "" && !slices.Contains(editions, c.Edition) {
		return c, usage("the edition %.20q is not one of full, headlines, text", edition)
	}
	if c.Language != "" && !tongue.MatchString(c.Language) {
		return c, usage("the language %.20q is not one such as en or fr", language)
	}
	if hour == "" {
		return c, nil
	}
	at, err := time.Parse("15:04", hour)
	if err != nil {
		return c, usage("%.20q is not an hour such as 07:00", hour)
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return c, usage("there is no time zone %.60q; write one such as Africa/Lagos", zone)
	}
	c.OwnHour, c.Minute, c.TimeZone = true, at.Hour()*60+at.Minute(), zone
	return c, nil
}

// hourOf is a reader's own hour in words; empty: with the issue.
func hourOf(c data.Choice) string {
	if !c.OwnHour {
		return ""
	}
	return clockOf(c) + " " + c.TimeZone
}

func clockOf(c data.Choice) string {
	if !c.OwnHour {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", c.Minute/60, c.Minute%60)
}
