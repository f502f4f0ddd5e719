package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

// with opens the paper, does one thing and closes it again. It works beside a running serve.
func (a *app) with(c *cobra.Command, do func(*paper) error) error {
	level := new(slog.LevelVar)
	level.Set(slog.LevelError) // what went well, the command says itself
	p, err := a.open(c.Context(), slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level})))
	if err != nil {
		return err
	}
	if a.zone, err = time.LoadLocation(p.Site.TimeZone); err != nil {
		return errors.Join(err, p.close())
	}
	return errors.Join(notFound(do(p), c.Parent().Name()), p.close())
}

// conflict puts a sentence in place of a lost race or a forbidden move.
func conflict(err error, message string) error {
	var person *data.UserError // it says more than that it was a conflict
	if errors.Is(err, data.ErrConflict) && !errors.As(err, &person) {
		return &data.UserError{Message: message}
	}
	return err
}

// notFound puts a sentence in place of a number or name that is not there.
func notFound(err error, noun string) error {
	if errors.Is(err, data.ErrNotFound) {
		return &data.UserError{Message: "there is no such " + noun, Hint: fmt.Sprintf("`tipsheet %s list` shows what there is", noun)}
	}
	return err
}
