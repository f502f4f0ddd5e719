package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/inbox"
	"github.com/olomotimes/tipsheet/inbox/imap"
	"github.com/olomotimes/tipsheet/mailer"
)

// alarmKinds are named even where none stands, so that a rule can be written before the first.
var alarmKinds = [...]string{"mailbox", "due", "feed", "relay", "backup", "mailing", "instance", "letter"}

// kept are the figures out of the database: the same in every process.
func (m *metrics) kept(ctx context.Context, page *metricsPage) error {
	f, err := m.db.Figures(ctx)
	if err != nil {
		return err
	}
	ledgerFigures(page, f)
	letterFigures(page, f)
	m.inboxFigures(page, f)
	feedFigures(page, f)
	standingFigures(page, f)
	return m.quotaFigures(ctx, page)
}

func ledgerFigures(page *metricsPage, f data.Figures) {
	var issues, mailings []sample
	letters := map[data.Word]int{}
	for _, d := range f.Deliveries {
		if d.Newsletter == "" {
			letters[d.Word] = d.N
			continue
		}
		issues = append(issues, of(d.N, "newsletter", d.Newsletter, "word", string(d.Word)))
	}
	for _, one := range f.Mailings {
		mailings = append(mailings, of(one.N, "kind", one.Kind, "state", string(one.State)))
	}
	page.add(gauge, "tipsheet_issue_deliveries", "Deliveries of issues that are not through, by their word; open are those on the wire too.", issues...)
	page.add(gauge, "tipsheet_mailings", "Issues and letters that are not through, by state.", mailings...)
	page.add(gauge, "tipsheet_deliveries_held", "Deliveries of issues that wait for a person's ruling.", of(f.Held))
	page.add(gauge, "tipsheet_deliveries_uncertain", "Deliveries whose final dot may have been sent and that have no answer: on the wire now, or left by a process that died.", of(f.Uncertain))
	page.add(gauge, "tipsheet_chunks", "Chunks of mailings that are not done.", of(f.ChunksClaimed, "state", "claimed"), of(f.ChunksOpen-f.ChunksClaimed, "state", "open"))
	page.add(gauge, "tipsheet_retries", "Deliveries that were put off and wait for another attempt.", of(f.RetriesClaimed, "state", "claimed"), of(f.RetriesWaiting-f.RetriesClaimed, "state", "waiting"))
	page.add(gauge, "tipsheet_next_retry_timestamp_seconds", "When the next of them is due.", when(f.NextRetry)...)
}

func letterFigures(page *metricsPage, f data.Figures) {
	waiting := 0
	for _, one := range f.Mailings {
		if one.Kind == "letter" {
			waiting += one.N
		}
	}
	page.add(gauge, "tipsheet_letters_waiting", "Letters (confirmations, replies, tests) that are not through.", of(waiting))
	page.add(gauge, "tipsheet_oldest_letter_timestamp_seconds", "When the oldest of them was written.", when(f.OldestLetter)...)
}

func (m *metrics) inboxFigures(page *metricsPage, f data.Figures) {
	var messages, gaps, read []sample
	for _, state := range slices.Sorted(maps.Keys(f.Messages)) {
		messages = append(messages, of(f.Messages[state], "state", state))
	}
	var settings []imap.Settings
	for _, one := range m.Mailbox {
		settings = append(settings, one.Settings)
	}
	for _, one := range inbox.Figures(f, settings) {
		n := strconv.Itoa(one.N)
		gaps = append(gaps, of(one.Gaps, "mailbox", n))
		read = append(read, when(one.ReadAt, "mailbox", n)...)
	}
	page.add(gauge, "tipsheet_messages", "Messages that are kept, by state.", messages...)
	page.add(gauge, "tipsheet_mailbox_gaps", "Messages of a mailbox, numbered as in the config, that could not be fetched yet.", gaps...)
	page.add(gauge, "tipsheet_mailbox_read_timestamp_seconds", "When a mailbox was last read to its end.", read...)
}

func feedFigures(page *metricsPage, f data.Figures) {
	var read, failures []sample
	for _, one := range f.Feeds {
		id := strconv.FormatInt(one.ID, 10)
		read = append(read, when(one.ReadAt, "feed", id)...)
		failures = append(failures, of(one.Failures, "feed", id))
	}
	page.add(gauge, "tipsheet_feed_read_timestamp_seconds", "When a feed last gave an answer that could be used.", read...)
	page.add(gauge, "tipsheet_feed_failures", "How often in a row a feed could not be read; 0: it is well.", failures...)
}

func standingFigures(page *metricsPage, f data.Figures) {
	counts := map[string]int{}
	for _, kind := range alarmKinds {
		counts[kind] = 0
	}
	for _, a := range f.Alarms {
		counts[a.Kind]++
	}
	var alarms, sizes []sample
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		alarms = append(alarms, of(counts[kind], "kind", kind))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Bytes)) {
		sizes = append(sizes, of(f.Bytes[name], "file", name))
	}
	page.add(gauge, "tipsheet_alarms", "Alarms that stand, by kind.", alarms...)
	page.add(gauge, "tipsheet_held_for_adoption", "1 where nothing is sent until a person runs tipsheet adopt.", yes(f.HeldBack))
	page.add(gauge, "tipsheet_sign_of_life_timestamp_seconds", "The last sign of life of a process that sends or schedules; one comes every ten seconds.", when(f.Beat)...)
	page.add(gauge, "tipsheet_database_bytes", "Size of the database's files.", sizes...)
}

func (m *metrics) quotaFigures(ctx context.Context, page *metricsPage) error {
	var left, most []sample
	for _, r := range m.Relay {
		quotas, err := mailer.Quotas(ctx, m.db, r.Settings)
		if err != nil {
			return fmt.Errorf("relay %s: %w", r.Name, err)
		}
		for _, q := range quotas {
			span := strconv.Itoa(int(q.Span.Hours())) + "h"
			left = append(left, of(q.Left, "relay", r.Name, "span", span))
			most = append(most, of(q.Most, "relay", r.Name, "span", span))
		}
	}
	page.add(gauge, "tipsheet_relay_quota_left", "Messages that a relay's limit leaves for now.", left...)
	page.add(gauge, "tipsheet_relay_quota", "That limit, as it stands today.", most...)
	return nil
}
