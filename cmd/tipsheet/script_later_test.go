package main

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptLater moves every time in the database back: to the program it is as if that long had
// gone by since, while nothing ran. Nothing may run now.
func scriptLater(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("write it as later DURATION")
	}
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	db, err := sql.Open("sqlite3", "file:"+ts.MkAbs("tipsheet.db")+"?_busy_timeout=5000&_txlock=immediate")
	ts.Check(err)
	defer db.Close()
	tx, err := db.Begin()
	ts.Check(err)
	defer tx.Rollback()
	times := timeColumns(ts, tx)
	if len(times) < 10 {
		ts.Fatalf("found %d tables with times", len(times))
	}
	for table, columns := range times {
		// By way of negative numbers, so that no row takes the place of one that is yet to move.
		for _, form := range []string{"%[1]s = %[2]d - %[1]s", "%[1]s = -%[1]s"} {
			var set []string
			for _, c := range columns {
				set = append(set, fmt.Sprintf(form, c, by.Milliseconds()))
			}
			_, err := tx.Exec("UPDATE " + table + " SET " + strings.Join(set, ", "))
			ts.Check(err)
		}
	}
	ts.Check(tx.Commit())
}

// timeColumns are the columns that hold a time, by table.
func timeColumns(ts *testscript.TestScript, tx *sql.Tx) map[string][]string {
	rows, err := tx.Query(`
		SELECT t.name, c.name
		FROM sqlite_master t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND c.type = 'INTEGER' AND (c.name LIKE '%\_at' ESCAPE '\' OR c.name = 'since')`)
	ts.Check(err)
	defer rows.Close()
	times := map[string][]string{}
	for rows.Next() {
		var table, column string
		ts.Check(rows.Scan(&table, &column))
		times[table] = append(times[table], column)
	}
	ts.Check(rows.Err())
	return times
}
