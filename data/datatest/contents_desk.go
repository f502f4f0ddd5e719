package datatest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/olomotimes/tipsheet/data"
)

// Contents is every row of every table as text but those named: equal contents mean that
// nothing was changed.
func Contents(t testing.TB, db *data.DB, except ...string) string {
	t.Helper()
	raw, err := sql.Open("sqlite3", "file:"+db.Path()+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var out strings.Builder
	tables := column(t, raw, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if len(tables) == 0 {
		t.Fatal("the database has no tables")
	}
	for _, table := range tables {
		if strings.Contains(" "+strings.Join(except, " ")+" ", " "+table+" ") {
			continue
		}
		cells := column(t, raw, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+table+`')`)
		fmt.Fprintf(&out, "== %s\n", table)
		for _, row := range column(t, raw, `SELECT `+strings.Join(cells, ` || '|' || `)+` FROM "`+table+`" ORDER BY 1`) {
			fmt.Fprintln(&out, row)
		}
	}
	return out.String()
}

func column(t testing.TB, raw *sql.DB, query string) []string {
	t.Helper()
	rows, err := raw.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
