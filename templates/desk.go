package templates

import "time"

// Desk is what every page of the desk shares. Embed-like: each page has it in its field Desk.
type Desk struct {
	Site   Site
	Now    time.Time // in the newsroom's zone: every time of the page is shown in it
	Editor Editor
	Here   string  // which entry is marked: a lane's Key, or issues, stories, subscribers, deliveries, settings
	Lanes  []Lane  // unsorted and the categories that this editor may open
	Mine   []Lane  // checking, snoozed, …; may be empty
	Alarms []Alarm // standing alarms, shown as a banner on every page
	Audit  *Audit  // nil: never run
	Notice *Notice // what the last button did; nil: none
	Live   string  // address of the event stream; empty: no live updates
}

// Editor is who is signed in.
type Editor struct {
	Name  string
	Role  string // admin, editor, sales
	Login string // for password managers; may be empty
}

// Lane is a pile of conversations in the desk's navigation.
type Lane struct {
	Key   string // unsorted, tip, gossip, advert, other, spam, checking, snoozed, done; also the value of ?in=
	Name  string // empty: the usual name of that key
	Count int    // 0 shows no number
}

// Alarm is something that a person must know: what, and what to do.
type Alarm struct {
	Text  string
	Hint  string
	Since time.Time
	Link  string // may be empty
}

// Audit is the last daily comparison of the mailbox with what is stored.
type Audit struct {
	Missing int
	Of      int
	At      time.Time
}

// Notice says what a button did. With Action set it carries one more button that posts there
// (undo); Field and Value, when set, are sent along.
type Notice struct {
	Text   string
	Action string
	Label  string
	Field  string
	Value  string
}

// SignIn is the desk's door. It posts "login", "password" and "next" to /desk/sign-in.
type SignIn struct {
	Site  Site
	Login string
	Error string
	Next  string
}

// DeskMessage is an error or a plain word at the desk: what, why, what to do.
type DeskMessage struct {
	Desk     Desk
	Title    string
	What     string
	Why      string
	Do       string
	Link     string
	LinkText string
}
