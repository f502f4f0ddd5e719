package digest_test

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The oracle says when an expression is due without the scheduler's code and without its
// library. All its times are minutes since 1970: of UTC, or of a wall, which is UTC and the
// zone's offset. Around each transition it steps through the minutes of UTC and looks at the
// wall; between two the offset stays, and every wall minute that is named is due.

// The years 2020 to 2035, with some days on both sides.
var (
	sweepFrom = minuteOf(time.Date(2019, 12, 20, 0, 0, 0, 0, time.UTC))
	sweepTo   = minuteOf(time.Date(2036, 1, 12, 0, 0, 0, 0, time.UTC))
)

const (
	aroundTransition = 49 * 60 // minutes on each side
	farthestApart    = 27 * 60 // two walls of the world
)

func minuteOf(t time.Time) int { return int(t.Unix() / 60) }

func timeOf(minute int) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }

// An expression is five fields as the oracle reads them.
type expression struct {
	text  string
	named []int // each wall minute of the sweep that the fields name, in order
}

func readExpression(text string) (*expression, error) {
	f := strings.Fields(text)
	if len(f) != 5 {
		return nil, fmt.Errorf("%q has %d fields", text, len(f))
	}
	var in [5]map[int]bool
	for i, limits := range [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}} {
		var err error
		if in[i], err = readField(f[i], limits[0], limits[1]); err != nil {
			return nil, err
		}
	}
	e := &expression{text: text}
	from, to := sweepFrom-farthestApart, sweepTo+farthestApart
	for day := from / 1440; day <= to/1440; day++ {
		date := timeOf(day * 1440)
		month, monthday, weekday := in[3][int(date.Month())], in[2][date.Day()], in[4][int(date.Weekday())]
		both := monthday && weekday
		if f[2] != "*" && f[4] != "*" { // as in Vixie's cron: either of them
			both = monthday || weekday
		}
		for minute := 0; minute < 1440 && month && both; minute++ {
			if in[1][minute/60] && in[0][minute%60] {
				e.named = append(e.named, day*1440+minute)
			}
		}
	}
	return e, nil
}

func readField(text string, low, high int) (map[int]bool, error) {
	step := 1
	if rest, ok := strings.CutPrefix(text, "*/"); ok {
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, err
		}
		text, step = "*", n
	}
	in := map[int]bool{}
	if text == "*" {
		for n := low; n <= high; n += step {
			in[n] = true
		}
		return in, nil
	}
	for one := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(one)
		if err != nil || n < low || n > high {
			return nil, fmt.Errorf("%q is not a number from %d to %d", one, low, high)
		}
		in[n] = true
	}
	return in, nil
}

// names says whether a wall minute is named.
func (e *expression) names(wall int) bool {
	_, ok := slices.BinarySearch(e.named, wall)
	return ok
}

// within are the named wall minutes from low on and before high.
func (e *expression) within(low, high int) []int {
	return e.named[sort.SearchInts(e.named, low):sort.SearchInts(e.named, high)]
}

// A window is a stretch of UTC with at least one transition, and what the wall shows at each
// of its minutes.
type window struct {
	from  int
	walls []int
}

func (w window) to() int { return w.from + len(w.walls) }

// An almanac is what a zone's clocks did.
type almanac struct {
	loc           *time.Location
	windows       []window
	gaps, repeats int
}

func (a *almanac) offset(minute int) int {
	_, seconds := timeOf(minute).In(a.loc).Zone()
	return seconds / 60
}

// newAlmanac looks at a zone's clock every hour, and at every minute near a transition.
func newAlmanac(loc *time.Location) (*almanac, error) {
	a := &almanac{loc: loc}
	before := a.offset(sweepFrom)
	for hour := sweepFrom; hour < sweepTo; hour += 60 {
		_, seconds := timeOf(hour + 60).In(loc).Zone()
		if seconds%60 != 0 {
			return nil, fmt.Errorf("at %s %s is %d seconds from UTC", timeOf(hour+60), loc, seconds)
		}
		if seconds/60 == before {
			continue
		}
		if seconds/60 > before {
			a.gaps++
		} else {
			a.repeats++
		}
		before = seconds / 60
		a.look(hour-aroundTransition, hour+60+aroundTransition)
	}
	return a, nil
}

// look adds the minutes from low on and before high, next to those it has looked at.
func (a *almanac) look(low, high int) {
	if n := len(a.windows); n > 0 && a.windows[n-1].to() >= low {
		low = a.windows[n-1].to()
	} else {
		a.windows = append(a.windows, window{from: low})
	}
	last := &a.windows[len(a.windows)-1]
	for m := low; m < high; m++ {
		last.walls = append(last.walls, m+a.offset(m))
	}
}

// due are the minutes of UTC at which the expression is due on this zone's clocks.
func (a *almanac) due(e *expression) []int {
	var all []int
	from := sweepFrom
	steady := func(to int) {
		if from >= to {
			return
		}
		offset := a.offset(from)
		for _, wall := range e.within(from+offset, to+offset) {
			all = append(all, wall-offset)
		}
	}
	for _, w := range a.windows {
		steady(w.from)
		all = append(all, w.due(e)...)
		from = w.to()
	}
	steady(sweepTo)
	return all
}

// due steps through the window. A wall minute is due when it is first shown, and the minute
// after a gap is due for all that fell into the gap.
func (w window) due(e *expression) []int {
	var all []int
	shown := map[int]bool{}
	for i, wall := range w.walls {
		is := e.names(wall) && !shown[wall]
		for missing := wall - 1; i > 0 && missing > w.walls[i-1]; missing-- {
			is = is || e.names(missing) && !shown[missing]
			shown[missing] = true
		}
		shown[wall] = true
		if is {
			all = append(all, w.from+i)
		}
	}
	return all
}

// own is when, from a minute of the window on, the wall shows hour:minute or jumps over it,
// within a day; else that minute itself.
func (w window) own(from, hour, minute int) int {
	for m := from; m < from+1440; m++ {
		i := m - w.from
		for wall := w.walls[i]; ; wall-- {
			if wall%1440 == hour*60+minute {
				return m
			}
			if m == from || wall-1 <= w.walls[i-1] {
				break
			}
		}
	}
	return from
}
