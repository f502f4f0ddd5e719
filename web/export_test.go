package web

// Held counts the counters and accounts in memory.
func (a *Attempts) Held() (prefixes, accounts int) {
	for _, w := range a.windows {
		prefixes += len(w.counts)
	}
	return prefixes, len(a.accounts) + len(a.older)
}

// OccupyAll takes every hasher until release is called.
func (p *Passwords) OccupyAll() (release func()) {
	for range maxHashers {
		p.free <- struct{}{}
	}
	return func() {
		for range maxHashers {
			<-p.free
		}
	}
}
