package token

// The marks stand in the frozen words of a mailing where each reader's own token will stand.
// They are as long as a token and of the same characters, so that filling one in moves
// nothing else. No key signs them.
const (
	MarkUnsubscribe = "unsubscribe2unsubscribe2unsubscr"
	MarkPreferences = "preferences2preferences2preferen"
	MarkView        = "viewinbrowser2viewinbrowser2view"
	MarkMessageID   = "messageid2messageid2messageid2me"
)
