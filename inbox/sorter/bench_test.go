package sorter

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkSort is the promise of under 0.5 ms a message of 5 KB.
func BenchmarkSort(b *testing.B) {
	m, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	rows, err := ReadCorpus(os.DirFS("corpus"))
	if err != nil {
		b.Fatal(err)
	}
	var body strings.Builder
	for i := 0; body.Len() < 5000; i += 17 {
		body.WriteString(rows[i].Text.Body + "\n\n")
	}
	t := Text{From: "Ada <ada@example.com>", Subject: "Advert rate on your site", Body: cut(body.String(), 5000)}
	b.ReportAllocs()
	for b.Loop() {
		m.Sort(t)
	}
}
