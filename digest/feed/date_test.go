package feed_test

import (
	"testing"
	"time"
)

func TestDatesAreReadInTheFormsThatFeedsUse(t *testing.T) {
	for written, want := range map[string]string{
		"2026-10-01T08:00:00Z": "2026-10-01T08:00:00Z", "2026-10-01T08:00:00.123456+01:00": "2026-10-01T07:00:00Z", "2026-10-01t08:00:00z": "2026-10-01T08:00:00Z",
		"20261001T080000Z": "2026-10-01T08:00:00Z", "2026-10-01T08:00+0530": "2026-10-01T02:30:00Z", "2026": "2026-01-01T00:00:00Z", "2026/10/01 08:00": "2026-10-01T08:00:00Z",
		"Thu, 01 Oct 2026 08:00:00 +0000": "2026-10-01T08:00:00Z", "Thu,1 Oct 2026 8:00 PM GMT": "2026-10-01T20:00:00Z", "1 October 2026": "2026-10-01T00:00:00Z",
		"Thu, 01 Oct 2026 08:00:00 GMT+0100 (WAT)": "2026-10-01T07:00:00Z", "Thu, 01 Oct 2026 08:00:00 EST -0500": "2026-10-01T13:00:00Z",
		"Sept 30, 2026 12:05 AM EDT": "2026-09-30T04:05:00Z", "01-Oct-99 08:00:00 UT": "1999-10-01T08:00:00Z", "Thu, 01 Oct 2026 23:59:60 Z": "2026-10-02T00:00:00Z",
		"Thursday, October 1st, 2026 at 8:00": "2026-10-01T08:00:00Z", "29 Feb 2024 00:00:00 CET": "2024-02-28T23:00:00Z",
		"": "", "yesterday": "", "29 Feb 2026": "", "2026-13-01": "", "2026-10-01T25:00:00Z": "", "1 Octember 2026": "", "1969-12-31": "", "0001-01-01T00:00:00Z": "",
		"01/02/2026": "", "Thu, 01 Oct 2026 08:00:00 NOWHERE": "",
	} {
		got := ""
		if at := read(t, map[string]any{"date_published": written}).Date; !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", written, got, want)
		}
	}
}
