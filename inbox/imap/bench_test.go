package imap_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/inbox/imaptest"
	"github.com/olomotimes/tipsheet/proof/dovecot"
)

const benchMails = 2000

// benchFetch fetches a mailbox of small messages in batches of 100, sizes first, as the inbox does.
func benchFetch(b *testing.B, settings imap.Settings) {
	ctx := within(b, 5*time.Minute)
	s := openInbox(b, ctx, settings)
	b.ReportAllocs()
	for b.Loop() {
		uids, err := s.UIDsAfter(ctx, 0)
		if err != nil || len(uids) != benchMails {
			b.Fatalf("%d uids, %v", len(uids), err)
		}
		if _, err := s.Sizes(ctx, uids); err != nil {
			b.Fatal(err)
		}
		n, size := 0, 0
		for len(uids) > 0 {
			batch := uids[:min(100, len(uids))]
			uids = uids[len(batch):]
			missing, err := s.Fetch(ctx, batch, func(f imap.Fetched) error {
				n++
				size += len(f.Raw)
				return nil
			})
			if err != nil || len(missing) != 0 {
				b.Fatalf("missing %v, %v", missing, err)
			}
		}
		if n != benchMails {
			b.Fatalf("%d messages came", n)
		}
		b.SetBytes(int64(size))
	}
	b.ReportMetric(benchMails*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func small(n int) []byte {
	return append(letter(n), bytes.Repeat([]byte("We saw the lorry stop at the old market again this morning.\r\n"), 30)...)
}

func BenchmarkFetchFromTheEmbeddedServer(b *testing.B) {
	server := startEmbedded(b, imaptest.Options{})
	for n := range benchMails {
		if err := server.Deliver(small(n)); err != nil {
			b.Fatal(err)
		}
	}
	benchFetch(b, loopback(server.Port()))
}

func BenchmarkFetchFromDovecot(b *testing.B) {
	d := startDovecot(b, dovecot.Options{})
	for n := range benchMails {
		if err := d.Deliver("INBOX", bytes.ReplaceAll(small(n), []byte("\r\n"), []byte("\n"))); err != nil {
			b.Fatal(err)
		}
	}
	benchFetch(b, loopback(d.Port()))
}
