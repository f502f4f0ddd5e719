package smtp

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestPreparingTakesNoMemoryPerReader(t *testing.T) {
	f := form(t, large())
	var p Prepared
	v, e := valuesOf(1, "Ada \"Zoë\" Ọlá"), reader(1)
	v.Bounce = tokenOf("boun", 1)
	prepare := func() {
		if err := f.Prepare(&p, e, v); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(200, prepare); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(p.plain) < 35_000 {
		t.Errorf("only %d bytes were prepared", len(p.plain))
	}
}

// large is a digest of 40 KB with a place for everything.
func large() Mail {
	m := marked()
	m.HTML = strings.Repeat("<p>Ferry fares rise and the whole town is talking about it today.</p>\n", 420) + m.HTML
	m.Text = strings.Repeat("Ferry fares rise and the whole town is talking about it.\n", 130) + m.Text
	return m
}

func TestFastPathPreparesWhatTheGeneralOneDoes(t *testing.T) {
	signer, _ := keyPair(t)
	plain := form(t, large())
	signed, err := plain.SignedBy(signer)
	if err != nil {
		t.Fatal(err)
	}
	var p Prepared
	for i, name := range []string{"Ada", "", "Zoë", ".", strings.Repeat("long ", 20), "utf8"} {
		v, e := valuesOf(i, name), reader(i)
		if name == "utf8" {
			v.To.Address, e.To = "zoë@bücher.example", "zoë@bücher.example"
		}
		for _, f := range []*Form{plain, signed} {
			general, err := Prepare(e, spliced(t, f, v))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Prepare(&p, e, v); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(p.plain, general.plain) || !bytes.Equal(p.dotted(), general.dotted()) || !bytes.Equal(p.to, general.to) ||
				!bytes.Equal(p.from, general.from) || p.eightBit != general.eightBit || p.utf8 != general.utf8 || len(general.dots) > 0 {
				t.Errorf("%q is prepared otherwise", name)
			}
		}
	}
}

func TestSenderCarriesTheToken(t *testing.T) {
	f := form(t, marked())
	v := valuesOf(1, "")
	v.Bounce = tokenOf("boun", 1)
	var p Prepared
	for range 2 {
		if err := f.Prepare(&p, Envelope{From: "bounces@bücher.example", To: "a@example.net"}, v); err != nil {
			t.Fatal(err)
		}
		if want := "bounces+" + string(v.Bounce[:]) + "@xn--bcher-kva.example"; string(p.from) != want {
			t.Errorf("sender %s", p.from)
		}
	}
}

func TestFormRefusesValuesThatCannotBeMailed(t *testing.T) {
	f := form(t, marked())
	var p Prepared
	for name, change := range map[string]func(*Envelope, *Values){
		"no token":          func(_ *Envelope, v *Values) { v.Unsubscribe = Token{} },
		"line end in token": func(_ *Envelope, v *Values) { v.View[3] = '\n' },
		"upper case":        func(_ *Envelope, v *Values) { v.MessageID[0] = 'A' },
		"bounce token":      func(_ *Envelope, v *Values) { v.Bounce[0] = '>' },
		"null sender's":     func(e *Envelope, v *Values) { e.From, v.Bounce = "", tokenOf("boun", 1) },
		"sender too long": func(e *Envelope, v *Values) {
			e.From, v.Bounce = strings.Repeat("b", 40)+"@example.org", tokenOf("boun", 1)
		},
		"quoted sender":      func(e *Envelope, v *Values) { e.From, v.Bounce = `"b c"@example.org`, tokenOf("boun", 1) },
		"envelope":           func(e *Envelope, _ *Values) { e.To = "a@example.net>\r\nDATA\r\n" },
		"To field":           func(_ *Envelope, v *Values) { v.To.Address = "a@example.net>\r\nBcc: <b@example.net" },
		"To without address": func(_ *Envelope, v *Values) { v.To.Address = "" },
	} {
		e, v := reader(1), valuesOf(1, "Ada")
		change(&e, &v)
		if err := f.Prepare(&p, e, v); !errors.Is(err, ErrUnfit) || len(p.plain) > 0 {
			t.Errorf("%s: %v, %d bytes are left", name, err, len(p.plain))
		}
	}
	// What was refused leaves nothing behind.
	if err := f.Prepare(&p, reader(2), valuesOf(2, "Ada")); err != nil || !bytes.Equal(p.plain, spliced(t, f, valuesOf(2, "Ada"))) {
		t.Errorf("the next one: %v", err)
	}
}

func TestNamesAreCutAndCleaned(t *testing.T) {
	for name, want := range map[string]string{
		"Ada":                          "Ada",
		"  Ada \t\r\n  Lovelace  ":     "Ada Lovelace",
		"\x00\x1b\n":                   "",
		"a\u202eb\u2066c\u200f":        "abc",
		"\xff\xfe":                     "\uFFFD\uFFFD",
		"Zoë\u00a0Ọlá\u2028":           "Zoë Ọlá",
		strings.Repeat("ọ", 70):        strings.Repeat("ọ", 64),
		strings.Repeat("a", 63) + " b": strings.Repeat("a", 63),
	} {
		if got := string(appendName(nil, name)); got != want {
			t.Errorf("%q became %q", name, got)
		}
	}
}
