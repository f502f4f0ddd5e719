package data

import "context"

// IssueSize is how many stories an issue shows: those it has taken, without the hidden ones. A
// draft has taken none yet.
func (db *DB) IssueSize(ctx context.Context, issue int64) (int, error) {
	var n int
	err := db.row(ctx, `SELECT COUNT(*) FROM issue_story WHERE issue_id = $1 AND NOT hidden`, issue).Scan(&n)
	return n, found(err, "count stories of issue %d", issue)
}

// IssuesOfStory are the issues that a story is in and shown, by due time.
func (db *DB) IssuesOfStory(ctx context.Context, story int64) ([]Issue, error) {
	all, err := query(ctx, db, scanIssue, `
		SELECT `+issueColumns+`
		FROM issue_now
		WHERE id IN (SELECT issue_id FROM issue_story WHERE story_id = $1 AND NOT hidden)
		ORDER BY due_at`, story)
	return all, found(err, "list issues of story %d", story)
}
