// Command train makes the model that the sorter ships: it reads the corpus,
// trains, and writes model.bin. It runs in the sorter's folder (go generate) or
// at the top of the repository (make train). With -report it trains nothing for
// shipping and prints the figures of docs/sorter.md instead, on writers and on
// messages held out. A corpus that cannot be read leaves model.bin as it was.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/olomotimes/tipsheet/inbox/sorter"
)

func main() {
	report := flag.Bool("report", false, "print the figures on held-out messages; takes minutes")
	flag.Parse()
	if err := run(sorterFolder(), *report); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// sorterFolder is where the corpus and the model lie, seen from here.
func sorterFolder() string {
	fromTop := filepath.Join("inbox", "sorter")
	if _, err := os.Stat(filepath.Join(fromTop, "corpus")); err == nil {
		return fromTop
	}
	return "."
}

func run(folder string, report bool) error {
	rows, err := sorter.ReadCorpus(os.DirFS(filepath.Join(folder, "corpus")))
	if err != nil {
		return fmt.Errorf("%w: run it at the top of the repository or in inbox/sorter", err)
	}
	if report {
		fmt.Printf("each writer held out\n\n%s\n", sorter.HoldOutSources(rows, sorter.StarterSeed))
		fmt.Printf("five folds\n\n%s", sorter.HoldOutFolds(rows, 5, sorter.StarterSeed))
		return nil
	}
	model, err := sorter.Train(rows, sorter.StarterSeed).MarshalBinary()
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "model.bin")
	if err := os.WriteFile(name+".new", model, 0o644); err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("put the model in place: %w", err)
	}
	fmt.Printf("%s: %d messages, %d bytes\n", name, len(rows), len(model))
	return nil
}
