package sorter

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReportCountsByHand(t *testing.T) {
	rows := []Row{{Label: Tip}, {Label: Tip}, {Label: Advert}, {Label: Spam}, {Label: "unlabelled"}}
	verdicts := []Verdict{
		{Category: Tip, Confidence: 0.9},
		{Category: Advert, Confidence: 0.9},
		{Category: Advert, Confidence: 0.5, Unsure: true},
		{Category: Spam, Confidence: 1},
		{Category: Spam, Confidence: 1},
	}
	r := tally(rows, verdicts, 0.8)
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("macro-F1", r.MacroF1, (2.0/3+2.0/3+1)/3)
	near("coverage", r.Coverage, 0.75)
	near("precision", r.Precision, 2.0/3)
	near("tips lost", r.TipsLost, 0.5)
	near("ECE", r.ECE, (0.5+0.1+0.9+0)/4)
	if r.Messages != 4 || r.Confusion[Tip][Advert] != 1 {
		t.Errorf("got %+v", r)
	}
	for _, want := range []string{"macro-F1   0.7778", "75.0 %", "tips lost  50.00 %"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("%q is missing in\n%s", want, r)
		}
	}
	var back Report
	b, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil || back.MacroF1 != r.MacroF1 {
		t.Errorf("JSON form: %v, %s", err, b)
	}
}

func TestScoreOfNothingIsZero(t *testing.T) {
	r := load(t).Score(nil)
	if r.Messages != 0 || r.MacroF1 != 0 || r.ECE != 0 || r.Precision != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestRowErrorsNameTheLine(t *testing.T) {
	good := `{"id":"a","from":"A <a@example.com>","subject":"s","body":"b","attachments":["x.pdf"],"label":"tip","also":"advert","source":"w"}`
	for text, want := range map[string]string{
		good + "\n\n{":                        "f.jsonl, line 3: this is not one JSON object",
		`{"label":"news"}`:                    `f.jsonl, line 1: the label "news" is not a category`,
		good + "\n" + `{"body":"b"}`:          `f.jsonl, line 2: "label" is missing`,
		`{"label":"tip","body":5}`:            `f.jsonl, line 1: "body" is a number`,
		`{"label":"tip","id":[1]}`:            `f.jsonl, line 1: "id" must be text or a number`,
		`{"label":"tip"} {"label":"tip"}`:     "f.jsonl, line 1: this is not one JSON object",
		`{"label":"tip","attachments":"one"}`: `"attachments" is a string`,
	} {
		_, err := ReadRows("f.jsonl", strings.NewReader(text), true)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", text, err, want)
		}
	}
	rows, err := ReadRows("f.jsonl", strings.NewReader("\n"+good+"\r\n"+`{"id":7}`), false)
	if err != nil || len(rows) != 2 || rows[0].Text.Attachments[0] != "x.pdf" || rows[0].Also != Advert || rows[1].ID != "7" {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestCorpusWithoutFilesIsAnError(t *testing.T) {
	if _, err := ReadCorpus(fstest.MapFS{"a.txt": {}}); err == nil {
		t.Error("no error")
	}
	if _, err := ReadCorpus(fstest.MapFS{"a.jsonl": {Data: []byte("{}")}}); err == nil || !strings.Contains(err.Error(), "a.jsonl, line 1") {
		t.Errorf("the error is %v", err)
	}
}

func TestDamagedModelIsRefused(t *testing.T) {
	damaged := append([]byte(nil), shipped...)
	damaged[len(damaged)/2] ^= 1
	later := append([]byte(nil), shipped...)
	later[len(magic)]++
	for name, b := range map[string][]byte{"empty": nil, "short": shipped[:100], "cut": shipped[:len(shipped)-1], "damaged": damaged, "later version": later} {
		if _, err := Decode(b); !errors.Is(err, ErrModel) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	if errs := DefaultSettings().Validate(); len(errs) != 0 {
		t.Errorf("the defaults are refused: %v", errs)
	}
	bad := Settings{Threshold: 1, AlsoThreshold: math.NaN(), Costs: []Cost{{Actual: "news", Filed: Tip, Cost: -1}, {Actual: Tip, Filed: Tip, Cost: 1}}}
	if errs := bad.Validate(); len(errs) != 5 {
		t.Errorf("want 5 errors, got %v", errs)
	}
}

func TestOwnExponentialIsRight(t *testing.T) {
	checked := 0
	for x := -699.0; x <= 0; x += 0.37 {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-12*want {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
		checked++
	}
	if checked == 0 || exp(-1e9) != 0 || exp(0) != 1 {
		t.Error("the ends are wrong")
	}
}

func TestFewRowsTrainWithoutFolds(t *testing.T) {
	m := Train([]Row{{Label: Tip, Text: Text{Body: "soldiers shot"}}, {Label: Advert, Text: Text{Body: "banner rates"}}, {Label: "?"}}, 1)
	if v := m.Sort(Text{Body: "banner rates please"}); v.Category != Advert {
		t.Errorf("got %+v", v)
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add(`{"id":"a","label":"tip","body":"b"}` + "\n{")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadRows("f", strings.NewReader(text), true)
		for _, r := range rows {
			if _, known := classOf(r.Label); !known {
				t.Errorf("%q passed as a label", r.Label)
			}
		}
		if err != nil && !strings.Contains(err.Error(), "line") {
			t.Errorf("the error names no line: %v", err)
		}
	})
}
