package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/message"
)

func read(raw string) Finding { return Read(message.Parse([]byte(raw))) }

const dsn = `From: Mail Delivery System <mailer-daemon@mx.example.net>
To: bounces@example.com
Subject: %s
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=rr

--rr
Content-Type: text/plain

This is the mail system.
--rr
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Original-Recipient: rfc822;reader+tag@example.net
Final-Recipient: rfc822; reader@example.net
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--rr
Content-Type: text/rfc822-headers

Message-ID: <d7@example.com>
To: reader@example.net

--rr--
`

func TestDeliveryReportsAreJudgedByWhatTheyMean(t *testing.T) {
	for _, c := range []struct{ action, status, words, wantAction, class, reason string }{
		{"failed", "5.1.1", "550 5.1.1 <reader@example.net>: no such user here", ActionFailed, ClassHard, ReasonUnknownUser},
		{"failed", "5.0.0", "550 Requested action not taken: mailbox unavailable", ActionFailed, ClassHard, ReasonUnknownUser},
		{"failed", "5.1.2", "550 host unknown", ActionFailed, ClassHard, ReasonUnknownHost},
		{"failed", "5.2.2", "552 mailbox is full", ActionFailed, ClassSoft, ReasonFull},
		{"failed", "5.7.1", "550 blocked using zen.spamhaus.org", ActionFailed, ClassSoft, ReasonBlocked},
		{"failed", "5.7.1", "554 message looks like spam", ActionFailed, ClassSoft, ReasonSpam},
		{"failed", "5.7.26", "550 unauthenticated mail is prohibited, DMARC policy", ActionFailed, ClassSoft, ReasonAuth},
		{"failed", "5.3.4", "552 message size exceeds fixed limit", ActionFailed, ClassSoft, ReasonSize},
		{"failed", "4.4.1", "connect to mx.example.net: connection timed out", ActionFailed, ClassSoft, ReasonNetwork},
		{"delayed", "4.4.1", "connect to mx.example.net: connection refused", ActionDelayed, ClassNone, ReasonNetwork},
		{"delivered", "2.0.0", "250 ok", ActionDelivered, ClassNone, ReasonOther},
		{"relayed", "2.0.0", "250 ok", ActionRelayed, ClassNone, ReasonOther},
	} {
		f := read(fmt.Sprintf(dsn, "Delivery Status Notification", c.action, c.status, c.words))
		if f.Kind != KindBounce || len(f.Reports) != 1 {
			t.Fatalf("%s: %+v", c.words, f)
		}
		r := f.Reports[0]
		if r.Recipient != "reader@example.net" || r.Original != "reader+tag@example.net" || r.Status != c.status || f.MessageID != "<d7@example.com>" {
			t.Errorf("%s: %+v", c.words, f)
		}
		if r.Action != c.wantAction || r.Class != c.class || r.Reason != c.reason {
			t.Errorf("%s: got %s %s %s", c.words, r.Action, r.Class, r.Reason)
		}
		if about := r.AboutUs(); about != strings.Contains("blocked spam auth size", c.reason) {
			t.Errorf("%s: about us is %v", c.words, about)
		}
	}
}

const fromDaemon = "From: MAILER-DAEMON@mx.example.net\nTo: bounces@example.com\n"

func TestBouncesInWordsNameTheirRecipients(t *testing.T) {
	returned := "\nReceived: from a by b; Tue, 6 Oct 2026 09:15:00 +0000\nMessage-ID: <d7@example.com>\nFrom: news@example.com\nTo: reader@example.net\nSubject: Today\n"
	for name, raw := range map[string]string{
		"qmail":      fromDaemon + "Subject: failure notice\n\nHi. This is the qmail-send program.\n\n<reader@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n" + returned,
		"exim":       fromDaemon + "X-Failed-Recipients: reader@example.net\nSubject: Mail delivery failed: returning message to sender\n\nThe following address(es) failed:\n\n  reader@example.net\n    550 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n" + returned,
		"sendmail":   fromDaemon + "Subject: Returned mail: User unknown\n\n   ----- The following addresses had permanent fatal errors -----\n<reader@example.net>\n\n   ----- Transcript of session follows -----\n550 5.1.1 <reader@example.net>... User unknown\n",
		"exchange":   "From: System Administrator <postmaster@example.net>\nTo: bounces@example.com\nSubject: Undeliverable: Today\n\nYour message\n\n  To:      bounces@example.com\n  Subject: Today\n\ndid not reach the following recipient(s):\n\nreader@example.net on Tue, 6 Oct 2026 09:15:00 +0000\n    The recipient name is not recognized\n",
		"a sentence": fromDaemon + "Subject: Undeliverable mail\n\nYour message could not be delivered to reader@example.net because the user is unknown.\n",
		"returned":   fromDaemon + "Subject: Undelivered mail returned\n\nUser unknown. The message follows.\n" + returned,
		"in text":    fromDaemon + "Subject: Delivery failure\n\nYour mail was not delivered.\n\nFinal-Recipient: rfc822; reader@example.net\nAction: failed\nStatus: 5.1.1\n",
	} {
		f := read(raw)
		if f.Kind != KindBounce || len(f.Reports) != 1 || f.Reports[0].Recipient != "reader@example.net" || f.Reports[0].Class != ClassHard {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := read(fromDaemon + "Subject: Warning: message delayed 24 hours\n\nYou do not need to resend your message.\nDelivery to the following recipient has been delayed:\n\n  reader@example.net\n")
	if f.Kind != KindBounce || len(f.Reports) != 1 || f.Reports[0].Action != ActionDelayed || f.Reports[0].Class != ClassNone {
		t.Errorf("a delay: %+v", f)
	}
}

func TestComplaintsNameTheReader(t *testing.T) {
	arf := "From: fbl@example.net\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=rr\n\n--rr\n\nA complaint.\n--rr\nContent-Type: message/feedback-report\n\nFeedback-Type: %s\nVersion: 1\n%s\n--rr\nContent-Type: message/rfc822\n\nTo: reader@example.net\nMessage-ID: <d7@example.com>\nSubject: Today\n\nx\n--rr--\n"
	for _, raw := range []string{fmt.Sprintf(arf, "abuse", "Original-Rcpt-To: <reader@example.net>\n"), fmt.Sprintf(arf, "abuse", "")} {
		f := read(raw)
		if f.Kind != KindComplaint || len(f.Reports) != 1 || f.Reports[0].Recipient != "reader@example.net" || f.Reports[0].Action != ActionComplaint || f.MessageID != "<d7@example.com>" {
			t.Errorf("got %+v", f)
		}
	}
	for _, kind := range []string{"auth-failure", "not-spam"} {
		if f := read(fmt.Sprintf(arf, kind, "")); f.Kind == KindComplaint {
			t.Errorf("%s is no complaint", kind)
		}
	}
}

func TestMachineAnswersAreKeptApart(t *testing.T) {
	for raw, want := range map[string]string{
		"From: a@example.org\nAuto-Submitted: auto-replied\nSubject: x\n\nI am away.\n":                                                                        KindAutoReply,
		"From: a@example.org\nSubject: Out of Office: Today\n\nBack on Monday.\n":                                                                              KindAutoReply,
		"From: a@example.org\nSubject: Abwesenheitsnotiz: Heute\n\nBin weg.\n":                                                                                 KindAutoReply,
		"From: a@example.org\nSubject: Réponse automatique : Today\n\nJe suis absent.\n":                                                                       KindAutoReply,
		"From: a@example.org\nX-Autoreply: yes\nSubject: Re: Today\n\nThanks for your mail.\n":                                                                 KindAutoReply,
		"From: a@example.org\nSubject: Re: Today\n\nTo control spam I only take mail from known senders. Please add yourself to my approved sender list.\n":    KindAutoReply,
		"From: a@example.org\nTo: unsubscribe@example.com\nSubject: unsubscribe\n\n":                                                                           KindUnsubscribe,
		"From: a@example.org\nSubject: Newsletter\n\nPlease unsubscribe me, thanks.\n":                                                                         KindUnsubscribe,
		"From: a@example.org\nAuto-Submitted: auto-replied\nSubject: unsubscribe\n\nApple Mail sent this email to unsubscribe from the message \u201cx\u201d.": KindUnsubscribe,
		"From: a@example.org\nList-Id: <talk.example.org>\nSubject: [talk] x\n\nHello all.\n":                                                                  KindList,
		"From: a@example.org\nPrecedence: bulk\nSubject: Offers\n\nBuy.\n":                                                                                     KindList,
		"": KindUnreadable,
	} {
		if f := read(raw); f.Kind != want {
			t.Errorf("got %s, want %s: %q", f.Kind, want, raw)
		}
	}
}

func TestPeopleAreNeverTakenForMachines(t *testing.T) {
	for _, raw := range []string{
		"From: Ada <ada@example.org>\nSubject: Delivery failure at the port\n\nThe goods were not delivered and the driver could not be reached.\n",
		"From: Ada <ada@example.org>\nSubject: Mail delivery problem in our street\n\nThe postman has failed to deliver since 5.1.1999. Call 550 1234.\n",
		"From: Ada <ada@example.org>\nSubject: Fwd: Undelivered Mail Returned to Sender\n\nWhat does this mean?\n\n> From: mailer-daemon@mx.example.net\n> 550 5.1.1 <x@example.net> user unknown\n",
		"From: Ada <ada@example.org>\nSubject: Re: Returned mail\n\nI could not reach him, his mailbox is full.\n",
		"From: Ada <ada@example.org>\nSubject: Tip: ministers on vacation\n\nThey are out of the office for a month while the hospital has no water.\n",
		"From: Ada <ada@example.org>\nSubject: Question\n\nHow do I unsubscribe my late mother from your list? Her address was m@example.org. Thank you for your help, she loved the crossword.\n",
		"From: Ada <ada@example.org>\nSubject: subscribe\n\nsubscribe\n",
		"From: Shop <shop@example.org>\nAuto-Submitted: auto-generated\nSubject: A reader wrote on your form\n\nThe bridge is falling.\n",
		"From: Postmaster of Ikeja <chief@example.org>\nSubject: Stolen parcels\n\nI run the post office and parcels are stolen here.\n",
	} {
		if f := read(raw); f.Kind != KindMessage {
			t.Errorf("got %s: %q", f.Kind, raw)
		}
	}
}

func TestAmazonsNoticesAreRead(t *testing.T) {
	f := read("From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":\"reader@example.net\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"}]}}\n\n--\nIf you wish to stop receiving\n")
	if f.Kind != KindBounce || len(f.Reports) != 1 || f.Reports[0].Class != ClassHard {
		t.Errorf("got %+v", f)
	}
}

func TestNoReportTakesLong(t *testing.T) {
	if testing.Short() {
		t.Skip("timing is for the ordinary run, not for the race detector")
	}
	words := strings.Repeat("could not be delivered to the user at the host ", 1500)
	var many, lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "Final-Recipient: rfc822; r%d@example.net\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; %s\n\n", i, words[:200])
		fmt.Fprintf(&lines, "<r%d@example.net>: %s\n", i, words[:100])
	}
	for name, raw := range map[string]string{
		"many groups":  fmt.Sprintf(dsn, "x", "failed", "5.0.0", "x\n\n"+many.String()),
		"many lines":   fromDaemon + "Subject: failure notice\n\n" + lines.String(),
		"one sentence": fromDaemon + "Subject: failure notice\n\n" + words,
		"many headers": fromDaemon + "Subject: failure notice\n\nnot delivered\n" + strings.Repeat("From: x\nTo: y\n", 10000),
		"addresses":    fromDaemon + "Subject: failure notice\n\n" + strings.Repeat("a@b.example could not be delivered ", 3000),
	} {
		m := message.Parse([]byte(raw))
		start := time.Now()
		f := Read(m)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if f.Kind != KindBounce || len(f.Reports) > maxReports {
			t.Errorf("%s: %s with %d reports", name, f.Kind, len(f.Reports))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(dsn, "x", "failed", "5.1.1", "550 no such user")))
	f.Add([]byte(fromDaemon + "Subject: failure notice\n\n<reader@example.net>:\nno mailbox\n"))
	f.Add([]byte("From: a@example.org\nSubject: unsubscribe\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := Read(message.Parse(raw))
		switch got.Kind {
		case KindMessage, KindBounce, KindComplaint, KindAutoReply, KindUnsubscribe, KindList, KindUnreadable:
		default:
			t.Fatalf("kind %q", got.Kind)
		}
		for _, r := range got.Reports {
			if r.Action == "" || r.Class == "" || r.Reason == "" || len(r.Status) > 11 {
				t.Fatalf("half a report: %+v", r)
			}
		}
	})
}

func TestAPersonsTipIsNoMachinesWord(t *testing.T) {
	for name, raw := range map[string]string{
		"a subject like an absence note": "Subject: On vacation with public money\n\nThe commissioner spends it in Dubai. I have the receipts.\n",
		"a subject like an automaton":    "Subject: Automatic reply machine fraud at the bank\n\nThey took the savings of 300 people.\n",
		"stop, and what":                 "Subject: Stop\n\nStop the demolition at the market, 300 families are homeless!\n",
		"a bounce as a file": "Subject: Tip about the bridge\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" +
			"The contract went to his brother. I have the papers.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; reader1@example.com\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
	} {
		if f := read("From: Ada <ada@example.org>\nTo: tips@example.com\n" + raw); f.Kind != KindMessage || len(f.Reports) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestAnAbsenceNoteWithoutItsFieldsIsKnown(t *testing.T) {
	for _, raw := range []string{
		"Subject: Out of office: Your digest\n\nI am out of the office until Monday.\n",
		"Subject: Automatic reply: Today\nIn-Reply-To: <d7@example.com>\n\nThank you for your mail.\n",
		"Subject: Abwesenheitsnotiz\n\n",
	} {
		if f := read("From: Ada <ada@example.org>\nTo: news@example.com\n" + raw); f.Kind != KindAutoReply {
			t.Errorf("%q: %+v", raw, f)
		}
	}
}
