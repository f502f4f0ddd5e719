package enquiry

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// annotated is a message of the sorter's corpus with the facts that a person
// marked in it.
type annotated struct {
	ID      string             `json:"id"`
	Subject string             `json:"subject"`
	Body    string             `json:"body"`
	Facts   map[string]*string `json:"facts"`
}

func adverts(t testing.TB) []annotated {
	t.Helper()
	files, err := filepath.Glob("../sorter/corpus/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var rows []annotated
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var a annotated
			if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
				t.Fatal(err)
			}
			if a.Facts != nil {
				rows = append(rows, a)
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if len(rows) < 500 {
		t.Fatalf("only %d adverts with facts", len(rows))
	}
	return rows
}

func (f Facts) named() map[string]*Fact {
	return map[string]*Fact{"company": f.Company, "format": f.Format, "budget": f.Budget, "dates": f.Dates, "url": f.URL, "phone": f.Phone}
}

// TestFactsMatchWhatPeopleMarked holds the figures of docs/sorter.md: how
// often a fact that is given is right to the letter, and how seldom one is
// invented where a person saw none.
func TestFactsMatchWhatPeopleMarked(t *testing.T) {
	rows := adverts(t)
	read := make([]map[string]*Fact, len(rows))
	for i, row := range rows {
		read[i] = Read(row.Subject, row.Body).named()
	}
	for _, floor := range []struct {
		fact                        string
		precision, recall, invented float64
	}{
		{"budget", 0.90, 0.50, 0.005},
		{"phone", 0.98, 0.95, 0.005},
		{"url", 0.95, 0.90, 0.005},
		{"dates", 0.62, 0.40, 0.015},
		{"format", 0.45, 0.07, 0.005},
		{"company", 0.90, 0.35, 0.01},
	} {
		given, right, marked, invented := 0, 0, 0, 0
		for i, row := range rows {
			want, got := row.Facts[floor.fact], read[i][floor.fact]
			if want != nil {
				marked++
			}
			switch {
			case got == nil:
			case want == nil:
				given++
				invented++
			case got.Text == *want:
				given++
				right++
			default:
				given++
			}
		}
		p, r, inv := float64(right)/float64(given), float64(right)/float64(marked), float64(invented)/float64(len(rows))
		t.Logf("%-8s marked %3d given %3d right %3d: precision %.3f recall %.3f F1 %.3f invented %.4f", floor.fact, marked, given, right, p, r, 2*p*r/(p+r), inv)
		if !(p >= floor.precision) || !(r >= floor.recall) || inv > floor.invented {
			t.Errorf("%s is below its floor %+v", floor.fact, floor)
		}
	}
}
