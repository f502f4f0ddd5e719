package digest

import (
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/digest/feed"
)

// Duration is a time span that is written like 10m or 2h.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads; a negative span is an error.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a time span such as 10m or 2h", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// FeedSettings is the config's part about feeds.
type FeedSettings struct {
	Every        Duration `toml:"every" doc:"how often a feed is read; Blogger shows 25 stories and WordPress about 10, so a slow poll loses some"`
	Timeout      Duration `toml:"timeout" doc:"how long a site may take for its whole answer"`
	AllowPrivate bool     `toml:"allow_private" doc:"read feeds at private addresses too, such as a site on this machine"`
}

// IssueSettings is the config's part about issues.
type IssueSettings struct {
	CloseBefore Duration `toml:"close_before" doc:"how long before its due time an issue closes: its words and readers are fixed then"`
}

// DefaultFeedSettings reads each feed every 10 minutes, within 30 s, at public addresses only.
func DefaultFeedSettings() FeedSettings {
	return FeedSettings{Every: Duration(10 * time.Minute), Timeout: Duration(feed.Timeout)}
}

// DefaultIssueSettings closes an issue 5 minutes before it is due.
func DefaultIssueSettings() IssueSettings {
	return IssueSettings{CloseBefore: Duration(5 * time.Minute)}
}

// Validate returns every mistake in the settings, each a sentence that names the key.
func (s FeedSettings) Validate() []error {
	var wrong []error
	if time.Duration(s.Every) < time.Second {
		wrong = append(wrong, fmt.Errorf("every: a feed cannot be read more than once a second; 10m is usual"))
	}
	if t := time.Duration(s.Timeout); t < time.Second || t > 5*time.Minute {
		wrong = append(wrong, fmt.Errorf("timeout: from 1s to 5m; 30s is usual"))
	}
	return wrong
}

// Validate returns every mistake in the settings, each a sentence that names the key.
func (s IssueSettings) Validate() []error {
	if time.Duration(s.CloseBefore) > 24*time.Hour {
		return []error{fmt.Errorf("close_before: at most 24h, or the news is old when it is sent")}
	}
	return nil
}
