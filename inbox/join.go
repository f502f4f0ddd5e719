package inbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/token"
)

// cameBack reports whether the message is one of our own digests or letters: its Message-ID carries our signature, and it
// is from the sender of that mailing. Every reader has a Message-ID of ours, so the signature alone would let a
// reader's forged copy pass for ours; with both, a forger hides nothing but his own mail.
func (in *Inbox) cameBack(ctx context.Context, r reading) (bool, error) {
	mailing, _, ok := token.OpenMessageID(in.Keys, r.MessageID)
	if !ok {
		return false, nil
	}
	from, err := data.NormalAddress(r.From.Address)
	if err != nil {
		return false, nil // no address of ours
	}
	if in.own[from] {
		return true, nil
	}
	m, err := in.DB.Mailing(ctx, mailing)
	if errors.Is(err, data.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sender, err := data.NormalAddress(m.Header.From)
	return err == nil && sender == from, nil
}

// conversationFor finds the conversation that a message belongs to, 0 for none. The nearest reference counts first.
// A letter of ours joins for the one it was written to; any other id joins for those who have written in
// that conversation before. Our own mail needs no such proof: only we can put it into Sent.
func (in *Inbox) conversationFor(ctx context.Context, r reading, ours bool) (int64, error) {
	if _, _, ok := token.OpenMessageID(in.Keys, r.MessageID); ours && ok {
		return 0, nil // the conversation has it as a letter already
	}
	for _, id := range r.references {
		if mailing, _, ok := token.OpenMessageID(in.Keys, id); ok {
			found, err := in.conversationOfLetter(ctx, mailing, r, ours)
			if found != 0 || err != nil {
				return found, err
			}
			continue
		}
		quoted, err := in.DB.ConversationsQuoted(ctx, id)
		if err != nil {
			return 0, err
		}
		for _, conversation := range quoted {
			if ours {
				return conversation, nil
			}
			if takesPart, err := in.takesPart(ctx, conversation, r.From.Address); takesPart || err != nil {
				return conversation, err
			}
		}
	}
	return 0, nil
}

func (in *Inbox) conversationOfLetter(ctx context.Context, mailing int64, r reading, ours bool) (int64, error) {
	var found int64
	var err error
	if ours {
		found, err = in.DB.ConversationOfOurLetter(ctx, mailing)
	} else {
		found, err = in.DB.ConversationOfLetter(ctx, mailing, r.From.Address)
	}
	if errors.Is(err, data.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find the conversation that is answered: %w", err)
	}
	return found, nil
}

// takesPart reports whether somebody has written to us in a conversation.
func (in *Inbox) takesPart(ctx context.Context, conversation int64, address string) (bool, error) {
	want, err := data.NormalAddress(address)
	if err != nil {
		return false, nil // nobody in particular takes part in nothing
	}
	senders, err := in.DB.SendersOf(ctx, conversation)
	if err != nil {
		return false, err
	}
	for _, s := range senders {
		if got, err := data.NormalAddress(s); err == nil && got == want {
			return true, nil
		}
	}
	return false, nil
}
