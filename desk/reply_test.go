package desk

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/token"
)

func TestAReplyIsOneLetterThatJoinsItsThread(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	second := advert()
	second.into, second.MessageID, second.Subject, second.NewText = id, "<ad-2@zinny.example.com>", "RE: Re: Banner for our new branch", "Any news?"
	b := f.as("ada")
	path := fmt.Sprintf("/desk/conversation/%d/reply", id)
	a := b.post(path, "text", "Dear Zinny,\r\n\r\n.\r\nthe rates follow.", "in", "advert")
	f.want(a, http.StatusSeeOther)
	f.want(b.get(a.header.Get("Location")), http.StatusOK, "The reply is on its way.", "the rates follow.", "on its way", "Editor ada")
	first := f.letters()
	if len(first) != 1 {
		t.Fatalf("%d letters, want 1", len(first))
	}
	h := first[0].Header
	if h.InReplyTo != "<ad-1@zinny.example.com>" || h.Refs != "<ad-1@zinny.example.com>" || h.Automatic || h.From != "desk@news.example.com" {
		t.Errorf("header %+v", h)
	}
	f.arrive(second)
	f.want(b.post(path, "text", "They are attached to the last one."), http.StatusSeeOther)
	all := f.letters()
	if len(all) != 2 {
		t.Fatalf("%d letters, want 2", len(all))
	}
	h = all[1].Header
	ours := token.MessageID(f.Keys, all[0].ID, 1, "news.example.com")
	if want := "<ad-1@zinny.example.com> " + ours + " <ad-2@zinny.example.com>"; h.InReplyTo != "<ad-2@zinny.example.com>" || h.Refs != want {
		t.Errorf("in reply to %s, references %s, want %s", h.InReplyTo, h.Refs, want)
	}
	v, err := f.DB.Variants(t.Context(), all[1].ID)
	if err != nil || len(v) != 1 {
		t.Fatalf("%d variants: %v", len(v), err)
	}
	if v[0].Subject != "Re: Banner for our new branch" || v[0].HTML != "" || !strings.Contains(v[0].Text, "attached to the last one") {
		t.Errorf("the letter is %+v", v[0])
	}
	to, err := f.DB.Deliveries(t.Context(), all[1].ID, "", 0, 10)
	if err != nil || len(to) != 1 || to[0].Address != "sales@zinny.example.com" {
		t.Errorf("it goes to %+v (%v)", to, err)
	}
}

func TestAButtonPressedTwiceIsOneReply(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	b := f.as("ada")
	done := make(chan int)
	for range 4 {
		go func() {
			v := url.Values{"text": {"The rates follow."}}
			res, err := http.DefaultTransport.RoundTrip(b.request(http.MethodPost, fmt.Sprintf("/desk/conversation/%d/reply", id), v.Encode()))
			if err != nil {
				done <- 0
				return
			}
			res.Body.Close()
			done <- res.StatusCode
		}()
	}
	for range 4 {
		if status := <-done; status != http.StatusSeeOther {
			t.Errorf("status %d", status)
		}
	}
	if n := len(f.letters()); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	f.clock.Add(2 * secondPress)
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", "The rates follow."), http.StatusSeeOther)
	if n := len(f.letters()); n != 2 {
		t.Errorf("%d letters after a while, want 2", n)
	}
}

func TestAReplyCarriesNoHeaderOfItsSender(t *testing.T) {
	f := newDesk(t)
	for i, evil := range []string{
		"Hello\r\nBcc: all@example.com", "Hello\nBcc: all@example.com", "Hello\u2028Bcc: x", "Hello\u0085Bcc: x", "Hello\x00x",
		"Re: \r\n\r\nbody", strings.Repeat("long ", 1000), "\u202egnihton",
	} {
		m := advert()
		m.Subject = evil
		m.MessageID = "<a@b>\r\nBcc: all@example.com"
		m.FromName = evil
		id, _ := f.arrive(m)
		f.want(f.as("ada").post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", "ok "+evil), http.StatusSeeOther)
		all := f.letters()
		if len(all) != i+1 {
			t.Fatalf("%q: %d letters", evil, len(all))
		}
		last := all[i]
		v, err := f.DB.Variants(t.Context(), last.ID)
		if err != nil || len(v) != 1 {
			t.Fatal(len(v), err)
		}
		header := v[0].Subject + last.Header.InReplyTo + last.Header.Refs
		if strings.ContainsAny(header, "\r\n\x00\u2028\u0085\u202e") || len(v[0].Subject) > 4*maxSubject {
			t.Errorf("%q became %q", evil, header)
		}
		if last.Header.InReplyTo != "" {
			t.Errorf("a Message-ID that is none was answered: %q", last.Header.InReplyTo)
		}
	}
}

func TestAReplyGoesWhereItsSenderAskedAndSaysSo(t *testing.T) {
	f := newDesk(t)
	m := advert()
	m.ReplyTo = "bookings@zinny.example.net"
	id, _ := f.arrive(m)
	b := f.as("ada")
	f.want(b.get(fmt.Sprint("/desk/conversation/", id)), http.StatusOK, "bookings@zinny.example.net", "another address than the mail came from")
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", "hi"), http.StatusSeeOther)
	to, err := f.DB.Deliveries(t.Context(), f.letters()[0].ID, "", 0, 10)
	if err != nil || len(to) != 1 || to[0].Address != "bookings@zinny.example.net" {
		t.Errorf("it goes to %+v (%v)", to, err)
	}
}

func TestWhatCannotBeAnsweredSaysWhy(t *testing.T) {
	f := newDesk(t)
	for _, tt := range []struct{ from, replyTo, why string }{
		{"", "", "names no address"},
		{"not an address", "", "names no address"},
		{"a@b.example.com, c@d.example.com", "", "names no address"},
		{"x@example.com\r\nBcc: y@example.com", "", "names no address"},
		{"Desk@News.example.com", "", "from the desk itself"},
		{"x@example.com", "desk@news.example.com", "from the desk itself"},
	} {
		m := advert()
		m.FromAddress, m.ReplyTo = tt.from, tt.replyTo
		id, _ := f.arrive(m)
		b := f.as("ada")
		f.want(b.get(fmt.Sprint("/desk/conversation/", id)), http.StatusOK, tt.why)
		f.unchanged("a reply to "+tt.from, func() {
			f.want(b.post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", "hello"), http.StatusUnprocessableEntity, tt.why)
		})
	}
}

func TestAReplyThatIsNotTakenIsNotLost(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	b := f.as("ada")
	path := fmt.Sprintf("/desk/conversation/%d/reply", id)
	long := strings.Repeat("word ", maxReply/5+1)
	f.want(b.post(path, "text", "  \r\n "), http.StatusUnprocessableEntity, "nothing in it yet")
	f.want(b.post(path, "text", long+"THE END", "in", "advert"), http.StatusUnprocessableEntity, "longer than", "THE END")
	if n := len(f.letters()); n != 0 {
		t.Errorf("%d letters", n)
	}
}

func TestALetterThatCameBackFromSentStandsOnce(t *testing.T) {
	f := newDesk(t)
	id, _ := f.arrive(advert())
	b := f.as("ada")
	f.want(b.post(fmt.Sprintf("/desk/conversation/%d/reply", id), "text", "The rates follow tomorrow."), http.StatusSeeOther)
	f.arrive(mail{into: id, Reading: data.Reading{
		Ours: true, FromAddress: "desk@news.example.com", MessageID: token.MessageID(f.Keys, f.letters()[0].ID, 1, "news.example.com"),
		NewText: "The rates follow tomorrow.",
	}})
	a := b.get(fmt.Sprint("/desk/conversation/", id))
	if n := strings.Count(a.body, "The rates follow tomorrow."); n != 1 {
		t.Errorf("the reply stands %d times", n)
	}
}
