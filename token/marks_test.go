package token_test

import (
	"testing"

	"github.com/olomotimes/tipsheet/token"
)

func TestMarksAreAsLongAsATokenAndOpenNothing(t *testing.T) {
	k := keys(t, secret(1))
	for _, mark := range token.Marks() {
		if len(mark) != token.Length {
			t.Errorf("%q has %d characters", mark, len(mark))
		}
		for _, p := range []token.Purpose{token.Unsubscribe, token.Preferences, token.View, token.PurposeMessageID} {
			if _, _, ok := k.Open(p, mark); ok {
				t.Errorf("%q opens as %v", mark, p)
			}
		}
	}
}
