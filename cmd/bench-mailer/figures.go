package main

import "time"

// A figure is one of the last line's, or a row of the table that is only looked at.
type figure struct {
	name  string
	about string
	bound float64 // that it must reach; 0: none
	most  bool    // the bound is the most that it may be
	extra bool    // not in the last line
}

var figures = []figure{
	{name: "w32", about: "of smtp-source's rate, 10 connections, window 32", bound: 1.5},
	{name: "w1c10", about: "of smtp-source's rate, 10 connections, window 1", bound: 0.2},
	{name: "w1c32", about: "of smtp-source's rate, 32 connections, window 1", bound: 0.5},
	{name: "plain", about: "of smtp-source's rate, no PIPELINING, window 32", bound: 0.7},
	{name: "cpu", about: "CPU-seconds per 1,000 mails in the run w32", bound: 0.08, most: true},
	{name: "dkim_go", about: "of Go's bare RSA-2048 signing rate, all cores", bound: 0.85},
	{name: "dkim_openssl", about: "of OpenSSL's bare RSA-2048 signing rate", bound: 0.6},
	{name: "rtt20", about: "mails a second and connection at 20 ms round trip", bound: 40},
	{name: "rtt20plain", about: "the same without PIPELINING", bound: 10},
	{name: "rss_mb", about: "MB resident at most, the large issue", bound: 100, most: true},
	{name: "chunks", about: "w32 with CHUNKING offered too", extra: true},
	{name: "rtt20chunks", about: "rtt20 with CHUNKING offered too", extra: true},
	{name: "fold", about: "the large issue, killed, and one folded beside it", extra: true},
}

// held says whether a value keeps to the figure's bound.
func (f figure) held(value float64) bool {
	if f.most {
		return value <= f.bound
	}
	return value >= f.bound
}

func names() []string {
	var all []string
	for _, f := range figures {
		all = append(all, f.name)
	}
	return all
}

// A setup is how a figure is measured, in each round.
type setup struct {
	name          string
	connections   int
	window        int
	messages      int
	offer         offer
	signer        string        // go, openssl, or empty: unsigned
	delay         time.Duration // in each direction
	yard          yardstick     // nil: there is nothing to compare with
	perConnection bool
}

const farAway = 10 * time.Millisecond // each way: 20 ms a round trip

var setups = []setup{
	{name: "w32", connections: 10, window: 32, messages: 20_000, offer: offersPipelining, yard: smtpSource(10)},
	{name: "w1c10", connections: 10, window: 1, messages: 8_000, offer: offersPipelining, yard: smtpSource(10)},
	{name: "w1c32", connections: 32, window: 1, messages: 10_000, offer: offersPipelining, yard: smtpSource(32)},
	{name: "plain", connections: 10, window: 32, messages: 10_000, offer: offersNothing, yard: smtpSource(10)},
	{name: "chunks", connections: 10, window: 32, messages: 20_000, offer: offersChunking, yard: smtpSource(10)},
	{name: "dkim_go", connections: 10, window: 32, messages: 5_000, offer: offersPipelining, signer: signsWithGo, yard: signingInGo},
	{name: "dkim_openssl", connections: 10, window: 32, messages: 10_000, offer: offersPipelining, signer: signsWithOpenSSL, yard: signingInOpenSSL},
	{name: "rtt20", connections: 4, window: 32, messages: 800, offer: offersPipelining, delay: farAway, perConnection: true},
	{name: "rtt20plain", connections: 4, window: 32, messages: 200, offer: offersNothing, delay: farAway, perConnection: true},
	{name: "rtt20chunks", connections: 4, window: 32, messages: 4_000, offer: offersChunking, delay: farAway, perConnection: true},
}

// wanted are the setups that the command line asks for.
func (o options) wanted() []setup {
	var all []setup
	for _, s := range setups {
		if o.wants(s.name) || s.name == "w32" && o.wants("cpu") {
			if o.messages > 0 {
				s.messages = o.messages
			}
			all = append(all, s)
		}
	}
	return all
}
