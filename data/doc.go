// Package data is what is kept: stories, issues, the ledger of deliveries, messages,
// conversations, subscribers and editors, their states, and the SQL that moves them.
//
// It opens the database (Open), brings its schema up to date (Migrate), and offers one
// method for each thing that can happen. A method that changes something runs in one
// short transaction, with one now for all that it writes; a state moves only by a guarded
// update that checks the rows affected, and the answer to a lost race is ErrConflict.
// No write transaction is planned for over 50 ms: long work goes in slices, each of which
// may be repeated.
//
// When the disk is full or the database gone, the method returns the error and nothing
// was written; callers stop what they do (no ledger, no mail) and try again.
package data
