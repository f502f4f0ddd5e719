package inbox

import (
	"context"

	"github.com/olomotimes/tipsheet/inbox/message"
)

// OnStep has f called after each step of the intake.
func (in *Inbox) OnStep(f func(name string)) { in.step = f }

// ParseWith takes another parser.
func (in *Inbox) ParseWith(f func([]byte) message.Message) { in.parse = f }

// Watchdog looks whether a mailbox was not read for long.
func (in *Inbox) Watchdog(ctx context.Context) {
	for _, b := range in.boxes {
		b.watchdog(ctx)
	}
}
