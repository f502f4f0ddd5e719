package desk

import (
	"context"
	"net/http"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

func (s *Server) settings(w http.ResponseWriter, r *http.Request, e data.Editor) {
	s.settingsPage(w, r, e, http.StatusOK, "")
}

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, e data.Editor, status int, passwordError string) {
	p := templates.Settings{PasswordError: passwordError}
	var err error
	if p.Desk, err = s.frame(r, e, "settings"); err != nil {
		s.fail(w, r, e, err)
		return
	}
	groups := []func(context.Context) (templates.SettingGroup, error){s.newsletterGroup, s.feedGroup}
	if e.Role != data.RoleSales {
		groups = append(groups, s.folderGroup, s.editorGroup)
	}
	for _, group := range groups {
		g, err := group(r.Context())
		if err != nil {
			s.fail(w, r, e, err)
			return
		}
		p.Groups = append(p.Groups, g)
	}
	s.page(w, r, status, p)
}

func (s *Server) newsletterGroup(ctx context.Context) (templates.SettingGroup, error) {
	g := templates.SettingGroup{Name: "Newsletters", Intro: "Changed with tipsheet newsletter edit."}
	all, err := s.DB.Newsletters(ctx)
	for _, n := range all {
		row := templates.SettingRow{Name: n.Name, Value: templates.TimesInWords(n.Cron, n.Gap) + ", " + n.TimeZone, Note: "goes out by itself"}
		if n.Approval {
			row.Note = "each issue waits for approval"
		}
		g.Rows = append(g.Rows, row)
	}
	return g, err
}

func (s *Server) feedGroup(ctx context.Context) (templates.SettingGroup, error) {
	g := templates.SettingGroup{Name: "Feeds", Intro: "Where stories come from."}
	all, err := s.DB.Feeds(ctx)
	for _, f := range all {
		row := templates.SettingRow{Name: f.Title, Value: f.URL, Bad: !f.FailingSince.IsZero(), Note: f.LastError}
		if row.Name == "" {
			row.Name = "Not read yet"
		}
		g.Rows = append(g.Rows, row)
	}
	return g, err
}

func (s *Server) folderGroup(ctx context.Context) (templates.SettingGroup, error) {
	g := templates.SettingGroup{Name: "Mailbox", Intro: "The folders that are watched. They are named in the config."}
	all, err := s.DB.Folders(ctx)
	for _, f := range all {
		row := templates.SettingRow{Name: f.Name, Value: f.Mailbox, Note: "not read yet"}
		if !f.CheckedAt.IsZero() {
			row.Note = "read " + f.CheckedAt.In(s.Location).Format("2 January 15:04")
		}
		g.Rows = append(g.Rows, row)
	}
	return g, err
}

func (s *Server) editorGroup(ctx context.Context) (templates.SettingGroup, error) {
	g := templates.SettingGroup{Name: "Editors", Intro: "An admin adds and removes them with tipsheet editor. Sales staff see adverts only."}
	all, err := s.DB.Editors(ctx)
	for _, e := range all {
		g.Rows = append(g.Rows, templates.SettingRow{Name: e.Name, Value: e.Role, Note: "signs in as " + e.Login})
	}
	return g, err
}
