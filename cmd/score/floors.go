package main

// floors are the least right answers for each set and measure: a little under what is reached, so
// that a change that reads worse than before does not pass unseen.
var floors = map[string]int{}
