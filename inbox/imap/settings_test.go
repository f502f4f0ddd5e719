package imap_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/olomotimes/tipsheet/inbox/imap"
)

func TestAPresetNeedsOnlyTheUserName(t *testing.T) {
	for provider, host := range map[string]string{"gmail": "imap.gmail.com", "outlook": "outlook.office365.com", "Gmail": "imap.gmail.com"} {
		s := imap.DefaultSettings()
		s.Provider, s.Username = provider, "tips@example.org"
		if errs := s.Validate(); len(errs) != 0 {
			t.Errorf("%s: %v", provider, errs)
		}
		if f := s.Filled(); f.Host != host || f.Port != 993 || f.TLS != "implicit" {
			t.Errorf("%s: filled %+v", provider, f)
		}
	}
}

func TestEveryMistakeIsASentenceThatNamesItsKey(t *testing.T) {
	s := imap.Settings{
		Provider: "hotmale", Port: 70000, TLS: "ssl", Auth: "ntlm", Filing: "delete",
		Folders: []string{" "}, TriageSince: -1, Timeout: imap.Duration(time.Millisecond),
	}
	errs := s.Validate()
	for _, key := range []string{"provider", "host", "port", "tls", "auth", "filing", "username", "folders", "triage_since", "timeout"} {
		named := 0
		for _, err := range errs {
			if strings.HasPrefix(err.Error(), "mailbox."+key+" ") && strings.Contains(err.Error(), ": ") {
				named++
			}
		}
		if named != 1 {
			t.Errorf("mailbox.%s is named by %d of the errors %v", key, named, errs)
		}
	}
	s = imap.DefaultSettings()
	s.Host, s.TLS, s.Username = "mail.example.org", "none", "tips"
	if errs := s.Validate(); len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "mailbox.tls: ") {
		t.Errorf("plain text to another machine: %v", errs)
	}
}

func TestTheSettingsAreReadFromTOML(t *testing.T) {
	s := imap.DefaultSettings()
	const text = "host = \"mail.example.org\"\nusername = \"tips\"\nfolders = [\"Gossip\"]\ntriage_since = \"7d\"\ntimeout = \"90s\"\nfiling = \"move\"\n"
	if err := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields().Decode(&s); err != nil {
		t.Fatal(err)
	}
	if errs := s.Validate(); len(errs) != 0 {
		t.Error(errs)
	}
	if time.Duration(s.TriageSince) != 7*24*time.Hour || time.Duration(s.Timeout) != 90*time.Second || s.Port != 993 {
		t.Errorf("read %+v", s)
	}
	for _, text := range []string{"14d", "1m30s", "0s", "36h0m0s"} {
		var d imap.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != text {
			t.Errorf("%q came back as %q, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "14", "-3d", "d", "two weeks"} {
		var d imap.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, d)
		}
	}
}

func TestEverySettingHasAKeyAndAText(t *testing.T) {
	fields := reflect.VisibleFields(reflect.TypeFor[imap.Settings]())
	if len(fields) == 0 {
		t.Fatal("no settings")
	}
	for _, f := range fields {
		if f.Tag.Get("toml") == "" || !strings.HasSuffix(f.Tag.Get("doc"), ".") {
			t.Errorf("%s has key %q and text %q", f.Name, f.Tag.Get("toml"), f.Tag.Get("doc"))
		}
	}
}
