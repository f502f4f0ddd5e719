package templates_test

import (
	"time"

	"github.com/olomotimes/tipsheet/templates"
)

// lagos is the newsroom's zone without needing the zone files.
func lagos() *time.Location { return time.FixedZone("WAT", 3600) }

func sampleNow() time.Time { return time.Date(2026, 5, 15, 6, 18, 0, 0, lagos()) }

func ago(d time.Duration) time.Time { return sampleNow().Add(-d) }

func sampleSite() templates.Site {
	return templates.Site{
		Name: "Oke-Aro Courier", URL: "https://courier.example.com", Contact: "desk@courier.example.com",
		PostalAddress: "14 Palm Wine Lane, Oke-Aro, Lagos", Accent: "#a3221b", Language: "en",
	}
}

func sampleStories() []templates.DigestStory {
	const base = "https://courier.example.com/2026/05/"
	return []templates.DigestStory{
		{Title: "Three wards closed at Oke-Aro General for want of diesel", Link: base + "wards.html", Section: "Nigeria", Author: "Bisi Adewumi", Lead: true,
			Image: "https://courier.example.com/img/ward.jpg", ImageAlt: "An empty hospital corridor at dusk",
			Summary: "Nurses have moved the children’s ward into a corridor of the old wing. The state says the tanks were filled last week; the gauge in the generator house says something else."},
		{Title: "Senate passes the ferry safety bill at the third attempt", Link: base + "ferry.html", Section: "Politics", Author: "Musa Danladi",
			Image:   "https://courier.example.com/img/ferry.jpg",
			Summary: "Life jackets become compulsory on all lagoon crossings from August. Operators say nobody has told them who pays."},
		{Title: "Governor Akintola’s convoy fined for driving on the bus lane", Link: base + "convoy.html", Section: "Politics",
			Summary: "The fine is ₦20,000 for each of eleven cars. It was paid in cash, at the roadside, within the hour."},
		{Title: "Fuel price holds for a third week", Link: base + "fuel.html", Section: "Business", Image: "https://courier.example.com/img/pump.jpg",
			Summary: "Marketers expect a rise by the end of the month."},
		{Title: "Zinny Foods opens a second bakery and hires 140", Link: base + "zinny.html", Section: "Business",
			Summary: "The new ovens run at night, when the power is cheaper."},
		{Title: "Harbour Stars beat Kano Rovers with ten men", Link: base + "stars.html", Section: "Sport", Author: "Chidi Nwosu",
			Image:   "https://courier.example.com/img/stars.jpg",
			Summary: "The red card came in minute nine, the goal in minute ninety. Coach Yusuf called it ‘a normal Thursday’."},
		{Title: "The wedding that Lekki is talking about", Link: base + "wedding.html", Section: "Gossip",
			Summary: "Two aisles, one groom, and a mother-in-law with a microphone."},
		{Title: "Actress Lola Brights denies she bought the yellow jeep", Link: base + "jeep.html", Section: "Gossip",
			Summary: "Then who drove it to the premiere? We asked all four suspects."},
		{Title: "Schools reopen after the teachers’ strike", Link: base + "schools.html", Section: "Nigeria", Summary: "Lessons begin on Monday; the backlog of examinations will take until July."},
		{Title: "Rain closes two bridges on the Ikorodu road", Link: base + "bridges.html", Section: "Nigeria", Summary: "Drivers are sent over Agbowa."},
	}
}

func sampleDigest() templates.DigestMail {
	const token = "https://mail.courier.example.com/u/abcdefghijklmnopqrstuvwxyz234567"
	return templates.DigestMail{
		Site: sampleSite(), NewsletterName: "The morning digest", Date: time.Date(2026, 5, 15, 7, 0, 0, 0, lagos()),
		Note:    "Good morning. The rain has kept half of the newsroom at home, so today’s paper was made in four kitchens.",
		Stories: sampleStories(), UnsubscribeURL: token, PreferencesURL: "https://mail.courier.example.com/p/abc",
		ViewURL: "https://mail.courier.example.com/i/abc", ArchiveURL: "https://mail.courier.example.com/archive/",
		WhySubscribed: "You get this because you asked for it on 3 March 2026.", ReadingMinutes: 4, MaxStories: 7,
	}
}

func sampleDesk(here string) templates.Desk {
	return templates.Desk{
		Site: sampleSite(), Now: sampleNow(), Editor: templates.Editor{Name: "Amaka Okoro", Role: "editor"}, Here: here,
		Lanes: []templates.Lane{
			{Key: "unsorted", Count: 4}, {Key: "tip", Count: 12}, {Key: "gossip", Count: 31}, {Key: "advert", Count: 7},
			{Key: "other", Count: 5}, {Key: "spam"},
		},
		Mine:  []templates.Lane{{Key: "checking", Count: 3}, {Key: "snoozed", Count: 2}},
		Audit: &templates.Audit{Of: 1284, At: ago(3 * time.Hour)}, Live: "/desk/events?in=tip",
	}
}

func sampleItems() []templates.Item {
	return []templates.Item{
		{ID: 41, Who: "Source amber-heron", Alias: true, At: ago(6 * time.Minute), Subject: "Three wards closed since Monday", Fresh: true,
			Preview: "I work at the general hospital in Oke-Aro. There is no diesel and they moved the children's ward to the corridor of the old wing.",
			Sorting: templates.Sorting{Category: "tip", Confidence: 0.97, By: "sorter"}, Status: "new", Chips: []string{"2 photos", "3 others wrote about this"}},
		{ID: 40, Who: "Zinny Foods", At: ago(22 * time.Minute), Subject: "Banner for our new branch", Fresh: true,
			Preview: "We open on 14 November and want a banner in the newsletter for 2 weeks, budget is N120k, flyer attached.",
			Sorting: templates.Sorting{Category: "advert", Confidence: 0.994, By: "sorter"}, Status: "new", Chips: []string{"1 file"}},
		{ID: 38, Who: "Temi B.", At: ago(64 * time.Minute), Preview: "abeg una don hear say that wedding for Lekki don scatter? the groom mama carry microphone comot for the hall, everybody dey shout",
			Sorting: templates.Sorting{Category: "gossip", Confidence: 0.91, By: "sorter"}, Status: "new"},
		{ID: 37, Who: "Source grey-finch", Alias: true, At: ago(2 * time.Hour), Subject: "FW: circular to all heads of school",
			Preview: "Forwarded: kindly see attached circular on the new levy, it is dated the 2nd and nobody has announced it",
			Sorting: templates.Sorting{Category: "tip", Confidence: 0.58, Unsure: true, Second: "other", SecondBest: 0.35, By: "sorter"}, Status: "new", Messages: 3},
		{ID: 35, Who: "A. Reader", At: ago(3 * time.Hour), Subject: "Wrong name in yesterday's story", Preview: "The chairman is Bello, not Balogun. Please correct.",
			Sorting: templates.Sorting{Category: "other", Confidence: 0.88, By: "sorter"}, Status: "checking", Owner: "Musa"},
		{ID: 33, Who: "promo@mega-wins.example", At: ago(30 * time.Hour), Subject: "YOU have been SELECTED", Preview: "Dear beneficiary, kindly reply with your details to receive",
			Sorting: templates.Sorting{Category: "spam", By: "editor"}, Status: "done"},
	}
}

func sampleConversation() templates.Conversation {
	return templates.Conversation{
		ID: 41, Subject: "Three wards closed since Monday", Who: "Source amber-heron", Alias: true,
		Sorting: templates.Sorting{Category: "tip", Confidence: 0.97, By: "sorter"},
		Why:     []string{"I work at", "closed since", "ward", "two photos"}, Status: "new",
		Moves: []string{"take", "checking", "stood_up", "spiked", "done"},
		Cautions: []string{
			"Careful with this source. The mail came from a work address; a reply lands where the employer can read it.",
		},
		Messages: []templates.Letter{
			{ID: 7, Who: "Source amber-heron", At: ago(6 * time.Minute),
				Text:        "I work at the general hospital in Oke-Aro. There is no diesel and they moved the children's ward to the corridor of the old wing. Since Monday three wards are closed, and the staff were told not to talk.\n\nThe pictures are from last night. Please don't use my name.",
				Attachments: []templates.Attachment{{Name: "IMG-1.jpg", Type: "image/jpeg", Size: 1_212_000}, {Name: "IMG-2.jpg", Type: "image/jpeg", Size: 1_404_000, Note: "location inside"}}},
			{ID: 8, Who: "Amaka Okoro", Ours: true, At: ago(2 * time.Minute), State: "delivered 06:17", Text: "Thank you. We will not use your name. Can you write from a private address?",
				Quoted: "I work at the general hospital in Oke-Aro."},
		},
		CanReply: true, ReplyTo: "Source amber-heron",
	}
}

func sampleInbox() templates.Inbox {
	c := sampleConversation()
	return templates.Inbox{Desk: sampleDesk("tip"), Lane: templates.Lane{Key: "tip"}, Items: sampleItems(), Open: &c, Older: "/desk/inbox?in=tip&before=33", Total: 12}
}

func sampleRows() (coming, past []templates.IssueRow) {
	at := func(day, hour int) time.Time { return time.Date(2026, 5, day, hour, 0, 0, 0, lagos()) }
	coming = []templates.IssueRow{
		{ID: 92, Newsletter: "The morning digest", Subject: "Three wards closed at Oke-Aro General · Fuel price holds", Due: at(15, 7), State: "draft", Stories: 9, Readers: 1284},
		{ID: 93, Newsletter: "The Sunday long read", Due: at(17, 9), State: "awaiting_approval", Readers: 412, Stories: 3},
	}
	past = []templates.IssueRow{
		{ID: 91, Newsletter: "The morning digest", Subject: "Senate passes the ferry bill · The jeep that nobody bought", Due: at(14, 7), State: "sending", Stories: 11,
			Counts: templates.Counts{Audience: 1284, Accepted: 861, Refused: 2, Deferred: 9, Open: 412}},
		{ID: 90, Newsletter: "The morning digest", Subject: "Teachers go back · Harbour Stars sign a goalkeeper", Due: at(13, 7), State: "complete", Stories: 8,
			Counts: templates.Counts{Audience: 1281, Accepted: 1268, Refused: 3, GaveUp: 1, Skipped: 9, LeftOut: 2}},
		{ID: 89, Newsletter: "The morning digest", Due: at(12, 7), State: "skipped", Reason: "no new story since the last issue"},
		{ID: 88, Newsletter: "The morning digest", Subject: "Market fire at Mile Nine", Due: at(11, 7), State: "held", Reason: "the clock of the machine jumped by 2 h", Stories: 6, Readers: 1279},
	}
	return coming, past
}
