package enquiry

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func textOf(f *Fact) string {
	if f == nil {
		return ""
	}
	return f.Text
}

func TestACompleteEnquiryIsRead(t *testing.T) {
	subject := "Bánner for Zinny Foods"
	body := "Hello, I manage Zinny Foods. We open our Surulere branch and want a sidebar banner from 3 November to 17 November. " +
		"Our budget is ₦120k per month. See www.zinnyfoods.example.com or call 0803 555 0142.\n\nRegards,\nAda Obiora\n"
	f := Read(subject, body)
	for name, pair := range map[string][2]string{
		"company": {textOf(f.Company), "Zinny Foods"},
		"format":  {textOf(f.Format), "a sidebar banner"},
		"budget":  {textOf(f.Budget), "₦120k per month"},
		"dates":   {textOf(f.Dates), "from 3 November to 17 November"},
		"url":     {textOf(f.URL), "www.zinnyfoods.example.com"},
		"phone":   {textOf(f.Phone), "0803 555 0142"},
		"contact": {textOf(f.Contact), "Ada Obiora"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", name, pair[0], pair[1])
		}
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"text":"₦120k per month","value":{"currency":"NGN","from":120000,"to":120000,"per":"month"}`,
		`"value":{"from":"11-03","to":"11-17","days":null}`,
		`"value":{"url":"https://www.zinnyfoods.example.com","host":"zinnyfoods.example.com"}`,
		`"value":{"digits":"08035550142","e164":"+2348035550142"}`,
		`"value":{"kind":"banner"}`, `"offer":null`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is missing in %s", want, b)
		}
	}
	check(t, subject, body, f)
	if missing := f.Missing(); len(missing) != 1 || missing[0] != "offer" {
		t.Errorf("missing is %v", missing)
	}
}

func TestBudgetIsOnlyWhatTheSenderOffers(t *testing.T) {
	for body, want := range map[string]string{
		"You quoted N130,000 for the banner.":                          "",
		"How much is a banner? Tickets are N5,000.":                    "",
		"Room is N22k per night.":                                      "",
		"We sell plots from N3.5m.":                                    "",
		"Another blog has agreed for 75k.":                             "",
		"We have 25,000 readers.":                                      "",
		"> Our budget is N50,000":                                      "",
		"Our budget is N50,000. For the second our budget is N90,000.": "",
		"Our budget is N250k.":                                         "N250k",
		"I get 20k for hand.":                                          "20k",
		"We can pay 150,000 naira.":                                    "150,000 naira",
		"Our limit is $200–300 per post.":                              "$200–300 per post",
		"We have approval for ₦2.5m in total.":                         "₦2.5m",
		"Nous disposons de 45 000 FCFA.":                               "45 000 FCFA",
		"Banner for one month please. N60k.":                           "N60k",
	} {
		if got := textOf(Read("Advert", body).Budget); got != want {
			t.Errorf("%q: the budget is %q, want %q", body, got, want)
		}
	}
}

func TestSumsAreComputed(t *testing.T) {
	for body, want := range map[string][2]float64{
		"Our budget is $200–300.":          {200, 300},
		"Our budget is N1.2 million.":      {1.2e6, 1.2e6},
		"Our budget is N3,400,000.":        {3.4e6, 3.4e6},
		"Our budget is 100-130k.":          {0, 0},
		"Our budget is ₦100-130k monthly.": {100e3, 130e3},
	} {
		var got [2]float64
		if b := Read("", body).Budget; b != nil {
			m := b.Value.(Money)
			got = [2]float64{m.From, m.To}
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	}
}

func TestNumbersThatAreNoPhone(t *testing.T) {
	for body, want := range map[string]string{
		"Account number 0123456789.":                    "",
		"Invoice 2024001234 is paid.":                   "",
		"N100,000,000 was spent":                        "",
		"See https://shop.example.com/0803 555 0142":    "",
		"My number is +234 803 555 0142":                "+234 803 555 0142",
		"WhatsApp 0803-555-0142 or 0805 555 0111":       "0803-555-0142",
		"Impressions: 2000000000 in all, call us today": "",
	} {
		if got := textOf(Read("Advert", body).Phone); got != want {
			t.Errorf("%q: the phone is %q, want %q", body, got, want)
		}
	}
}

func TestTwoSitesAreNoFact(t *testing.T) {
	for body, want := range map[string]string{
		"https://a.example.com and https://b.example.net":         "",
		"https://a.example.com/x, or www.a.example.com":           "https://a.example.com/x",
		"Write to ada@shop.example.com":                           "",
		"Our site (shop.example.com) is new.":                     "shop.example.com",
		"Today.Tomorrow we come. Version 1.2 e.g. this, etc.":     "",
		"See https://shop.example.com/page?x=1. Thanks":           "https://shop.example.com/page?x=1",
		"> https://quoted.example.com\nhttps://mine.example.com/": "https://mine.example.com/",
	} {
		if got := textOf(Read("Advert", body).URL); got != want {
			t.Errorf("%q: the page is %q, want %q", body, got, want)
		}
	}
}

func TestDatesAreWhenItRuns(t *testing.T) {
	for body, want := range map[string]string{
		"Please reply by 5 May.":                       "",
		"We are 12 years in business.":                 "",
		"Banner from 1st to 30th June please":          "from 1st to 30th June",
		"It should run 1-14 March.":                    "1-14 March",
		"Banner for two weeks":                         "two weeks",
		"June 3 – June 9 is best":                      "June 3 – June 9",
		"Banner on 3 May or on 9 June":                 "",
		"Post it next Friday":                          "next Friday",
		"I want 2 weeks starting 5 May":                "2 weeks starting 5 May",
		"Date: Mon, 3 Feb\nBanner please":              "",
		"Please quote by 5 May; it runs 3 to 9 August": "3 to 9 August",
	} {
		if got := textOf(Read("Advert", body).Dates); got != want {
			t.Errorf("%q: the dates are %q, want %q", body, got, want)
		}
	}
	d := Read("", "It should run 28 Feb to 14 March.").Dates
	if d == nil || *d.Value.(Dates).From != "02-28" || *d.Value.(Dates).To != "03-14" {
		t.Errorf("got %+v", d)
	}
}

func TestNothingIsReadFromNothing(t *testing.T) {
	f := Read("", "")
	if missing := f.Missing(); len(missing) != 8 {
		t.Errorf("found something: %v is missing", missing)
	}
}

func TestHostileTextIsBounded(t *testing.T) {
	for name, s := range map[string]string{
		"digits":     strings.Repeat("0803 ", 1<<18),
		"sums":       strings.Repeat("₦1,000 budget ", 1<<16),
		"capitals":   strings.Repeat("Abc Def & ", 1<<17),
		"dates":      strings.Repeat("from 1 May to ", 1<<16),
		"formats":    strings.Repeat("banner sponsored post ", 1<<16),
		"dots":       strings.Repeat("a.", 1<<19),
		"broken":     strings.Repeat("\xff\xc3₦5", 1<<18),
		"empty line": strings.Repeat("\n>", 1<<19),
	} {
		check(t, s, s, Read(s, s))
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// check holds what is true of every fact: its text stands at its span.
func check(t *testing.T, subject, body string, f Facts) {
	t.Helper()
	all := []rune(subject + "\n" + body)
	for name, fact := range map[string]*Fact{"company": f.Company, "format": f.Format, "budget": f.Budget, "dates": f.Dates, "url": f.URL, "phone": f.Phone, "contact": f.Contact} {
		if fact == nil {
			continue
		}
		from, to := fact.Span[0], fact.Span[1]
		if from < 0 || to > len(all) || from >= to {
			t.Errorf("%s: the span %v is outside", name, fact.Span)
			continue
		}
		if utf8.ValidString(fact.Text) && string(all[from:to]) != fact.Text {
			t.Errorf("%s: %q stands at %v, not %q", name, string(all[from:to]), fact.Span, fact.Text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Advert", "I run Bella Fashions, budget is N30,000, 0806 000 0157, 1-14 March, www.bella.example.com, a small banner")
	f.Add(strings.Repeat("ẹ", 2000), "\xffbudget $5-\n> 3 May")
	f.Add("", "Our budget is 1 000 000k–2m per week max from May to 3rd")
	f.Fuzz(func(t *testing.T, subject, body string) {
		facts := Read(subject, body)
		check(t, subject, body, facts)
		if _, err := json.Marshal(facts); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	rows := adverts(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Read(rows[i%len(rows)].Subject, rows[i%len(rows)].Body)
	}
}
