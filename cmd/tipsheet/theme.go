package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
)

// openMail reads the mails, with the files of site.templates over ours. Own files that do not pass
// their check are a fault that previews and `tipsheet check` tell, and are not used: what goes out meanwhile
// is set from ours.
func openMail(folder string, log *slog.Logger) (mail *templates.Mail, fault, err error) {
	mail, err = templates.NewMail()
	if err != nil || folder == "" {
		return mail, nil, err
	}
	own, fault := readTemplates(folder)
	if fault != nil {
		log.Warn("own templates are not used", "reason", "they fail their check")
		return mail, &data.UserError{
			Message: fmt.Sprintf("the templates in %s fail: %v", folder, fault),
			Hint:    "mend them, or empty site.templates; until then our own are used",
		}, nil
	}
	return own, nil, nil
}

func readTemplates(folder string) (*templates.Mail, error) {
	if _, err := os.ReadDir(folder); err != nil {
		return nil, err
	}
	own, err := templates.NewMailFrom(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	return own, own.Check()
}
