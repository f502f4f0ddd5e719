package templates

import "time"

// StoryRow is one story as the desk lists it.
type StoryRow struct {
	ID        int64
	Title     string
	Link      string
	Author    string
	Section   string
	Published time.Time
	State     string   // new, waiting, held, hidden, gone
	Backlog   bool     // already old when its feed was first seen
	Issues    []string // the issues it is in, by name and day
}

// FeedRow is the health of one feed.
type FeedRow struct {
	Title        string
	URL          string
	ReadAt       time.Time // zero: never
	FailingSince time.Time // zero: well
	Error        string
}

// Stories lists stories, newest first, and the feeds they come from.
type Stories struct {
	Desk    Desk
	Feeds   []FeedRow
	Stories []StoryRow
	Older   string
}

// Audience is one newsletter's readers by state.
type Audience struct {
	Newsletter   string
	Schedule     string
	Active       int
	Pending      int
	Unsubscribed int
	Bounced      int
	Complained   int
	Growth       []int // active readers at the end of each day, oldest first; fewer than two draw nothing
}

// SubscriberRow is one subscription of one address.
type SubscriberRow struct {
	ID         int64
	Address    string
	Newsletter string
	State      string // pending, active, unsubscribed, bounced, complained
	Since      time.Time
	Why        string // may be empty
}

// Subscribers is counts and a list. Its search form sends "q" by GET.
type Subscribers struct {
	Desk      Desk
	Audiences []Audience
	Rows      []SubscriberRow
	Query     string
	Older     string
}

// DeliveryRow is one delivery that needs a look.
type DeliveryRow struct {
	Mailing string // the issue's or letter's name
	Link    string
	Address string
	Word    string
	Attempt int
	At      time.Time
	Relay   string
	Code    string
	Text    string
}

// Deliveries lists deliveries by word. Word is the one chosen, "" for all that are not accepted.
type Deliveries struct {
	Desk  Desk
	Word  string
	Words []WordCount
	Rows  []DeliveryRow
	Older string
}

// WordCount is how many deliveries have a word.
type WordCount struct {
	Word string
	N    int
}

// SettingGroup is a heading with facts under it.
type SettingGroup struct {
	Name  string
	Intro string
	Rows  []SettingRow
}

// SettingRow is one fact: a newsletter, a mailbox, a relay, an editor.
type SettingRow struct {
	Name  string
	Value string
	Note  string
	Bad   bool // it needs a person
}

// Settings shows how the paper is set up, and changes the editor's own password: it posts "old",
// "new" to /desk/settings/password.
type Settings struct {
	Desk          Desk
	Groups        []SettingGroup
	PasswordError string
}
