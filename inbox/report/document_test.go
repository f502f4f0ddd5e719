package report

import (
	"encoding/json"
	"testing"

	"github.com/olomotimes/tipsheet/inbox/message"
)

func TestTheDocumentHoldsEveryFieldOfTheContract(t *testing.T) {
	b, err := json.Marshal(Describe(message.Item{File: "a.eml", N: 1}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"file":"a.eml","n":1,"kind":"unreadable","from":null,"to":[],"cc":[],"reply_to":null,"in_reply_to":null,"references":[],"subject":null,` +
		`"date":null,"message_id":null,"text":null,"new_text":null,"html":null,"attachments":[],"original":null,` +
		`"warnings":["this is not a mail: the file is empty"],"reports":[]}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestACutMessageSaysSo(t *testing.T) {
	d := Describe(message.Item{File: "a", N: 2, Raw: []byte("Subject: x\n\ny"), Cut: true})
	if d.Kind != KindMessage || len(d.Warnings) != 1 {
		t.Errorf("got %+v", d)
	}
}
