package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/config"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/store"
)

func (a *app) sync() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "bring both sides into step once",
		Long: "Every task of both sides is read and compared with what both last agreed on;\n" +
			"what changed on one side is written to the other. A second run writes nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			vk, err := a.server(c)
			if err != nil {
				return err
			}
			st, err := a.stateFor(c, dry)
			if err != nil {
				return err
			}
			defer st.Close()
			tw := a.tasks(c)
			data, dataErr := tw.Data(cmd.Context())
			if dataErr == nil && !dry {
				hook.Take(data)
			}
			rep, err := patientRounds(cmd.Context(), engine.New(engineConfig(c, a.logger(c)), tw, vk, st), dry)
			if err != nil && dataErr == nil && !dry {
				hook.Call(data) // what the hooks told of is still to do
			}
			if a.json {
				a.printJSON(rep)
			} else {
				printReport(a.Out, rep, dry, err != nil)
			}
			if len(rep.Problems) > 0 {
				a.code = exitAttention
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&dry, "dry-run", "n", false, "print the plan and write nothing")
	return cmd
}

// stateFor opens the state; a dry run does not even make the file.
func (a *app) stateFor(c *config.Config, dry bool) (*store.Store, error) {
	if _, err := os.Stat(c.State("state.db")); dry && errors.Is(err, os.ErrNotExist) {
		return store.Scratch()
	}
	return a.store(c, 30*time.Second)
}

// printReport lists what is planned or was done. A sync that failed before it
// wrote has not counted anything either.
func printReport(out io.Writer, rep *engine.Report, dry, failed bool) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(rep.Actions) > 0 && dry {
		fmt.Fprintln(t, "SIDE\tID\tTASK\tWHAT\tFROM\tTO")
		for _, x := range rep.Actions {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Side, idOf(x), short(x.Title, 32), x.What, short(x.From, 24), short(x.To, 24))
		}
	}
	t.Flush()
	for _, p := range rep.Problems {
		fmt.Fprintf(out, "waits: %s%s\n", about(p), p.Reason)
	}
	if failed && rep.WritesTW+rep.WritesVK == 0 {
		return
	}
	verb := "written"
	if dry {
		fmt.Fprintf(out, "%d steps planned over %d pairs; nothing is written\n", len(rep.Actions), rep.Pairs)
		return
	}
	fmt.Fprintf(out, "%d tasks in Taskwarrior, %d in Vikunja, %d pairs: %d %s to Taskwarrior, %d to Vikunja, %d conflicts\n",
		rep.TW, rep.VK, rep.Pairs, rep.WritesTW, verb, rep.WritesVK, rep.Conflicts)
}

func idOf(x engine.Action) string {
	if x.ID > 0 {
		return fmt.Sprintf("#%d", x.ID)
	}
	return x.UUID[:8]
}

func about(p engine.Problem) string {
	switch {
	case p.Title != "":
		return fmt.Sprintf("%q: ", short(p.Title, 40))
	case p.UUID != "":
		return p.UUID + ": "
	}
	return ""
}

// short makes text of tasks fit for a table and a terminal.
func short(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
