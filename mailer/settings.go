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
	Window    int           `toml:"window" doc:"how many messages of one connection may be uncertain after a crash; more are sent faster"`
	Lease     smtp.Duration `toml:"lease" doc:"how long a worker may keep a chunk without a sign of life"`
	Grace     smtp.Duration `toml:"grace" doc:"how late an issue may begin; newsletters take it over when they are added"`
	Instance  string        `toml:"instance" doc:"a name for this installation where the machine has no lasting id, as in a container; empty: the machine's own id"`
}

const maxWindow = 64

// DefaultSettings loses nobody: an uncertain delivery is sent again.
func DefaultSettings() Settings {
	return Settings{Uncertain: data.PolicyResend, Window: 1, Lease: smtp.Duration(15 * time.Minute), Grace: smtp.Duration(2 * time.Hour)}
}

// Validate returns every mistake in the settings, each a sentence that names the key.
func (s Settings) Validate() []error {
	var wrong []error
	switch s.Uncertain {
	case data.PolicyResend, data.PolicyHold, data.PolicyAssume:
	default:
		wrong = append(wrong, fmt.Errorf("uncertain: %q is not one of resend, hold, assume-sent", s.Uncertain))
	}
	if s.Window < 1 || s.Window > maxWindow {
		wrong = append(wrong, fmt.Errorf("window: %d is not between 1 and %d", s.Window, maxWindow))
	}
	if s.Window > 1 && s.Uncertain == data.PolicyAssume {
		wrong = append(wrong, fmt.Errorf("uncertain: assume-sent needs window = 1, since an intent of a larger window says only that the dot may have gone"))
	}
	if s.Lease <= 0 {
		wrong = append(wrong, fmt.Errorf("lease: it must be longer than nothing, such as 15m"))
	}
	if s.Grace <= 0 {
		wrong = append(wrong, fmt.Errorf("grace: it must be longer than nothing, such as 2h"))
	}
	return wrong
}
