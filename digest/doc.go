// Package digest is what goes into an issue: it polls feeds into stories, makes the draft of
// each newsletter's next issue, and closes an issue before its due time, when its words and
// its audience are frozen for the mailer.
//
// A due time has one issue, wherever the process runs and however often it starts: the row is
// unique. A due time found later than its grace sends nothing; its stories go into the next
// issue and its row says so. An issue without stories is skipped, visibly. A feed that breaks
// keeps its last good state, and an alarm stands after six hours.
package digest
