package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
)

const (
	mailSize  = 40_000 // bytes on the wire, with the header
	headSize  = 1_500  // of which the mailer's own header has about so many
	tolerance = 0.03   // of the size that is found at the server
	stories   = 20
	siteURL   = "https://mail.post.example.com"
)

// profile is the sender of the digest.
var profile = data.Header{
	From: "digest@post.example.com", FromName: "Harmattan Post", ReplyTo: "contact@post.example.com", Domain: "post.example.com",
	Bounce: "bounce@post.example.com", SiteURL: siteURL, Site: "Harmattan Post", List: "The Morning Post", ListID: "morning.post.example.com",
	Archive: siteURL + "/archive/", Contact: "contact@post.example.com",
}

// words are a digest set from the paper's own templates whose mail has mailSize bytes: the editor's
// note fills what the stories leave.
func words(due time.Time) (data.Variant, error) {
	mail, err := templates.NewMail()
	if err != nil {
		return data.Variant{}, err
	}
	var v data.Variant
	for note, tries := 40, 0; ; tries++ {
		if v, err = digest(mail, due, note); err != nil {
			return v, err
		}
		size, err := composedSize(v, due)
		if err != nil {
			return v, err
		}
		over := size - (mailSize - headSize)
		if over > -100 && over < 100 {
			return v, nil
		}
		note -= over / 14 // a word stands in both parts
		if note < 1 || tries > 50 {
			return v, fmt.Errorf("the digest has %d bytes and cannot be made one of %d", size, mailSize)
		}
	}
}

func digest(mail *templates.Mail, due time.Time, note int) (data.Variant, error) {
	d := templates.DigestMail{
		Site:           templates.Site{Name: "Harmattan Post", URL: "https://post.example.com", PostalAddress: "1 Example Street, Lagos", Language: "en"},
		NewsletterName: profile.List, Date: due, Language: "en", Subject: "The bridge at Oke-Aro reopens", Note: prose(0, note),
		UnsubscribeURL: siteURL + "/u/" + token.MarkUnsubscribe,
		PreferencesURL: siteURL + "/p/" + token.MarkPreferences,
		ViewURL:        siteURL + "/i/" + token.MarkView,
		ArchiveURL:     profile.Archive,
		ReadingMinutes: 9,
	}
	for i := range stories {
		d.Stories = append(d.Stories, templates.DigestStory{
			Title: prose(i, 8), Link: fmt.Sprintf("https://post.example.com/2026/03/%d-%s.html", i, strings.ReplaceAll(prose(i, 3), " ", "-")),
			Summary: prose(3*i, 35), Section: []string{"Politics", "Business", "Sport", "Culture"}[i%4], Lead: i == 0,
		})
	}
	r, err := mail.Digest(d)
	return data.Variant{Edition: "full", Language: "en", Subject: r.Subject, Preheader: r.Preheader, HTML: r.HTML, Text: r.Text}, err
}

// composedSize is how long both parts are together, encoded, with a short header.
func composedSize(v data.Variant, due time.Time) (int, error) {
	raw, err := smtp.Compose(smtp.Mail{
		From: smtp.Mailbox{Address: profile.From}, To: smtp.Mailbox{Address: "reader@example.com"}, Subject: v.Subject, Date: due,
		MessageID: "<" + token.MarkMessageID + "@" + profile.Domain + ">", Text: v.Text, HTML: v.HTML, Boundary: "1",
	})
	return len(raw), err
}

var vocabulary = strings.Fields(`the council of Abéokuta said on Monday that a new bridge over the river opens before the rains
	while traders at the market ask who pays for the road that leads there and “nobody asked us” says one of them who sells
	yams pepper and cloth since nineteen years the governor’s office answers that funds were set aside in March`)

// prose is n words from a place in the vocabulary that follows from seed, always the same.
func prose(seed, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(vocabulary[(seed*7+i*(1+seed%5))%len(vocabulary)])
	}
	return b.String()
}
