package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/olomotimes/tipsheet/data"
)

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the database's place; nothing else may have it open", Args: takes(1, false),
		Long: "restore puts a copy that `tipsheet backup` wrote in the place of the database, with the large messages in the\n" +
			"folder mail/ beside it. The database that lay there is kept under another name. Nothing is sent from the\n" +
			"restored one until `tipsheet adopt`.",
		RunE: func(c *cobra.Command, args []string) error {
			config, err := a.load()
			if err != nil {
				return err
			}
			if !config.given {
				return usage("there is no config file %s here; name it with --config, so that the database's place is known", configName)
			}
			path := config.beside(config.Database.URL)
			r, err := data.Restore(c.Context(), args[0], path, data.Options{})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"database": path, "replaced": r.Replaced, "messages": r.Messages, "damaged": r.Damaged})
			}
			fmt.Fprintf(a.out, "restored %s to %s\n", args[0], path)
			if r.Messages > 0 {
				fmt.Fprintf(a.out, "copied %s into mail/\n", counted(r.Messages, "large message", "large messages"))
			}
			if r.Damaged > 0 {
				fmt.Fprintf(a.out, "%s in the backup's mail/ damaged and left there\n", counted(r.Damaged, "large message is", "large messages are"))
			}
			if r.Replaced != "" {
				fmt.Fprintf(a.out, "the database that lay there is kept as %s\n", r.Replaced)
			}
			fmt.Fprintln(a.out, "nothing is sent from it until you run `tipsheet adopt`")
			return nil
		},
	}
}
