package templates

import "fmt"

// CategoryName is what a category is called in the desk's lists: "Tips" for "tip". An unknown one
// is shown as it is.
func CategoryName(category string) string {
	switch category {
	case "tip":
		return "Tips"
	case "gossip":
		return "Gossip"
	case "advert":
		return "Adverts"
	case "other":
		return "Other"
	case "spam":
		return "Spam"
	}
	return category
}

func laneName(l Lane) string {
	if l.Name != "" {
		return l.Name
	}
	switch l.Key {
	case "unsorted":
		return "Unsure"
	case "mine":
		return "Mine"
	case "checking", "stood_up", "spiked", "done", "published":
		return StatusName(l.Key)
	case "snoozed":
		return "Snoozed"
	}
	return CategoryName(l.Key)
}

// StatusName is what a conversation's status is called: "Stood up" for "stood_up".
func StatusName(status string) string {
	switch status {
	case "new":
		return "New"
	case "checking":
		return "Checking"
	case "stood_up":
		return "Stood up"
	case "spiked":
		return "Spiked"
	case "done":
		return "Done"
	case "published":
		return "Published"
	}
	return status
}

// StateName is what an issue's, a story's or a subscription's state is called.
func StateName(state string) string {
	switch state {
	case "awaiting_approval":
		return "Waits for approval"
	case "closed":
		return "Closed, ready to send"
	case "":
		return ""
	}
	return upperFirst(state)
}

// wordName is what a delivery's strongest word is called.
func wordName(word string) string {
	switch word {
	case "gave_up":
		return "Gave up"
	case "left_out":
		return "Left out"
	case "open":
		return "Not tried yet"
	case "deferred":
		return "Will be tried again"
	case "":
		return "All that need a look"
	}
	return upperFirst(word)
}

// tone is the colour class of a state or word: good, bad, busy, or "" for quiet.
func tone(state string) string {
	switch state {
	case "complete", "accepted", "active", "stood_up", "published":
		return "good"
	case "held", "refused", "gave_up", "bounced", "complained", "gone", "uncertain":
		return "bad"
	case "sending", "closing", "closed", "paused", "awaiting_approval", "deferred", "pending", "checking", "waiting":
		return "busy"
	}
	return ""
}

// chipWords says a sorting in one chip: "tip 97 %", "unsure: tip 58 %, other 35 %", "tip, by hand".
func chipWords(s Sorting) string {
	switch {
	case s.By == "editor":
		return s.Category + ", by hand"
	case s.By == "rule":
		return s.Category + ", by rule"
	case s.Unsure && s.Second != "":
		return fmt.Sprintf("unsure: %s %s, %s %s", s.Category, percent(s.Confidence), s.Second, percent(s.SecondBest))
	case s.Unsure:
		return fmt.Sprintf("unsure: %s %s", s.Category, percent(s.Confidence))
	}
	return s.Category + " " + percent(s.Confidence)
}

// resort is a button that moves a conversation to another category.
type resort struct{ Category, Label, Key string }

var resorts = []resort{
	{"tip", "Tip", "t"}, {"gossip", "Gossip", "g"}, {"advert", "Advert", "a"}, {"other", "Other", "o"}, {"spam", "Spam", "s"},
}

// move is a button that changes a status, or an issue's state.
type move struct{ Value, Label, Key string }

// moveOf is the button of a word of Conversation.Moves or Issue.Moves.
func moveOf(value string) move {
	switch value {
	case "take":
		return move{value, "Take it", "m"}
	case "checking":
		return move{value, "Checking", "c"}
	case "stood_up":
		return move{value, "Stood up", "u"}
	case "spiked":
		return move{value, "Spike", "x"}
	case "done":
		return move{value, "Done", "d"}
	case "new":
		return move{value, "Reopen", "b"}
	case "approve":
		return move{value, "Approve", ""}
	case "pause":
		return move{value, "Pause", ""}
	case "resume":
		return move{value, "Resume", ""}
	case "cancel":
		return move{value, "Cancel this issue", ""}
	}
	return move{value, upperFirst(value), ""}
}
