package message

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected files")

// TestMailsAreReadAsExpected reads each testdata/*.eml and compares its JSON form with the file beside
// it.
func TestMailsAreReadAsExpected(t *testing.T) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d mails (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(Parse(raw).Wire()); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".eml") + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

func TestNothingIsEverMissingFromTheJSON(t *testing.T) {
	b, err := json.Marshal(Message{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"from":null,"to":[],"cc":[],"reply_to":null,"in_reply_to":null,"references":[],"subject":null,"date":null,"message_id":null,` +
		`"text":null,"new_text":null,"html":null,"attachments":[],"original":null,"warnings":[]}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}
