package demo

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
)

//go:embed subscribers.csv
var subscriberFile string

// Subscriber is one reader of the demo's digest.
type Subscriber struct {
	Name    string
	Address string // under a domain reserved for examples
}

// Subscribers returns the demo's forty readers, in the order of the file. It panics when the embedded
// list is malformed.
func Subscribers() []Subscriber {
	rows, err := csv.NewReader(strings.NewReader(subscriberFile)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("demo: read subscribers.csv: %v", err))
	}
	subscribers := make([]Subscriber, 0, len(rows))
	for _, row := range rows[1:] {
		subscribers = append(subscribers, Subscriber{Name: row[0], Address: row[1]})
	}
	return subscribers
}
