package templates_test

import (
	"time"

	"github.com/olomotimes/tipsheet/templates"
)

func sampleNewsletters() []templates.Newsletter {
	return []templates.Newsletter{
		{ID: 1, Name: "The morning digest", Schedule: templates.ScheduleInWords("0 7 * * *"), Description: "What happened since yesterday, in four minutes.", Chosen: true},
		{ID: 2, Name: "The Sunday long read", Schedule: templates.ScheduleInWords("0 9 * * 0"), Description: "One story, told to its end."},
		{ID: 3, Name: "Owambe gossip", Schedule: templates.ScheduleInWords("0 18 * * 5"), Description: "Who wore what, who came with whom, and who left early."},
	}
}

// fullPages is a realistic value of every page, by the name its screenshot has.
func fullPages() map[string]templates.Page {
	site, names := sampleSite(), []string{"The morning digest", "Owambe gossip"}
	pages := deskPages()
	for name, p := range map[string]templates.Page{
		"home":           templates.Home{Site: site, Newsletters: sampleNewsletters(), HasArchive: true},
		"home-error":     templates.Home{Site: site, Newsletters: sampleNewsletters(), Address: "ngozi@example", Error: "“ngozi@example” has no ending such as .com. Please check the address."},
		"subscribe-done": templates.SubscribeDone{Site: site, Address: "ngozi@example.com"},
		"confirm":        templates.Confirm{Site: site, Newsletters: names, Action: "/confirm/abc"},
		"confirmed":      templates.Confirmed{Site: site, Newsletters: names, First: "tomorrow at 07:00", HasArchive: true},
		"unsubscribe":    templates.Unsubscribe{Site: site, Newsletter: names[0], Action: "/u/abc", PreferencesURL: "/p/abc"},
		"unsubscribed":   templates.Unsubscribed{Site: site, Newsletter: names[0], BackAction: "/u/abc/back"},
		"preferences":    templates.Preferences{Site: site, Newsletters: sampleNewsletters(), Action: "/p/abc", Saved: true, Asked: true},
		"archive": templates.Archive{Site: site, FeedURL: "/archive/feed", Older: "/archive/?page=2", Issues: []templates.PastIssue{
			{Newsletter: names[0], Subject: "Senate passes the ferry bill · The jeep that nobody bought", Link: "/archive/91", Date: ago(23 * time.Hour), Stories: 11},
			{Newsletter: names[0], Subject: "Teachers go back · Harbour Stars sign a goalkeeper", Link: "/archive/90", Date: ago(47 * time.Hour), Stories: 8},
			{Newsletter: names[1], Link: "/archive/89", Date: ago(90 * time.Hour), Stories: 1},
		}},
		"archive-issue": templates.ArchiveIssue{Site: site, Newsletter: names[0], Subject: "Three wards closed at Oke-Aro General", Date: sampleNow(),
			Note: "Good morning.\n\nFrom four kitchens.", Stories: sampleStories(), Canonical: "https://mail.courier.example.com/archive/92", Older: "/archive/91", Newer: "/archive/93"},
		"archive-frame": templates.ArchiveIssue{Site: site, Newsletter: names[0], Subject: "Three wards closed at Oke-Aro General", Date: sampleNow(), FrameURL: "/archive/92/mail"},
		"message": templates.Message{Site: site, Title: "That link is too old.", What: "The link in the letter worked for three days.",
			Why: "Old links are shut so that nobody finds and uses them later.", Do: "Subscribe once more and a new letter comes.", Link: "/", LinkText: "Subscribe"},
		"not-found": templates.NotFound{Site: site},
	} {
		pages[name] = p
	}
	return pages
}

func deskPages() map[string]templates.Page {
	coming, past := sampleRows()
	closed := templates.Inbox{Desk: sampleDesk("tip"), Lane: templates.Lane{Key: "tip"}, Items: sampleItems()}
	closed.Desk.Alarms = []templates.Alarm{
		{Text: "The mailbox has not been read for 2 h.", Hint: "The server refuses the password: make a new app password and put it into the password file.", Since: ago(2 * time.Hour), Link: "/desk/settings"},
		{Text: "No backup was ever made.", Hint: "Run tipsheet backup FILE, and set backup.every."},
	}
	closed.Desk.Notice = &templates.Notice{Text: "Moved to Gossip. The sorter has learned from it.", Action: "/desk/conversation/36/category", Field: "category", Value: "tip"}
	unsure := sampleConversation()
	unsure.Sorting = templates.Sorting{Category: "tip", Confidence: 0.58, Unsure: true, Second: "other", SecondBest: 0.35, By: "sorter"}
	unsure.Also, unsure.Sensitive, unsure.Owner, unsure.Error = "advert", true, "Amaka", "The reply was empty. Write something first."
	return map[string]templates.Page{
		"sign-in":      templates.SignIn{Site: sampleSite(), Login: "amaka", Error: "That name and password do not go together.", Next: "/desk/issues"},
		"inbox":        closed,
		"inbox-open":   sampleInbox(),
		"conversation": templates.ConversationPage{Desk: sampleDesk("tip"), Conversation: unsure},
		"issues":       templates.Issues{Desk: sampleDesk("issues"), Coming: coming, Past: past, Older: "/desk/issues?before=88"},
		"issue":        sampleIssue(),
		"issue-draft": templates.Issue{Desk: sampleDesk("issues"), Row: coming[0], Closes: ago(-37 * time.Minute), Preheader: "Nurses have moved the children’s ward into a corridor of the old wing.",
			Stories: []templates.IssueStory{{Title: "Fuel price holds", Section: "Business", Lead: true}}, Moves: []string{"approve", "cancel"}},
		"stories":     sampleStoriesPage(),
		"subscribers": sampleSubscribers(),
		"deliveries": templates.Deliveries{Desk: sampleDesk("deliveries"), Word: "refused", Words: []templates.WordCount{{"", 14}, {"refused", 3}, {"deferred", 9}, {"gave_up", 1}, {"uncertain", 1}},
			Rows: []templates.DeliveryRow{
				{Mailing: "The morning digest, 13 May", Link: "/desk/issues/90", Address: "ngozi.eze@example.net", Word: "refused", Attempt: 1, At: ago(47 * time.Hour), Relay: "main", Code: "550 5.1.1", Text: "No such user here"},
				{Mailing: "The morning digest, 13 May", Link: "/desk/issues/90", Address: "a.very.long.address.with.many.dots@mail.subdomain.example.org", Word: "deferred", Attempt: 4, At: ago(40 * time.Minute), Relay: "main", Code: "452 4.2.2", Text: "Mailbox full"},
			}},
		"settings": templates.Settings{Desk: sampleDesk("settings"), PasswordError: "The old password is not right.", Groups: []templates.SettingGroup{
			{Name: "Mailbox", Rows: []templates.SettingRow{{Name: "Contact", Value: "read 40 s ago", Note: "0 missing of 1,284"}, {Name: "Junk", Value: "not read for 2 h", Bad: true}}},
			{Name: "Newsletters", Intro: "Changed with tipsheet newsletter edit.", Rows: []templates.SettingRow{{Name: "The morning digest", Value: "every day at 07:00", Note: "Africa/Lagos"}}},
			{Name: "Relays"},
		}},
		"desk-message": templates.DeskMessage{Desk: sampleDesk(""), Title: "That was already decided.", What: "Musa moved this conversation to Gossip 8 s before you.", Do: "Look again, and move it once more if you still want to.", Link: "/desk/conversation/41", LinkText: "Look again"},
	}
}

func sampleIssue() templates.Issue {
	_, past := sampleRows()
	p := templates.Issue{Desk: sampleDesk("issues"), Row: past[1], PreviewURL: "/desk/issues/90/preview", TextURL: "/desk/issues/90/text", Moves: []string{"pause", "cancel"}, WaitingUntil: ago(-5 * time.Hour),
		Preheader: "Lessons begin on Monday; the backlog of examinations will take until July.",
		Outcomes: []templates.Outcome{
			{Word: "refused", Code: "550 5.1.1", Text: "No such user here", N: 2}, {Word: "refused", Code: "554 5.7.1", Text: "Message refused by policy", N: 1},
			{Word: "gave_up", Code: "452 4.2.2", Text: "Mailbox full", N: 1}, {Word: "skipped", Text: "unsubscribed before it was sent", N: 9},
		}}
	for i, s := range sampleStories()[:8] {
		p.Stories = append(p.Stories, templates.IssueStory{ID: int64(i), Title: s.Title, Link: s.Link, Section: s.Section, Lead: i == 0, Hidden: i == 6})
	}
	return p
}

func sampleStoriesPage() templates.Stories {
	p := templates.Stories{Desk: sampleDesk("stories"), Older: "/desk/stories?before=1", Feeds: []templates.FeedRow{
		{Title: "Oke-Aro Courier", URL: "https://courier.example.com/feeds/posts/default", ReadAt: ago(4 * time.Minute)},
		{Title: "Courier Sport", URL: "https://sport.example.com/feed", FailingSince: ago(7 * time.Hour), Error: "that address is a web page, not a feed"},
	}}
	states := []string{"new", "new", "waiting", "held", "hidden", "gone"}
	for i, s := range sampleStories() {
		row := templates.StoryRow{ID: int64(i), Title: s.Title, Link: s.Link, Author: s.Author, Section: s.Section, Published: ago(time.Duration(i) * 3 * time.Hour), State: states[i%len(states)], Backlog: i > 7}
		if i > 3 {
			row.Issues = []string{"The morning digest, Thursday"}
		}
		p.Stories = append(p.Stories, row)
	}
	return p
}

func sampleSubscribers() templates.Subscribers {
	return templates.Subscribers{Desk: sampleDesk("subscribers"), Query: "example", Older: "/desk/subscribers?after=3",
		Audiences: []templates.Audience{
			{Newsletter: "The morning digest", Schedule: "every day at 07:00", Active: 1284, Pending: 12, Unsubscribed: 96, Bounced: 31, Complained: 2, Growth: []int{1180, 1184, 1190, 1189, 1204, 1211, 1230, 1228, 1241, 1262, 1270, 1284}},
			{Newsletter: "The Sunday long read", Schedule: "every Sunday at 09:00", Active: 412, Pending: 3, Unsubscribed: 20, Bounced: 4, Growth: []int{420, 419, 415, 412}},
		},
		Rows: []templates.SubscriberRow{
			{ID: 1, Address: "ngozi.eze@example.net", Newsletter: "The morning digest", State: "active", Since: ago(40 * 24 * time.Hour)},
			{ID: 2, Address: "tunde@example.org", Newsletter: "The morning digest", State: "bounced", Since: ago(9 * 24 * time.Hour), Why: "550 5.1.1 no such user"},
			{ID: 3, Address: "kemi@example.com", Newsletter: "The Sunday long read", State: "pending", Since: ago(20 * time.Minute)},
		}}
}
