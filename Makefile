# make demo and make test are all that a newcomer needs.
FIXTURES ?= ../shared/fixtures
KILLS ?= 1000
CUTS ?= 50
AXE_VERSION = 4.10.3

.PHONY: build demo test check score deps train fuzz crash soak bench-mailer bench-digest

build:
	go build -o bin/tipsheet ./cmd/tipsheet

demo:
	go run ./cmd/tipsheet demo

# The servers that tests talk to, installed through apt-get when missing.
deps:
	@AXE_VERSION=$(AXE_VERSION) bash scripts/deps.sh

# Calls deps.sh first.
test:
	@AXE_VERSION=$(AXE_VERSION) bash scripts/test.sh

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed: $$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 -run 'TestRule' ./cmd/tipsheet
	go test -race -short -timeout 7m $$(go list ./... | grep -v -e /cmd/ -e /proof/)

# Real third-party cases, read from where they lie and never copied here.
score:
	go run ./cmd/score -fixtures $(FIXTURES)

# The mailer's speed beside Debian's smtp-source: docs/perf.md. BENCH="-only w32 -rounds 3" for one figure.
bench-mailer:
	@go run ./cmd/bench-mailer $(BENCH)

# Composing 50 and 2,000 variants, and freezing an audience of a million: docs/perf.md. READERS=n for fewer.
bench-digest:
	go test ./digest -run '^$$' -bench 'Compose|Freeze' -benchtime 1x -timeout 30m

# The sorter's model, from its corpus.
train:
	go run ./inbox/sorter/train

# Each fuzz target for a minute; what it finds becomes a seed.
fuzz:
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
		echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$p || exit 1; done; done

# SIGKILL again and again, at each step and at random, and counting at the far end: docs/crash.md.
# SEED=n repeats a run, WINDOW=n keeps to one ledger.window. First the inbox is
# killed as often, and the whole program a few times.
crash:
	KILLS=$(KILLS) go test ./cmd/tipsheet -run TestKilled -count=1 -v -timeout 30m
	@echo "KILLS=$(KILLS) go test ./mailer -run TestKilled"
	@KILLS=$(KILLS) bash -o pipefail -c "go test ./mailer -run TestKilled -count=1 -v -timeout 120m | \
		awk '/^crash: /{last=\$$0; next} {print; fflush()} END{print last}'"

# And cutting the power, on a disk that forgets what was not synced; and the schedule, in every zone.
soak: crash
	CUTS=$(CUTS) go test ./data -run 'Row2|Row3|PowerCut' -count=1 -v -timeout 30m
	SWEEP=all go test ./digest -run DueWhenTheOracleSays -count=1 -v -timeout 45m
	YEAR=1 go test ./digest -run YearIsTold -count=1 -v -timeout 60m
