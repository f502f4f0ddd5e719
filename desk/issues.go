package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

const (
	issuePage     = 30 // issues a page
	maxIssuePages = 100
	maxCandidates = 60 // stories that a draft is shown to choose from
	maxOutcomes   = 20
)

func (s *Server) issues(w http.ResponseWriter, r *http.Request, e data.Editor) {
	p := templates.Issues{}
	var err error
	if p.Desk, err = s.frame(r, e, "issues"); err != nil {
		s.fail(w, r, e, err)
		return
	}
	n := min(max(number(r.URL.Query().Get("page")), 1), maxIssuePages)
	from, to := int(n-1)*issuePage, int(n)*issuePage
	all, err := s.DB.Issues(r.Context(), to+1)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	if len(all) > to && n < maxIssuePages {
		p.Older = fmt.Sprintf("/desk/issues?page=%d", n+1)
	}
	names, err := s.newsletterNames(r.Context(), all)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	for _, i := range all[min(from, len(all)):min(to, len(all))] {
		row, err := s.issueRow(r.Context(), i, names)
		if err != nil {
			s.fail(w, r, e, err)
			return
		}
		if coming(i) {
			p.Coming = append(p.Coming, row)
		} else {
			p.Past = append(p.Past, row)
		}
	}
	slices.Reverse(p.Coming) // the next one first
	s.page(w, r, http.StatusOK, p)
}

// coming says that an issue has not begun to go out and may still do so.
func coming(i data.Issue) bool {
	switch i.State {
	case data.IssueDraft, data.IssueAwaiting, data.IssueClosing, data.IssueClosed:
		return true
	case data.IssueHeld:
		return i.MailingID == 0
	}
	return false
}

// newsletterNames are the names of the newsletters of some issues, ended ones too.
func (s *Server) newsletterNames(ctx context.Context, of []data.Issue) (map[int64]string, error) {
	names := map[int64]string{}
	for _, i := range of {
		if _, ok := names[i.NewsletterID]; ok {
			continue
		}
		n, err := s.DB.Newsletter(ctx, i.NewsletterID)
		if err != nil {
			return nil, err
		}
		names[i.NewsletterID] = n.Name
	}
	return names, nil
}

// issueRow is an issue in a list, with its figures.
func (s *Server) issueRow(ctx context.Context, i data.Issue, names map[int64]string) (templates.IssueRow, error) {
	row := templates.IssueRow{
		ID: i.ID, Newsletter: names[i.NewsletterID], Subject: i.Subject, Due: i.DueAt.In(s.Location),
		State: string(i.State), Reason: i.Reason,
	}
	if i.MailingID != 0 {
		account, err := s.DB.Progress(ctx, i.MailingID)
		if err != nil {
			return row, err
		}
		row.Counts = figures(account)
	}
	var err error
	if row.Stories, err = s.DB.IssueSize(ctx, i.ID); err != nil || i.MailingID != 0 || !coming(i) {
		return row, err
	}
	readers, err := s.DB.CountSubscriptions(ctx, i.NewsletterID)
	if err != nil {
		return row, err
	}
	row.Readers = readers[data.SubscriptionActive]
	offered, err := s.DB.Candidates(ctx, i.NewsletterID, maxCandidates)
	row.Stories += len(offered)
	return row, err
}

func (s *Server) issue(w http.ResponseWriter, r *http.Request, e data.Editor) {
	i, err := s.DB.Issue(r.Context(), id(r))
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	p, err := s.issuePage(r, e, i)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	s.page(w, r, http.StatusOK, p)
}

func (s *Server) issuePage(r *http.Request, e data.Editor, i data.Issue) (templates.Issue, error) {
	ctx := r.Context()
	p := templates.Issue{Preheader: i.Preheader}
	var err error
	if p.Desk, err = s.frame(r, e, "issues"); err != nil {
		return p, err
	}
	n, err := s.DB.Newsletter(ctx, i.NewsletterID)
	if err != nil {
		return p, err
	}
	if p.Row, err = s.issueRow(ctx, i, map[int64]string{n.ID: n.Name}); err != nil {
		return p, err
	}
	if e.Role != data.RoleSales {
		p.Moves = issueMoves(i, n)
	}
	if i.ClosedAt.IsZero() && coming(i) {
		p.Closes = i.CloseAt
	}
	if p.Stories, err = s.issueStories(ctx, i); err != nil {
		return p, err
	}
	if err := s.fillWords(ctx, i, &p); err != nil || i.MailingID == 0 {
		return p, err
	}
	if p.Row.Counts.Deferred > 0 {
		m, err := s.DB.Mailing(ctx, i.MailingID)
		if err != nil {
			return p, err
		}
		p.WaitingUntil = m.GiveUpAt
	}
	p.Outcomes, err = s.outcomes(ctx, i.MailingID)
	return p, err
}

// issueStories are the stories an issue has taken; those of a draft are what it could take.
func (s *Server) issueStories(ctx context.Context, i data.Issue) ([]templates.IssueStory, error) {
	taken, err := s.DB.IssueStories(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	var all []templates.IssueStory
	if i.MailingID == 0 && coming(i) {
		offered, err := s.DB.Candidates(ctx, i.NewsletterID, maxCandidates)
		if err != nil {
			return nil, err
		}
		for _, st := range offered {
			all = append(all, issueStory(st, st.Title, false))
		}
	}
	for _, st := range taken {
		all = append(all, issueStory(st.Story, st.Headline(), st.HiddenNow))
	}
	if len(all) > 0 && !all[0].Hidden {
		all[0].Lead = true
	}
	return all, nil
}

func issueStory(st data.Story, title string, hidden bool) templates.IssueStory {
	one := templates.IssueStory{ID: st.ID, Title: title, Link: st.Link, Hidden: hidden}
	if len(st.Categories) > 0 {
		one.Section = st.Categories[0]
	}
	return one
}

// anyAddress is an address in a relay's words.
var anyAddress = regexp.MustCompile(`<?[^\s<>@:;,]+@[^\s<>@:;,]+>?`)

// outcomes are the deliveries that did not simply arrive, in groups. A group shows one of the
// relay's answers, without the address in it: it stands for all of them.
func (s *Server) outcomes(ctx context.Context, mailing int64) ([]templates.Outcome, error) {
	groups, err := s.DB.Outcomes(ctx, mailing, maxOutcomes)
	var all []templates.Outcome
	for _, g := range groups {
		all = append(all, templates.Outcome{
			Word: string(g.Word), Text: anyAddress.ReplaceAllLiteralString(plain(g.Text), "(address)"), Code: code(g.Code, g.Enhanced), N: g.N,
		})
	}
	return all, err
}

// code is "550 5.1.1", or what there is of it.
func code(basic int, enhanced string) string {
	if basic == 0 {
		return enhanced
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", basic, enhanced))
}

// issueMoves are the buttons of an issue.
func issueMoves(i data.Issue, n data.Newsletter) []string {
	switch i.State {
	case data.IssueDraft:
		if n.Approval && i.ApprovedAt.IsZero() {
			return []string{"approve", "cancel"}
		}
		return []string{"cancel"}
	case data.IssueAwaiting:
		return []string{"approve", "cancel"}
	case data.IssueHeld:
		if i.MailingID == 0 {
			return []string{"approve", "cancel"}
		}
		return []string{"resume", "cancel"}
	case data.IssueClosed, data.IssueSending:
		return []string{"pause", "cancel"}
	case data.IssuePaused:
		return []string{"resume", "cancel"}
	}
	return nil
}

// moveIssue is an editor's word on an issue.
func (s *Server) moveIssue(w http.ResponseWriter, r *http.Request, e data.Editor) {
	i, err := s.DB.Issue(r.Context(), id(r))
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	n, err := s.DB.Newsletter(r.Context(), i.NewsletterID)
	if err != nil {
		s.fail(w, r, e, err)
		return
	}
	back := fmt.Sprintf("/desk/issues/%d", i.ID)
	to := r.PathValue("move")
	if !slices.Contains(issueMoves(i, n), to) {
		s.tooLate(w, r, e, back)
		return
	}
	switch to {
	case "approve":
		err = s.DB.ApproveIssue(r.Context(), i.ID)
	case "pause":
		err = s.DB.PauseMailing(r.Context(), i.MailingID, "by "+e.Name)
	case "resume":
		err = s.DB.ResumeMailing(r.Context(), i.MailingID)
	case "cancel":
		err = s.DB.CancelIssue(r.Context(), i.ID, "by "+e.Name)
	}
	switch {
	case errors.Is(err, data.ErrConflict):
		s.tooLate(w, r, e, back)
		return
	case err != nil:
		s.fail(w, r, e, err)
		return
	}
	s.Log.Info("issue moved by an editor", "issue", i.ID, "editor", e.ID, "move", to)
	http.Redirect(w, r, back+did("", "issue."+to, i.ID), http.StatusSeeOther)
}
