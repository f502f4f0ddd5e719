package sorter

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func load(t testing.TB) *Model {
	t.Helper()
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func corpus(t testing.TB) []Row {
	t.Helper()
	rows, err := ReadCorpus(os.DirFS("corpus"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2000 {
		t.Fatalf("the corpus has only %d messages", len(rows))
	}
	return rows
}

func TestTrainingAgainGivesTheShippedBytes(t *testing.T) {
	again, err := Train(corpus(t), StarterSeed).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, shipped) {
		t.Fatal("model.bin is not what the corpus trains to: run make train and commit it")
	}
	if len(shipped) >= 5<<20 {
		t.Errorf("the model has %d bytes, 5 MB or more", len(shipped))
	}
}

func TestWritersLeftOutAreSortedWell(t *testing.T) {
	held := []string{"writer-d"}
	var train, test []Row
	for _, r := range corpus(t) {
		if slices.Contains(held, r.Source) {
			test = append(test, r)
		} else {
			train = append(train, r)
		}
	}
	if len(test) < 300 {
		t.Fatalf("only %d messages held out", len(test))
	}
	r := Train(train, StarterSeed).Score(test)
	t.Logf("\n%s", r)
	if r.MacroF1 < 0.90 || r.Precision < 0.97 || r.Coverage < 0.75 || r.TipsLost > 0.005 || r.ECE > 0.06 {
		t.Errorf("below what docs/sorter.md promises:\n%s", r)
	}
}

func TestPlainMailIsSortedForReasonsThatStandInIt(t *testing.T) {
	m := load(t)
	tests := []struct {
		text     Text
		category string
		reason   string
	}{
		{Text{Subject: "Advert rates", Body: "Good day, please send me your rate card. We want a banner for two weeks, our budget is ₦150k. 0803 000 0199"}, Advert, "rate card"},
		{Text{Subject: "Soldiers have closed our road", Body: "Since morning soldiers have blocked the bridge at Ekuro and shot two traders. I am standing here and I have the video."}, Tip, "soldiers"},
		{Text{Subject: "Gist", Body: "Have you heard that the actress Bimpe Asaro is dating her manager? My cousin does her hair and saw them kissing."}, Gossip, "dating"},
		{Text{Subject: "Rank #1 on Google", Body: "Dear sir, we offer cheap SEO backlinks and guest posts on DA 60 sites. Reply for our price list."}, Spam, "backlinks"},
		{Text{Subject: "Unsubscribe", Body: "Please remove my email from your newsletter list, I have asked three times."}, Other, "remove"},
	}
	for _, test := range tests {
		v := m.Sort(test.text)
		if v.Category != test.category {
			t.Errorf("%q is %s (%.2f), want %s", test.text.Subject, v.Category, v.Confidence, test.category)
		}
		all := strings.ToLower(strings.Join(v.Why, " | "))
		if len(v.Why) == 0 || len(v.Why) > maxReasons || !strings.Contains(all, test.reason) {
			t.Errorf("%q: the reasons are %q, want %q among them", test.text.Subject, v.Why, test.reason)
		}
		t.Log(test.text.Subject, v.Category, v.Confidence, v.Unsure, v.Why)
	}
}

func TestReasonsAreSignedAndAddNothing(t *testing.T) {
	reasons := load(t).Explain(Text{Subject: "Advert", Body: "We want to advertise our soap. Soldiers shot at our shop and the police came. How much is a banner?"})
	against := slices.ContainsFunc(reasons, func(r Reason) bool { return r.Toward < 0 })
	if len(reasons) < 3 || !against {
		t.Errorf("reasons for and against are wanted, got %v", reasons)
	}
}

func TestMixedMailNamesBoth(t *testing.T) {
	m := load(t)
	v := m.Sort(Text{Subject: "Banner and an accident", Body: "Good day, we want to place a banner advert on your site for two weeks, our budget is N150,000. Please send your rates.\n\n" +
		"Also for your newsroom: a tanker fell at the junction this morning and police say four people died. I have pictures of the fire."})
	if v.Also == nil || v.Category == *v.Also || !slices.Contains([]string{Tip, Advert}, v.Category) || !slices.Contains([]string{Tip, Advert}, *v.Also) {
		t.Errorf("got %s also %v, want advert and tip", v.Category, v.Also)
	}
	if v := m.Sort(Text{Subject: "Rates", Body: "How much is a banner for a week?"}); v.Also != nil {
		t.Errorf("a plain enquiry is also %s", *v.Also)
	}
}

func TestATextThatSaysNothingIsUnsure(t *testing.T) {
	for _, text := range []Text{{}, {Body: "\x00\xff\xfe"}, {Subject: "...", Body: "\u200b\u200b"}} {
		v := load(t).Sort(text)
		if !v.Unsure || len(v.Why) != 0 || v.Also != nil {
			t.Errorf("%q gives %+v", text.Body, v)
		}
	}
}

func TestLosingATipCostsTenTimes(t *testing.T) {
	m := load(t)
	advert, _ := classOf(Advert)
	tip, _ := classOf(Tip)
	spam, _ := classOf(Spam)
	var risky, harmless [classes]float64
	risky[advert], risky[tip] = 0.95, 0.05
	harmless[advert], harmless[spam] = 0.95, 0.05
	if !m.unsure(risky, advert) || m.unsure(harmless, advert) {
		t.Error("5 % of a tip must make an advert unsure, 5 % of spam must not")
	}
	even := m.With(Settings{Threshold: 0.8, AlsoThreshold: 0.9})
	if even.unsure(risky, advert) {
		t.Error("without costs only the threshold counts")
	}
}

func TestVerdictKeepsTheContract(t *testing.T) {
	b, err := json.Marshal(load(t).Sort(Text{Body: "How much is a banner?"}))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"category", "confidence", "unsure", "scores", "why", "also"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s is missing in %s", name, b)
		}
	}
	if fields["also"] != nil || len(fields["scores"].(map[string]any)) != classes {
		t.Errorf("wrong shape: %s", b)
	}
}

func TestOneWordRepeatedDoesNotTakeOver(t *testing.T) {
	m := load(t)
	text := Text{Subject: "Buy backlinks", Body: "We offer cheap SEO backlinks, DA 60 guest posts and 10,000 real visitors for $49. Reply for our price list."}
	before := m.Sort(text)
	text.Body += strings.Repeat(" tip", 5000)
	after := m.Sort(text)
	if before.Category != Spam || after.Category == Tip && !after.Unsure {
		t.Errorf("%s became %s (%.2f)", before.Category, after.Category, after.Confidence)
	}
}

func TestInvisibleAndAccentedLettersMeanTheSame(t *testing.T) {
	for a, b := range map[string]string{"ad\u200bvert": "advert", "ADVERT": "advert", "Ẹ̀wà": "ewa", "can’t": "can't", "₦150,000": "₦000000", "\u202eadvert\u202c": "advert"} {
		if got := wordToken(a).key; got != b {
			t.Errorf("%q is read as %q, want %q", a, got, b)
		}
	}
}

func TestHostileTextIsBounded(t *testing.T) {
	m := load(t)
	var everyScript strings.Builder
	for r := rune(0x20); r < 0x2fff0 && everyScript.Len() < 1<<20; r += 19 {
		everyScript.WriteRune(r)
	}
	for name, body := range map[string]string{
		"one word":      strings.Repeat("a", 1<<20),
		"many words":    strings.Repeat("a b, ", 1<<18),
		"every script":  everyScript.String(),
		"accents":       "e" + strings.Repeat("\u0301", 1<<19),
		"broken bytes":  strings.Repeat("\xff\xc3 a", 1<<18),
		"empty lines":   strings.Repeat("a b c d e f g h\n\n", 1<<16),
		"right to left": strings.Repeat("\u202e\u2066ab ", 1<<17),
		"numbers":       strings.Repeat("1,2.3 ", 1<<17),
	} {
		v := m.Sort(Text{From: body, Subject: body, Body: body, Attachments: slices.Repeat([]string{body}, 100)})
		check(t, name, v)
	}
}

// check holds what is true of every verdict.
func check(t *testing.T, name string, v Verdict) {
	t.Helper()
	sum := 0.0
	for _, s := range v.Scores {
		sum += s
	}
	if _, known := classOf(v.Category); !known || math.Abs(sum-1) > 0.001 || v.Scores[v.Category] != v.Confidence {
		t.Errorf("%s: %+v", name, v)
	}
	for _, w := range v.Why {
		if !utf8.ValidString(w) || strings.ContainsFunc(w, invisible) || len(w) > 2*maxShownWord+1 {
			t.Errorf("%s: the reason %q is not readable", name, w)
		}
	}
	if len(v.Why) > maxReasons || v.Also != nil && *v.Also == v.Category {
		t.Errorf("%s: %+v", name, v)
	}
}

func FuzzSort(f *testing.F) {
	f.Add("Ada <ada@example.com>", "Advert", "How much na banner? ₦150k\n\nhttps://shop.example.com 0803 000 0199", "flyer.jpg")
	f.Add("", "", "\xff\u202e\u0301 ' , . #5 $", ".")
	f.Add("a@", "www.", "a'b’c 1,2.3 @x a@b", "x.exe")
	m := load(f)
	f.Fuzz(func(t *testing.T, from, subject, body, attachment string) {
		text := Text{From: from, Subject: subject, Body: body, Attachments: []string{attachment}}
		first := m.Sort(text)
		check(t, body, first)
		if again := m.Sort(text); again.Confidence != first.Confidence || !slices.Equal(again.Why, first.Why) {
			t.Errorf("sorted twice: %+v and %+v", first, again)
		}
	})
}
