package templates_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/olomotimes/tipsheet/templates"
)

// The pictures of the sample digests, drawn for them: flat shapes in the paper's own colours.
var drawings = map[string]string{
	"ward":  `<rect width="600" height="338" fill="#cdbfae"/><path d="M0 338 215 200V96L0 0z" fill="#b3a28d"/><path d="M600 338 385 200V96L600 0z" fill="#bdad99"/><path d="M0 338h600L385 200H215z" fill="#8f8272"/><path d="M0 0h600L385 96H215z" fill="#ded3c4"/><path d="M215 96h170v104H215z" fill="#e8dcc6"/><path d="M262 112h76v88h-76z" fill="#f3e7c9"/><path d="M300 112v88" stroke="#b3a28d" stroke-width="3"/><path d="M60 126 120 140V232L60 266z" fill="#93836f"/><path d="M540 126 480 140V232L540 266z" fill="#9d8d79"/><rect x="150" y="226" width="92" height="10" fill="#5b5145"/><path d="M158 236v34M234 236v34" stroke="#5b5145" stroke-width="5"/><rect x="150" y="206" width="26" height="20" rx="6" fill="#efe7da"/>`,
	"ferry": `<rect width="600" height="338" fill="#e3c9a8"/><circle cx="440" cy="128" r="46" fill="#d98b5f"/><rect y="190" width="600" height="148" fill="#5d7f86"/><path d="M0 214h600M0 250h600M0 292h600" stroke="#6f9197" stroke-width="4" stroke-dasharray="70 46"/><path d="M120 176h270l-34 62H158z" fill="#2e3b40"/><path d="M160 132h170v44H160z" fill="#f3ecdf"/><path d="M176 144h24v18h-24zM214 144h24v18h-24zM252 144h24v18h-24zM290 144h24v18h-24z" fill="#5d7f86"/><path d="M286 92h30v40h-30z" fill="#a3221b"/>`,
	"pump":  `<rect width="600" height="338" fill="#b9c7c6"/><rect y="262" width="600" height="76" fill="#7d8b8a"/><path d="M40 60h520v34H40z" fill="#f3ecdf"/><path d="M80 94h20v168H80zM500 94h20v168h-20z" fill="#95a3a2"/><rect x="230" y="126" width="130" height="150" rx="10" fill="#a3221b"/><rect x="250" y="144" width="90" height="48" rx="4" fill="#1b1a18"/><path d="M360 160h26v78q0 16 14 16t14-16v-60" fill="none" stroke="#1b1a18" stroke-width="9"/>`,
	"stars": `<rect width="600" height="338" fill="#8fae7f"/><path d="M0 0h75v338H0zM150 0h75v338h-75zM300 0h75v338h-75zM450 0h75v338h-75z" fill="#9ab98a"/><circle cx="300" cy="169" r="84" fill="none" stroke="#eef2e6" stroke-width="6"/><path d="M300 0v338" stroke="#eef2e6" stroke-width="6"/><circle cx="352" cy="196" r="20" fill="#fff"/><path d="m352 184 11 8-4 13h-14l-4-13z" fill="#1b1a18"/>`,
	"other": `<rect width="600" height="338" fill="#d8d0c0"/><path d="M0 338 190 150l110 100 120-150 180 238z" fill="#a7b6a6"/><path d="M0 338 120 240l150 98z" fill="#8f9f93"/><circle cx="470" cy="84" r="34" fill="#e9b872"/>`,
}

// servePictures answers /img/NAME.jpg with a drawing.
func servePictures(w http.ResponseWriter, r *http.Request) {
	shapes, ok := drawings[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/img/"), ".jpg")]
	if !ok {
		shapes = drawings["other"]
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 338" width="600" height="338">%s</svg>`, shapes)
}

// fullDigest is the sample with every part that a digest can have.
func fullDigest() templates.DigestMail {
	d := sampleDigest()
	d.Note = strings.TrimPrefix(d.Note, "Good morning. ")
	d.Greeting, d.NoteBy = "Good morning, Temi.", "Amaka Okoro, editor"
	d.Stories[0].FromTip = true
	d.Corrections = []templates.Correction{{Text: "Yesterday we wrote that Alhaji Bello chairs the water board. He chairs the road board; Hajia Rukayat Sule chairs the water board. We are sorry.", Link: "https://courier.example.com/2026/05/water.html"}}
	return d
}

// withAdvert is a digest with a booked place.
func withAdvert(d templates.DigestMail) templates.DigestMail {
	d.Placements = []templates.Placement{{Place: templates.PlaceMiddle, PaidBy: "Zinny Foods", Title: "Our Surulere branch opens on 14 November.", Text: "Jollof on the house for the first hundred guests.", Link: "https://zinny.example.com/"}}
	return d
}

var moreTitles = []string{
	"Traders at Mile Nine market get receipts, and want their money back",
	"The bridge at Ojurin has a crack, and a committee",
	"Police find the mayor’s missing goat; the goat declines to comment",
	"How a retired teacher in Gboko taught 400 children to swim",
	"Cassava prices fall below last year’s for the first time since March",
	"Court orders Palm Estate to open its gates to the water tanker",
	"Radio host Kiki Danjuma leaves the morning show ‘for sleep’",
	"Nine buses, one driver: inside the depot that ran out of people",
}

// digestOf25 is a long day: 25 stories, all in full, each third with a picture.
func digestOf25() templates.DigestMail {
	d := fullDigest()
	sections := []string{"Nigeria", "Politics", "Business", "Sport", "Gossip"}
	for i := len(d.Stories); i < 25; i++ {
		st := templates.DigestStory{Title: moreTitles[i%len(moreTitles)], Section: sections[i%len(sections)], Author: "Bisi Adewumi",
			Link:    fmt.Sprintf("https://courier.example.com/2026/05/a-long-address-as-blogs-make-them-%d.html", i),
			Summary: "It began with a letter that nobody signed. By noon the council had met twice, the road was closed at both ends, and the man who sells roasted corn by the gate knew more about it than the chairman did. What happened next is on tape, and we have heard the tape."}
		if i%3 == 0 {
			st.Image = fmt.Sprintf("https://courier.example.com/img/p%d.jpg", i)
		}
		d.Stories = append(d.Stories, st)
	}
	d.MaxStories = 25
	return d
}

// local sends a digest's pictures to a server of the test.
func local(html, server string) string {
	return strings.ReplaceAll(html, "https://courier.example.com/img/", server+"/img/")
}
