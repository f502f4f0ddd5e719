package imap

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Duration is a length of time as the config writes it: "90s", "48h", or whole days, "14d". Zero is "0s".
type Duration time.Duration

// UnmarshalText reads what Go's time.ParseDuration reads, and whole days as "14d".
func (d *Duration) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is not a length of time: write it like 90s, 48h or 14d", s)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a length of time: write it like 90s, 48h or 14d", s)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes whole days as "14d" and everything else as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the text that UnmarshalText reads back.
func (d Duration) String() string {
	const day = 24 * time.Hour
	if v := time.Duration(d); v >= day && v%day == 0 {
		return strconv.FormatInt(int64(v/day), 10) + "d"
	}
	return time.Duration(d).String()
}
