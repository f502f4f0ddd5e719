package mailer

import (
	"fmt"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/mailer/smtp"
)

// Settings is the ledger's part of the config.
type Settings struct {
	Uncertain data.Policy   `toml:"uncertain" doc:"what becomes of a delivery whose final dot may have been on the wire: resend, hold or assume-sent"`
	Lease     smtp.Duration `toml:"lease" doc:"how long a worker may keep a chunk without a sign of life"`
	Grace     smtp.Duration `toml:"grace" doc:"how late an issue may begin; newsletters take it over when they are added"`
}

// DefaultSettings loses nobody: an uncertain delivery is sent again.
func DefaultSettings() Settings {
	return Settings{Uncertain: data.PolicyResend, Lease: smtp.Duration(15 * time.Minute), Grace: smtp.Duration(2 * time.Hour)}
}

// Validate returns every mistake in the settings, each a sentence that names the key.
func (s Settings) Validate() []error {
	var wrong []error
	switch s.Uncertain {
	case data.PolicyResend, data.PolicyHold, data.PolicyAssume:
	default:
		wrong = append(wrong, fmt.Errorf("uncertain: %q is not one of resend, hold, assume-sent", s.Uncertain))
	}
	if s.Lease <= 0 {
		wrong = append(wrong, fmt.Errorf("lease: it must be longer than nothing, such as 15m"))
	}
	if s.Grace <= 0 {
		wrong = append(wrong, fmt.Errorf("grace: it must be longer than nothing, such as 2h"))
	}
	return wrong
}
