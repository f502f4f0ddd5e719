package digest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/data/datatest"
)

const (
	lookChild     = "LOOK_CHILD" // the database of a process that enters due times
	lookProcesses = 3
	lookSteps     = 2 * 48 // of half an hour
	lookEvery     = 30 * time.Minute
)

// Three processes make, close and merge the issues of two days, with no lock between them: each
// due time has one issue all the same, and each story is told once.
func TestThreeProcessesMakeOneIssueOfADueTime(t *testing.T) {
	if path := os.Getenv(lookChild); path != "" {
		lookAsChild(t, path)
		return
	}
	clock := datatest.NewClock()
	begun := clock.Now()
	db := datatest.Open(t, clock)
	for _, late := range []string{data.LateSend, data.LateMerge} {
		n := datatest.Newsletter(t, db, late, 3)
		n.Cron, n.Late = "*/30 * * * *", late
		if err := db.EditNewsletter(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	stories := 0
	for at := begun.Add(time.Minute); at.Before(begun.Add(lookSteps * lookEvery)); at = at.Add(100 * time.Minute) {
		datatest.Story(t, db, fmt.Sprintf("Story %d", stories), at)
		stories++
	}
	runLookers(t, db.Path())

	newsletters, err := db.Newsletters(t.Context())
	if err != nil || len(newsletters) != 2 {
		t.Fatalf("%d newsletters, %v", len(newsletters), err)
	}
	for _, n := range newsletters {
		due, told := countIssues(t, db, n)
		for at := begun.Add(lookEvery); !at.After(begun.Add(lookSteps * lookEvery)); at = at.Add(lookEvery) {
			if due[at.UnixMilli()] != 1 {
				t.Errorf("%s: %d issues are due at %s", n.Slug, due[at.UnixMilli()], at)
			}
		}
		// Nobody sends here: what is merged after it has closed may have come too late for another.
		if n.Late == data.LateSend && told != stories || told < 20 {
			t.Errorf("%s: %d of %d stories are told", n.Slug, told, stories)
		}
	}
}

// countIssues says how many issues are due at each millisecond, and how many stories they have
// taken. No story is in two, and each closed issue is for each of the three readers once.
func countIssues(t *testing.T, db *data.DB, n data.Newsletter) (due map[int64]int, told int) {
	t.Helper()
	all, err := db.Issues(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	due = map[int64]int{}
	in := map[int64]int64{}
	for _, i := range all {
		if i.NewsletterID != n.ID {
			continue
		}
		due[i.DueAt.UnixMilli()]++
		stories, err := db.IssueStories(t.Context(), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stories {
			if in[s.ID] != 0 {
				t.Errorf("%s: story %d is in the issues %d and %d", n.Slug, s.ID, in[s.ID], i.ID)
			}
			in[s.ID] = i.ID
		}
		if i.State != data.IssueClosed {
			continue
		}
		if got, err := db.CountDeliveries(t.Context(), i.MailingID); err != nil || got != 3 || i.Audience != 3 {
			t.Errorf("%s: issue %d has %d deliveries for %d readers, %v", n.Slug, i.ID, got, i.Audience, err)
		}
	}
	return due, len(in)
}

// runLookers starts the processes, lets them go at once, and waits for all.
func runLookers(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var children []*exec.Cmd
	var gates []io.Closer
	for range lookProcesses {
		c := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=2m")
		c.Env = append(os.Environ(), lookChild+"="+path)
		gate, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewReader(out)
		if line, err := said.ReadString('\n'); err != nil || !strings.Contains(line, "ready") {
			t.Fatalf("a process said %q, %v", line, err)
		}
		go func() {
			rest, _ := io.ReadAll(said) // it ends with the process
			if strings.Contains(string(rest), "FAIL") {
				t.Errorf("a process said %s", rest)
			}
		}()
		children, gates = append(children, c), append(gates, gate)
	}
	for _, g := range gates {
		g.Close()
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("a process ended with %v", err)
		}
	}
}

// lookAsChild takes no role: it looks on a clock of its own, as fast as it can.
func lookAsChild(t *testing.T, path string) {
	clock := datatest.NewClock()
	db := datatest.OpenAt(t, path, clock)
	d := newDesk(t, db)
	fmt.Println("ready")
	if _, err := io.ReadAll(os.Stdin); err != nil { // the parent opens the gate
		t.Fatal(err)
	}
	for range lookSteps {
		clock.Add(lookEvery)
		look(t, d)
	}
}
