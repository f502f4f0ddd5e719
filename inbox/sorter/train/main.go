// Command train makes the model that the sorter ships: it reads the corpus,
// trains, and writes model.bin. It is run in the sorter's folder by go generate
// (make train). With -report it trains nothing for shipping and prints the
// figures of docs/sorter.md instead, on writers and on messages held out. A
// corpus that cannot be read leaves model.bin as it was.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/olomotimes/tipsheet/inbox/sorter"
)

func main() {
	report := flag.Bool("report", false, "print the figures on held-out messages; takes minutes")
	flag.Parse()
	if err := run(*report); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(report bool) error {
	rows, err := sorter.ReadCorpus(os.DirFS("corpus"))
	if err != nil {
		return err
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
	if err := os.WriteFile("model.bin.new", model, 0o644); err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	if err := os.Rename("model.bin.new", "model.bin"); err != nil {
		return fmt.Errorf("put the model in place: %w", err)
	}
	fmt.Printf("model.bin: %d messages, %d bytes\n", len(rows), len(model))
	return nil
}
