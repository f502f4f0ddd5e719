package thread

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/inbox/message"
)

func TestBaseSubjectDropsWhatAnsweringPutsAround(t *testing.T) {
	for in, want := range map[string]string{
		"Flood on Marina Road":             "flood on marina road",
		"Re: Flood":                        "flood",
		"RE: FW: re[2]: Flood":             "flood",
		"AW: WG: Flood":                    "flood",
		"Re : Flood":                       "flood",
		"[tips] Re: [tips] Flood":          "flood",
		"Flood (fwd) (fwd)":                "flood",
		"[Fwd: Flood]":                     "flood",
		"Re: [Fwd: [Fwd: Re: Flood (fwd)]": "[fwd: re: flood",
		"[only a blob]":                    "[only a blob]",
		"回复：洪水":                            "洪水",
		"Re:":                              "",
		"Reference: 12":                    "reference: 12",
		"  many   blanks\t":                "many blanks",
		"":                                 "",
	} {
		if got := BaseSubject(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestReferencesAreInOrderAndEachOnce(t *testing.T) {
	m := message.Parse([]byte("Message-ID: <me@x.example>\nReferences: <a@x.example> <b@x.example>\n <a@x.example> <me@x.example>\nIn-Reply-To: <c@x.example>\n\n"))
	if got, want := References(m), []string{"<b@x.example>", "<a@x.example>", "<c@x.example>"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := References(message.Message{}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestLongReferencesKeepTheRootAndTheNearest(t *testing.T) {
	var m message.Message
	for i := range 300 {
		m.References = append(m.References, fmt.Sprintf("<%d@x.example>", i))
	}
	got := References(m)
	if len(got) != MaxReferences || got[0] != "<0@x.example>" || got[1] != "<251@x.example>" || got[49] != "<299@x.example>" {
		t.Errorf("got %v", got)
	}
}

func FuzzBaseSubject(f *testing.F) {
	for _, s := range []string{"Re: x", "[Fwd: [a] re[2]: x (fwd)]", "回复：x", "[[[[", "re:re:re:", "A\xc2\xc2", strings.Repeat("\xc2", 4100), strings.Repeat("Ⱥ", 2000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		base := BaseSubject(s)
		if again := BaseSubject(base); again != base {
			t.Fatalf("%q gives %q, which gives %q", s, base, again)
		}
		if strings.TrimSpace(base) != base {
			t.Fatalf("blanks around %q", base)
		}
	})
}
