package templates

import "time"

// Sorting is a category with its certainty.
type Sorting struct {
	Category   string  // gossip, tip, advert, other, spam
	Confidence float64 // 0 to 1
	Unsure     bool
	Second     string  // the runner-up, named when unsure; may be empty
	SecondBest float64 // its share
	By         string  // sorter, rule, editor
}

// Item is one conversation in the list.
type Item struct {
	ID       int64
	Who      string // a name, or an alias
	Alias    bool   // Who is an alias: the source is not named
	At       time.Time
	Subject  string // empty: "no subject"
	Preview  string
	Sorting  Sorting
	Status   string   // new, checking, stood_up, spiked, done, published
	Owner    string   // may be empty
	Messages int      // more than 1 is shown
	Chips    []string // further facts: "2 photos"
	Fresh    bool     // nobody has opened it yet
}

// Inbox is one lane with, when Open is set, a conversation beside it. Items link to
// /desk/conversation/ID?in=LANE.
type Inbox struct {
	Desk  Desk
	Lane  Lane
	Items []Item
	Open  *Conversation
	Older string // address of the next page; may be empty
	Total int    // conversations in the lane; 0: as many as Items
}

// ConversationPage is a conversation alone, without a list beside it.
type ConversationPage struct {
	Desk         Desk
	Conversation Conversation
}

// Conversation is the thing itself. Its forms post to /desk/conversation/ID/category (field
// "category"), /status (field "status", a word of Moves) and /reply (field "text"), each with a
// field "in" that names the lane to come back to.
type Conversation struct {
	ID        int64
	In        string // the lane it was opened from; empty: its category
	Subject   string
	Who       string
	Alias     bool
	Sorting   Sorting
	Why       []string // the words and facts that decided, best first
	Also      string   // a second category worth a look; may be empty
	Status    string
	Owner     string
	Sensitive bool
	Moves     []string // buttons, in order: take, checking, stood_up, spiked, done, new; the first is the main one
	Cautions  []string // plain sentences to read before acting
	Messages  []Letter
	CanReply  bool // false: there is no address to answer, and NoReply says why
	NoReply   string
	ReplyTo   string // who reads the answer, as it may be shown
	Draft     string // filled back in after an error
	Error     string
}

// Letter is one message of a conversation, ours or theirs; text only.
type Letter struct {
	ID          int64
	Who         string
	Ours        bool
	At          time.Time
	Text        string
	Quoted      string // shown folded; may be empty
	State       string // of ours: "on its way", "delivered 07:12"; may be empty
	Attachments []Attachment
	Warnings    []string // what could not be read fully
	RawURL      string   // address of the original as a file; may be empty
}

// Attachment is a file by name and size; it is offered only where Link is set.
type Attachment struct {
	Name string
	Type string
	Size int64 // bytes
	Link string
	Note string // "location inside"; may be empty
}

// pane is what the thread template is set from.
type pane struct {
	Now          time.Time
	Conversation Conversation
}

// Pane is the open conversation with the page's clock. The lane that it was opened from is the
// page's own.
func (p Inbox) Pane() pane {
	c := *p.Open
	if c.In == "" {
		c.In = p.Lane.Key
	}
	return pane{p.Desk.Now, c}
}

// Pane is the conversation with the page's clock.
func (p ConversationPage) Pane() pane { return pane{p.Desk.Now, p.Conversation} }

// IsOpen says whether the conversation with this id is the one shown beside the list.
func (p Inbox) IsOpen(id int64) bool { return p.Open != nil && p.Open.ID == id }

// Count is how many conversations the lane has.
func (p Inbox) Count() int { return max(p.Total, len(p.Items)) }

// Nothing says what will appear in an empty lane.
func (p Inbox) Nothing() string {
	switch p.Lane.Key {
	case "unsorted":
		return "Mail that the sorter is not sure about waits here for you to decide."
	case "tip":
		return "News tips that reach the contact address appear here, sources under an alias."
	case "gossip":
		return "Gossip that readers send appears here."
	case "advert":
		return "Requests from advertisers appear here."
	case "spam":
		return "Spam is kept here for a while, in case the sorter was wrong."
	case "checking", "mine":
		return "Take a conversation and it waits for you here."
	case "snoozed":
		return "What you put off comes back here by itself."
	}
	return "New mail of this kind appears here by itself."
}
