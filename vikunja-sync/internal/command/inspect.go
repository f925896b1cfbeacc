package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/config"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// Status is what the daemon leaves after each cycle, for people and monitors.
type Status struct {
	At        time.Time    `json:"at"`
	OK        bool         `json:"ok"`
	Error     string       `json:"error,omitempty"`
	Seconds   float64      `json:"seconds"`
	TW        int          `json:"taskwarrior_tasks"`
	VK        int          `json:"vikunja_tasks"`
	Pairs     int          `json:"pairs"`
	WritesTW  int          `json:"taskwarrior_writes"`
	WritesVK  int          `json:"vikunja_writes"`
	Conflicts int          `json:"conflicts"`
	Problems  []string     `json:"problems,omitempty"`
	Guard     *store.Guard `json:"guard,omitempty"`
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "show the last cycle and what waits",
		RunE: func(*cobra.Command, []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			b, err := os.ReadFile(c.State("status.json"))
			if errors.Is(err, os.ErrNotExist) {
				fmt.Fprintln(a.Out, "no cycle of `vikunja-sync run` yet")
				a.code = exitAttention
				return nil
			}
			if err != nil {
				return err
			}
			var s Status
			if err := json.Unmarshal(b, &s); err != nil {
				return err
			}
			lock, err := onlyOne(c.State("run.lock"))
			stopped := err == nil
			if stopped {
				lock.Close()
			}
			if !s.OK || len(s.Problems) > 0 || stopped {
				a.code = exitAttention
			}
			if a.json {
				return a.printJSON(s)
			}
			fmt.Fprintf(a.Out, "last cycle %s, %.1f s: %d pairs, %d written to Taskwarrior, %d to Vikunja\n",
				s.At.Local().Format(time.DateTime), s.Seconds, s.Pairs, s.WritesTW, s.WritesVK)
			if stopped {
				fmt.Fprintln(a.Out, "`vikunja-sync run` is not running")
			}
			if s.Error != "" {
				fmt.Fprintf(a.Out, "failed: %s\n", short(s.Error, 400))
			}
			for _, p := range s.Problems {
				fmt.Fprintf(a.Out, "waits: %s\n", short(p, 400))
			}
			return nil
		},
	}
}

func (a *app) withStore(fn func(*config.Config, *store.Store) error) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	st, err := a.store(c, 30*time.Second)
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(c, st)
}

func (a *app) conflicts() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "conflicts",
		Short: "list values that lost to a change on the other side",
		RunE: func(*cobra.Command, []string) error {
			return a.withStore(func(_ *config.Config, st *store.Store) error {
				var list []store.Conflict
				if err := st.View(func(t *store.Tx) (err error) { list, err = t.Conflicts(); return err }); err != nil {
					return err
				}
				var open []store.Conflict
				for _, k := range list {
					if all || !k.Resolved {
						open = append(open, k)
					}
				}
				if a.json {
					return a.printJSON(open)
				}
				t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
				for i, k := range open {
					if i == 0 {
						fmt.Fprintln(t, "NO\tWHEN\tTASK\tFIELD\tKEPT\tLOST")
					}
					fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", k.Seq, k.At.Local().Format("01-02 15:04"), short(k.Title, 28), k.Field,
						short(k.Kept, 28), short(k.Lost, 28))
				}
				return t.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list resolved ones too")
	return cmd
}

func (a *app) exportState() *cobra.Command {
	return &cobra.Command{
		Use:   "export-state",
		Short: "print the whole state as JSON",
		RunE: func(*cobra.Command, []string) error {
			return a.withStore(func(_ *config.Config, st *store.Store) error {
				var out struct {
					Meta      store.Meta           `json:"meta"`
					Pairs     []*store.Pair        `json:"pairs"`
					Labels    map[int64]model.Name `json:"labels"`
					Projects  map[int64]model.Name `json:"projects"`
					Journal   []store.Intent       `json:"journal"`
					Conflicts []store.Conflict     `json:"conflicts"`
				}
				err := st.View(func(t *store.Tx) error {
					var e [6]error
					out.Meta, e[0] = t.Meta()
					e[1] = t.Pairs(func(p *store.Pair) error { out.Pairs = append(out.Pairs, p); return nil })
					out.Labels, e[2] = t.Names(false)
					out.Projects, e[3] = t.Names(true)
					out.Journal, e[4] = t.Open()
					out.Conflicts, e[5] = t.Conflicts()
					return errors.Join(e[:]...)
				})
				if err != nil {
					return err
				}
				return a.printJSON(out)
			})
		},
	}
}

func (a *app) settings() *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "list every setting with type, default and meaning",
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printJSON(map[string]any{"settings": config.Settings})
			}
			for _, s := range config.Settings {
				fmt.Fprintf(a.Out, "%s (%s, default %v)\n    %s\n", s.Name, s.Type, s.Default, s.Doc)
				if s.Env != "" {
					fmt.Fprintf(a.Out, "    Variable: %s\n", s.Env)
				}
			}
			return nil
		},
	}
}

// resolution is what the flags of resolve decide.
type resolution struct {
	confirm, acceptData, acceptServer, drop bool
	unlink                                  string
}

func (a *app) resolve() *cobra.Command {
	var r resolution
	cmd := &cobra.Command{
		Use:   "resolve [NO…]",
		Short: "decide what waits: put lost values back, confirm deletions",
		Long: "NO is a number of `vikunja-sync conflicts`: the value that lost is written to the task in\n" +
			"Taskwarrior, and the next cycle carries it over. With --drop the conflict is only marked as seen.",
		Args: func(_ *cobra.Command, args []string) error {
			for _, s := range args {
				if _, err := strconv.ParseUint(s, 10, 64); err != nil {
					return usageError{fmt.Errorf("`%s` is no number of a conflict", s)}
				}
			}
			if len(args) == 0 && !r.confirm && !r.acceptData && !r.acceptServer && r.unlink == "" {
				return usageError{errors.New("nothing to resolve: name a conflict or use a flag")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(func(c *config.Config, st *store.Store) error {
				if err := a.settle(cmd, c, st, r, args); err != nil {
					return err
				}
				if data, err := a.tasks(c).Data(cmd.Context()); err == nil {
					hook.Call(data) // the daemon need not wait for its interval
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&r.confirm, "confirm-deletions", false, "let the next cycle make the deletions that were stopped")
	cmd.Flags().BoolVar(&r.acceptData, "accept-data", false, "take the present data folder of Taskwarrior for the one to sync")
	cmd.Flags().BoolVar(&r.acceptServer, "accept-server", false, "take the present address for that of the server that was synced before")
	cmd.Flags().BoolVar(&r.drop, "drop", false, "mark the conflicts as seen and change nothing")
	cmd.Flags().StringVar(&r.unlink, "unlink", "", "make the task `UUID`, whose link leads nowhere or to what may no longer be read, a new one")
	return cmd
}

// settle does what the flags say, then resolves the conflicts of these numbers.
func (a *app) settle(cmd *cobra.Command, c *config.Config, st *store.Store, r resolution, numbers []string) error {
	if r.confirm {
		if err := a.confirmDeletions(st); err != nil {
			return err
		}
	}
	if r.acceptServer {
		if err := forget(st, func(m *store.Meta) { m.Server = "" }); err != nil {
			return err
		}
	}
	if r.acceptData {
		if err := forget(st, func(m *store.Meta) { m.DataPath = "" }); err != nil {
			return err
		}
	}
	if r.unlink != "" {
		if err := a.unlink(cmd, c, st, r.unlink); err != nil {
			return err
		}
	}
	for _, s := range numbers {
		seq, _ := strconv.ParseUint(s, 10, 64)
		if err := a.resolveOne(cmd, c, st, seq, r.drop); err != nil {
			return err
		}
	}
	return nil
}

// forget lets the next cycle take what is there now, a data folder or a server,
// for what was synced before.
func forget(st *store.Store, what func(*store.Meta)) error {
	return st.Update(func(t *store.Tx) error {
		m, err := t.Meta()
		if err != nil {
			return err
		}
		what(&m)
		return t.PutMeta(m)
	})
}

func (a *app) confirmDeletions(st *store.Store) error {
	return st.Update(func(t *store.Tx) error {
		m, err := t.Meta()
		if err != nil {
			return err
		}
		if m.Guard == nil {
			return errors.New("no deletions wait")
		}
		m.Confirmed = m.Guard.Side
		fmt.Fprintf(a.Out, "the next cycle deletes %d tasks in %s\n", m.Guard.Count, m.Guard.Side)
		return t.PutMeta(m)
	})
}

// change edits one task in Taskwarrior under the lock.
func (a *app) change(cmd *cobra.Command, c *config.Config, uuid string, fn func(model.Raw) error) error {
	tw := a.tasks(c)
	unlock, err := tw.Lock(cmd.Context())
	if err != nil {
		return err
	}
	defer unlock()
	got, err := tw.Get(cmd.Context(), []string{uuid})
	if err != nil {
		return err
	}
	raw := got[uuid]
	if raw == nil {
		return fmt.Errorf("taskwarrior has no task `%s`", uuid)
	}
	if err := fn(raw); err != nil {
		return err
	}
	return tw.Import(cmd.Context(), []model.Raw{raw})
}

// unlink makes the task a new one for the next cycle. A pair that was detached
// ends with it; one that is in step would get its link back.
func (a *app) unlink(cmd *cobra.Command, c *config.Config, st *store.Store, uuid string) error {
	var p *store.Pair
	if err := st.View(func(t *store.Tx) (err error) { p, err = t.Pair(uuid); return err }); err != nil {
		return err
	}
	if p != nil && p.State == store.Live {
		return fmt.Errorf("the link of `%s` leads to task %d, which is in step with it", uuid, p.ID)
	}
	if err := a.dropLink(cmd, c, uuid); err != nil || p == nil || p.State != store.Detached {
		return err
	}
	return st.Update(func(t *store.Tx) error { return t.DropPair(uuid) })
}

func (a *app) dropLink(cmd *cobra.Command, c *config.Config, uuid string) error {
	return a.change(cmd, c, uuid, func(r model.Raw) error {
		r.SetStr(model.UDALink, "")
		var rest []model.Annotation
		for _, n := range r.Annotations() {
			probe := model.Raw{}
			probe.SetAnnotations([]model.Annotation{n})
			if model.LinkOf(probe) == "" {
				rest = append(rest, n)
			}
		}
		r.SetAnnotations(rest)
		return nil
	})
}

func (a *app) resolveOne(cmd *cobra.Command, c *config.Config, st *store.Store, seq uint64, drop bool) error {
	var k store.Conflict
	err := st.View(func(t *store.Tx) error {
		list, err := t.Conflicts()
		for _, x := range list {
			if x.Seq == seq {
				k = x
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if k.Seq == 0 {
		return fmt.Errorf("no conflict %d", seq)
	}
	if !drop {
		if err := a.change(cmd, c, k.UUID, func(r model.Raw) error { return restore(r, k) }); err != nil {
			return err
		}
	}
	k.Resolved = true
	return st.Update(func(t *store.Tx) error { return t.PutConflict(k) })
}

// restore writes the value that lost, told in either side's domain.
func restore(r model.Raw, k store.Conflict) error {
	f, ok := model.ParseField(k.Field)
	switch {
	case k.Field == "comment":
		r.SetAnnotations(append(r.Annotations(), model.Annotation{Entry: model.Stamp(time.Now()), Description: k.Lost}))
		return nil
	case !ok:
		return fmt.Errorf("conflict %d is about `%s`, which is yours to put back by hand", k.Seq, k.Field)
	}
	val := k.Lost
	if k.Winner == "taskwarrior" { // the value is Vikunja's
		switch f {
		case model.Priority:
			n, _ := strconv.ParseInt(val, 10, 64)
			val = model.PriorityToTW(n)
		case model.Notes:
			val = model.NotesText(val)
		case model.Project:
			for i := range val {
				if val[i] == ' ' {
					val = val[i+1:]
					break
				}
			}
		}
	}
	if f == model.Status && val != model.Pending && val != model.Completed && val != model.Deleted {
		return fmt.Errorf("conflict %d: a purged task cannot be purged again from here", k.Seq)
	}
	r.SetScalar(f, val, time.Now())
	return nil
}
