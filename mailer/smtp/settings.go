package smtp

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/olomotimes/tipsheet/dial"
)

// Settings is one relay of the config. Its zero value is not usable; start from
// DefaultSettings.
type Settings struct {
	Name         string       `toml:"name" doc:"what the relay is called in logs and at the desk"`
	Host         string       `toml:"host" doc:"host name of the relay; its certificate must bear it"`
	Port         int          `toml:"port" doc:"TCP port; 0 takes 465 for implicit, 587 for starttls, 25 for none"`
	TLS          dial.TLSMode `toml:"tls" doc:"implicit (TLS from the first byte), starttls (required, never optional), or none (only to this machine)"`
	Auth         string       `toml:"auth" doc:"auto (the best that the relay offers for a password), scram, plain, login, xoauth2 (an access token from token_file), or none"`
	Username     string       `toml:"username" doc:"user name for the login; empty sends without a login"`
	PasswordFile string       `toml:"password_file" doc:"file that holds the password in its first line"`
	OAuthClient  string       `toml:"oauth_client" doc:"with xoauth2: JSON file with client_id, client_secret and token_uri, also as Google hands it out; empty: they are in token_file"`
	TokenFile    string       `toml:"token_file" doc:"with xoauth2: JSON file with refresh_token, access_token and expiry; it is rewritten when a token is renewed"`
	CAFile       string       `toml:"ca_file" doc:"PEM file of certificate authorities to trust in place of the system's"`
	Chunking     string       `toml:"chunking" doc:"auto (several messages in a row as chunks, BDAT, where the relay offers CHUNKING and that is faster), on (wherever it is offered), or off (always DATA)"`
	HELO         string       `toml:"helo" doc:"name that we introduce ourselves with; empty takes this machine's host name"`
	Connections  int          `toml:"connections" doc:"how many connections may be open at once"`
	Recycle      int          `toml:"recycle" doc:"messages after which a connection is closed and opened anew; 0 never"`
	Rate         float64      `toml:"rate" doc:"messages a second at most; 0 knows no limit, 0.5 is one every two seconds"`
	PerHour      int          `toml:"per_hour" doc:"messages in any 60 minutes at most; 0 knows no limit"`
	PerDay       int          `toml:"per_day" doc:"messages in any 24 hours at most; 0 knows no limit"`
	Warmup       Warmup       `toml:"warmup" doc:"a daily limit that grows, for a relay that is new to those who receive from it"`
	Weight       int          `toml:"weight" doc:"this relay's share of the mail beside the others'; 0 is used only while none of the others works"`
	Timeouts     Timeouts     `toml:"timeouts" doc:"how long to wait at each step"`
}

// Timeouts are the longest waits per step. A zero value takes the default.
type Timeouts struct {
	Connect  Duration `toml:"connect" doc:"until the TCP connection stands"`
	Greeting Duration `toml:"greeting" doc:"from there until greeting, TLS and login are done"`
	Mail     Duration `toml:"mail" doc:"for the answer to MAIL"`
	Rcpt     Duration `toml:"rcpt" doc:"for the answer to RCPT"`
	Data     Duration `toml:"data" doc:"for the answer to DATA"`
	Content  Duration `toml:"content" doc:"for each block of content to be taken"`
	Dot      Duration `toml:"dot" doc:"for the answer to the final dot; less than 10m makes duplicates"`
	Quit     Duration `toml:"quit" doc:"for the answer to QUIT"`
}

// Duration is a time span that is written like 90s or 10m.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads. A negative span is an error.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time span such as 90s or 10m", text)
	}
	if v < 0 {
		return fmt.Errorf("the time span %q is negative", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// DefaultSettings is a relay without a host: STARTTLS, the best login on offer, and the waits
// of RFC 5321, section 4.5.3.2.
func DefaultSettings() Settings {
	return Settings{
		TLS:         dial.StartTLS,
		Auth:        "auto",
		Chunking:    "auto",
		Connections: 4,
		Recycle:     500,
		Warmup:      Warmup{Days: 14, Grow: 1.5},
		Weight:      1,
		Timeouts: Timeouts{
			Connect:  Duration(30 * time.Second),
			Greeting: Duration(5 * time.Minute),
			Mail:     Duration(5 * time.Minute),
			Rcpt:     Duration(5 * time.Minute),
			Data:     Duration(2 * time.Minute),
			Content:  Duration(3 * time.Minute),
			Dot:      Duration(10 * time.Minute),
			Quit:     Duration(5 * time.Second),
		},
	}
}

// port is the port to dial.
func (s Settings) port() int {
	switch {
	case s.Port != 0:
		return s.Port
	case s.TLS == dial.Implicit:
		return 465
	case s.TLS == dial.None:
		return 25
	}
	return 587
}

// withDefaults fills in the waits that are zero.
func (t Timeouts) withDefaults() Timeouts {
	d := DefaultSettings().Timeouts
	for _, pair := range []struct {
		have *Duration
		want Duration
	}{
		{&t.Connect, d.Connect}, {&t.Greeting, d.Greeting}, {&t.Mail, d.Mail}, {&t.Rcpt, d.Rcpt},
		{&t.Data, d.Data}, {&t.Content, d.Content}, {&t.Dot, d.Dot}, {&t.Quit, d.Quit},
	} {
		if *pair.have == 0 {
			*pair.have = pair.want
		}
	}
	return t
}

// Validate returns every mistake in the settings, each a sentence that names the key.
func (s Settings) Validate() []error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if s.Host == "" {
		say("host: the relay has no host name")
	}
	for key, name := range map[string]string{"host": s.Host, "helo": s.HELO} {
		if strings.ContainsAny(name, " \t\r\n/@<>") || strings.Contains(name, ":") && net.ParseIP(name) == nil {
			say("%s: %q is not a bare host name", key, name)
		}
	}
	if s.Port < 0 || s.Port > 65535 {
		say("port: %d is not a TCP port (1 to 65535)", s.Port)
	}
	if err := dial.CheckPlain(s.TLS, s.Host); err != nil {
		wrong = append(wrong, fmt.Errorf("tls: %w", err))
	}
	switch s.Auth {
	case "", "auto", "none":
	case "scram", "plain", "login":
		if s.Username == "" {
			say("username: auth = %q needs one", s.Auth)
		}
	case "xoauth2":
		if s.Username == "" || s.TokenFile == "" {
			say("token_file: auth = %q needs one, and a username", s.Auth)
		}
	default:
		say("auth: %q is not one of auto, scram, plain, login, xoauth2, none", s.Auth)
	}
	if s.Auth != "xoauth2" && (s.TokenFile != "" || s.OAuthClient != "") {
		say("auth: token_file and oauth_client go with \"xoauth2\" only")
	}
	switch s.Chunking {
	case "", "auto", "on", "off":
	default:
		say("chunking: %q is not one of auto, on, off", s.Chunking)
	}
	if strings.ContainsAny(s.Username, "\r\n\x00\x01") {
		say("username: it has a control character in it")
	}
	if s.PasswordFile != "" && s.Username == "" {
		wrong = append(wrong, errors.New("username: there is a password_file but no username"))
	}
	if s.Connections < 1 || s.Connections > 1_000 {
		say("connections: %d is not between 1 and 1000", s.Connections)
	}
	if s.Recycle < 0 {
		say("recycle: %d is negative", s.Recycle)
	}
	return append(wrong, s.validateFlow()...)
}
