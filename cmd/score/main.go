// Command score runs other people's test mail and feeds through tipsheet and prints, a line for each
// set and measure, how many came out right of how many were asked.
//
// Its steps: read the index of each set in the folder of fixtures (and the same under copyleft/ where
// that is present), run the files, compare as the fixtures' README says, and hold the result against
// the floors in floors.go. It exits 0 when every floor is held, 1 when one is not, 2 when it cannot
// run (no fixtures). With -v it names up to ten files that came out wrong, for each measure.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	flags.SetOutput(errs)
	dir := flags.String("fixtures", "../shared/fixtures", "the folder of sample mail and feeds")
	verbose := flags.Bool("v", false, "name up to ten files that came out wrong, for each measure")
	only := flags.String("only", "", "run this set alone")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if info, err := os.Stat(*dir); err != nil || !info.IsDir() {
		fmt.Fprintf(errs, "score: there is no folder of fixtures at %s; name it with -fixtures\n", *dir)
		return 2
	}
	var results []result
	for _, set := range sets() {
		if *only != "" && *only != set.name {
			continue
		}
		for _, folder := range []string{set.name, filepath.Join("copyleft", set.name)} {
			got, err := set.runFolder(*dir, folder)
			if err != nil {
				fmt.Fprintf(errs, "score: %v\n", err)
				return 2
			}
			results = append(results, got...)
		}
	}
	if len(results) == 0 {
		fmt.Fprintf(errs, "score: %s holds none of the sets; name the right folder with -fixtures\n", *dir)
		return 2
	}
	return printResults(results, *verbose, out, errs)
}

// printResults prints the results and says whether every floor was held.
func printResults(results []result, verbose bool, out, errs io.Writer) int {
	code := 0
	for _, r := range results {
		fmt.Fprintln(out, r)
		if verbose {
			for _, name := range r.wrong[:min(len(r.wrong), 10)] {
				fmt.Fprintf(out, "  %s\n", name)
			}
		}
		if floor, ok := floors[r.set+" "+r.measure]; ok && r.percent() < floor {
			fmt.Fprintf(errs, "score: %s %s: %.1f%% is below the floor of %.1f%%\n", r.set, r.measure, r.percent(), floor)
			code = 1
		}
	}
	return code
}
