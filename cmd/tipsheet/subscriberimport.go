package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) subscriberImport() *cobra.Command {
	var newsletter string
	c := &cobra.Command{
		Use: "import FILE.csv", Short: "Add readers from a table with a column email or address", Args: takes(1, false),
		Long: "import adds readers as active: they must have agreed elsewhere. It revives nobody who has left, bounced or\n" +
			"complained. The file has a heading row; columns email (or address), name, topics, edition,\n" +
			"language, hour and time_zone are read, the others are passed over. Topics are parted by semicolons or lines.",
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			return a.with(c, func(p *paper) error {
				n, err := p.theNewsletter(c, newsletter)
				if err != nil {
					return err
				}
				rows, err := readReaders(f, n.TimeZone)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return a.importRows(c, p, n, rows, "import")
			})
		},
	}
	c.Flags().StringVar(&newsletter, "newsletter", "", "to which newsletter (default: the only one)")
	return c
}

// readReaders reads a table whose columns are parted by commas, semicolons or tabs. zone is the
// clock of an hour without a zone of its own.
func readReaders(r io.Reader, zone string) ([]data.Import, error) {
	all, err := readTable(r)
	if err != nil {
		return nil, err
	}
	column := func(names ...string) int {
		return slices.IndexFunc(all[0], func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
	}
	address := column("email", "address", "email address", "e-mail")
	if address < 0 {
		return nil, errors.New("no column is headed email or address; add a heading row")
	}
	columns := []int{address, column("name", "full name"), column("topics", "categories"), column("edition"), column("language"), column("hour"), column("time_zone", "time zone")}
	var rows []data.Import
	for n, record := range all[1:] {
		cells := make([]string, len(columns))
		for i, at := range columns {
			if at >= 0 && at < len(record) {
				cells[i] = strings.TrimSpace(record[at])
			}
		}
		row := data.Import{Address: cells[0], Name: cells[1]}
		if row == (data.Import{}) {
			continue
		}
		topics := strings.FieldsFunc(strings.TrimPrefix(cells[2], "'"), func(c rune) bool { return c == ';' || c == '\n' })
		if row.Choice, err = readChoice(topics, cells[3], cells[4], cells[5], firstOf(cells[6], zone)); err != nil {
			return nil, fmt.Errorf("row %d: %w", n+2, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func readTable(r io.Reader) ([][]string, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	plain := strings.TrimPrefix(string(text), "\ufeff")
	head, _, _ := strings.Cut(plain, "\n")
	in := csv.NewReader(strings.NewReader(plain))
	in.FieldsPerRecord = -1
	for _, comma := range ";\t" {
		if strings.ContainsRune(head, comma) && !strings.Contains(head, ",") {
			in.Comma = comma
		}
	}
	all, err := in.ReadAll()
	if err == nil && len(all) == 0 {
		err = errors.New("the file is empty")
	}
	return all, err
}
