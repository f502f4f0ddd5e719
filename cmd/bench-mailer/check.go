package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/proof/sink"
	"github.com/olomotimes/tipsheet/token"
)

// check compares what the ledger says with what the server has, and reads the mails that it kept.
func (b *bench) check(i issue, s setup, r childReport, c sink.Counts, want int64) error {
	switch {
	case r.State != data.MailingComplete || r.Words[data.WordAccepted] != i.Readers:
		return fmt.Errorf("the issue is %s, of %d deliveries these had their word: %v", r.State, i.Readers, r.Words)
	case c.Messages != want:
		return fmt.Errorf("the server counts %d mails, and %d were due", c.Messages, want)
	}
	return b.checkMails(s, c)
}

func (b *bench) checkMails(s setup, c sink.Counts) error {
	if size := float64(c.Bytes) / float64(c.Messages); !near(size, mailSize) {
		return fmt.Errorf("a mail has %.0f bytes at the server and should have %d", size, mailSize)
	}
	if len(c.Kept) == 0 && c.Messages >= keepEvery {
		return errors.New("the server kept no mail to be read")
	}
	for _, m := range c.Kept {
		if err := whole(m); err != nil {
			return fmt.Errorf("a mail did not come through whole: %w", err)
		}
		if s.signer != "" {
			if err := b.verify(m.Data); err != nil {
				return fmt.Errorf("a mail's signature: %w", err)
			}
		}
	}
	return nil
}

// whole reads a mail: it is the reader's own, and both parts are there from begin to end.
func whole(m sink.Message) error {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return err
	}
	to, err := read.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != m.To {
		return fmt.Errorf("it is addressed to %v, its envelope to %s: %w", to, m.To, errors.Join(err))
	}
	if !strings.HasPrefix(read.Header.Get("List-Unsubscribe"), "<"+siteURL+"/u/") {
		return fmt.Errorf("its List-Unsubscribe is %q", read.Header.Get("List-Unsubscribe"))
	}
	_, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	for _, end := range []string{"", "</html>"} {
		part, err := parts.NextPart()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		for _, mark := range token.Marks() {
			if bytes.Contains(text, []byte(mark)) {
				return fmt.Errorf("it has the mark %s", mark)
			}
		}
		if !bytes.HasSuffix(bytes.TrimSpace(text), []byte(end)) || !bytes.Contains(text, []byte(siteURL+"/u/")) {
			return fmt.Errorf("a part of %d bytes has no end or no link to unsubscribe", len(text))
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		return fmt.Errorf("after both parts: %w", errors.Join(err))
	}
	return nil
}

// verify checks the DKIM signature against the key that it was ordered to be made with.
func (b *bench) verify(raw []byte) error {
	public, err := x509.MarshalPKIXPublicKey(b.key.Public())
	if err != nil {
		return err
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) {
		return []string{"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)}, nil
	}})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(found, func(v *dkim.Verification) bool { return v.Err != nil }); i >= 0 {
		return found[i].Err
	}
	if len(found) == 0 {
		return errors.New("there is none")
	}
	return nil
}
