package sorter

// Text is what the sorter reads of a mail. All fields may be empty; what goes
// beyond the limits (64 KB of body, 1 KB of subject) is not read.
type Text struct {
	From        string   `json:"from"` // name and address as in the header
	Subject     string   `json:"subject"`
	Body        string   `json:"body"`        // plain text, best without quotes and signature
	Attachments []string `json:"attachments"` // file names
}

// Row is a message with the category that a person gave it.
type Row struct {
	ID     string
	Text   Text
	Label  string // one of the five categories
	Also   string // the second category of a mixed mail, or empty
	Source string // who wrote the row: a held-out test leaves out whole sources
}
