package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
	"vikunja-sync/internal/taskwarrior"
	"vikunja-sync/internal/webhint"
)

// Finding is one check of doctor.
type Finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

type doctor struct {
	cfg *config.Config
	tw  *taskwarrior.Client
	vk  api.Server
	// meta is what the state says of itself, as far as it can be read.
	meta store.Meta
	out  []Finding
}

func (d *doctor) ok(check, detail string) { d.out = append(d.out, Finding{check, true, detail, ""}) }

func (d *doctor) bad(check, detail, remedy string) {
	d.out = append(d.out, Finding{check, false, detail, remedy})
}

func (a *app) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check everything a sync needs and say how to mend it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{}
			a.examine(cmd.Context(), d)
			for _, f := range d.out {
				if !f.OK {
					a.code = exitAttention
				}
			}
			if a.json {
				return a.printJSON(d.out)
			}
			for _, f := range d.out {
				mark := "ok  "
				if !f.OK {
					mark = "BAD "
				}
				fmt.Fprintf(a.Out, "%s%s: %s\n", mark, f.Check, short(f.Detail, 300))
				if f.Remedy != "" {
					fmt.Fprintf(a.Out, "    remedy: %s\n", f.Remedy)
				}
			}
			return nil
		},
	}
}

func (a *app) examine(ctx context.Context, d *doctor) {
	var err error
	if d.cfg, err = config.Load(a.cfgFile, a.Env); err != nil {
		d.bad("settings", err.Error(), "mend the settings file or the variable; `vikunja-sync settings` lists what there is")
		return
	}
	from := d.cfg.File
	if from == "" {
		from = "variables and defaults"
	}
	d.ok("settings", from)
	d.tw = a.tasks(d.cfg)
	d.taskwarrior(ctx, a.Env)
	d.state()
	d.belongs(ctx)
	if d.vk, err = a.server(d.cfg); err != nil {
		d.bad("server", err.Error(), "set url and token_file, and `chmod 600` the token's file")
		return
	}
	d.server(ctx)
	d.webhook(ctx)
}

func (d *doctor) taskwarrior(ctx context.Context, env func(string) string) {
	v, err := d.tw.Version(ctx)
	if err != nil {
		d.bad("taskwarrior", err.Error(), "install Taskwarrior 2.6 or later, or set `task`")
		return
	}
	d.ok("taskwarrior", v)
	data, err := d.tw.Data(ctx)
	if err != nil {
		d.bad("data", err.Error(), "check TASKRC and TASKDATA")
		return
	}
	n := 0
	if err := d.tw.Export(ctx, func(model.Raw) error { n++; return nil }); err != nil {
		d.bad("export", err.Error(), "mend or delete the task it names: `task UUID modify due:` clears a date that cannot be exported")
	} else {
		d.ok("export", fmt.Sprintf("%d tasks in %s", n, data))
	}
	for _, u := range model.UDAs {
		if have, err := d.tw.Setting(ctx, "uda."+u.Name+".type"); err != nil || have != u.Type {
			d.bad("attributes", fmt.Sprintf("`%s` is not declared as %s", u.Name, u.Type), "run `vikunja-sync setup`")
		}
	}
	d.hooks(ctx, data, env)
	d.writable(filepath.Join(hook.Dir(data), ".probe"), "spool")
	if pid := hook.LockFile(data).Owner(); pid != 0 {
		d.ok("lock", fmt.Sprintf("held by process %d, a running `task`", pid))
	} else {
		d.ok("lock", "free")
	}
}

// yes is all that Taskwarrior takes for one.
var yes = []string{"true", "1", "y", "yes", "on"}

func (d *doctor) hooks(ctx context.Context, data string, env func(string) string) {
	dir, err := hooksDir(ctx, d.tw)
	if err != nil {
		d.bad("hooks", err.Error(), "check hooks.location")
		return
	}
	if on, err := d.tw.Setting(ctx, "hooks"); err == nil && !slices.Contains(yes, strings.ToLower(on)) {
		d.bad("hooks", "switched off in Taskwarrior's configuration", "set `hooks=on`, or live with changes that wait for the next interval")
	}
	good := 0
	for _, e := range hook.Events {
		file := hook.File(dir, e)
		st, err := os.Stat(file)
		switch {
		case err != nil:
			d.bad("hooks", fmt.Sprintf("`%s` is missing", file), "run `vikunja-sync setup`")
		case st.Mode()&0o100 == 0:
			d.bad("hooks", fmt.Sprintf("`%s` is not executable", file), "chmod +x "+file)
		default:
			if err := hook.Check(file, e, env); err != nil {
				d.bad("hooks", fmt.Sprintf("`%s` %v", file, err), "run `vikunja-sync setup`")
				continue
			}
			good++
		}
	}
	if good == len(hook.Events) {
		d.ok("hooks", dir)
	}
	if b, err := os.ReadFile(filepath.Join(hook.Dir(data), "hook.log")); err == nil {
		d.bad("hooks", strings.TrimSpace(string(b)), "install the binary again, then remove "+filepath.Join(hook.Dir(data), "hook.log"))
	}
}

func (d *doctor) writable(file, what string) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err == nil {
		if err = os.WriteFile(file, nil, 0o600); err == nil {
			os.Remove(file)
			d.ok(what, filepath.Dir(file)+" is writable")
			return
		}
	}
	d.bad(what, filepath.Dir(file)+" is not writable", "check the owner and mode of the folder")
}

func (d *doctor) state() {
	d.writable(d.cfg.State(".probe"), "state")
	if st, err := os.Stat(d.cfg.State("state.db")); err == nil && st.Mode().Perm()&0o077 != 0 {
		d.bad("state", "state.db may be read by others", "chmod 600 "+d.cfg.State("state.db"))
	} else if err != nil {
		return
	}
	st, err := store.Open(d.cfg.State("state.db"), store.Options{Wait: 5 * time.Second})
	if errors.Is(err, store.ErrBusy) {
		return // a cycle is at it
	}
	var waiting []string
	if err == nil {
		defer st.Close()
		err = st.View(func(t *store.Tx) (e error) {
			_, bad := t.Index()
			d.meta, e = t.Meta()
			return errors.Join(bad, e, t.Pairs(func(p *store.Pair) error {
				if p.Parked != "" {
					waiting = append(waiting, p.Parked)
				}
				return nil
			}))
		})
	}
	switch {
	case err != nil:
		d.bad("state", err.Error(), "mv "+d.cfg.State("state.db")+" "+d.cfg.State("state.db.damaged"))
	case len(waiting) > 0:
		d.bad("tasks", fmt.Sprintf("%d wait, the first one: %s", len(waiting), waiting[0]), "`vikunja-sync sync` names them; each is tried again once it changed on either side")
	}
}

// belongs finds a state of another data folder or another server, which stops
// every cycle, and deletions that wait for a yes.
func (d *doctor) belongs(ctx context.Context) {
	name, err := d.tw.Marker(ctx, "")
	if name, _, _ = strings.Cut(name, " "); err == nil && d.meta.DataPath != "" && name != d.meta.DataPath {
		d.bad("data", fmt.Sprintf("the folder is named `%s`, the state belongs to `%s`", name, d.meta.DataPath),
			"check TASKDATA and TASKRC, or run `vikunja-sync resolve --accept-data`")
	}
	if d.meta.Server != "" && d.meta.Server != d.cfg.URL {
		d.bad("state", fmt.Sprintf("it belongs to `%s`, not to `%s`", d.meta.Server, d.cfg.URL),
			"use another state_dir, or run `vikunja-sync resolve --accept-server` if it is the same server at another address")
	}
	switch g := d.meta.Guard; {
	case g == nil:
	case g.Emptied:
		d.bad("tasks", fmt.Sprintf("Taskwarrior lost %d of %d at once; nothing is deleted in Vikunja", g.Count, g.Of),
			"bring them back, after an upgrade to Taskwarrior 3 by `task import-v2`, or run `vikunja-sync resolve --confirm-deletions`")
	default:
		d.bad("tasks", fmt.Sprintf("%d of %d would be deleted in %s, which waits for a yes", g.Count, g.Of, g.Side),
			"look at `vikunja-sync sync --dry-run`, then run `vikunja-sync resolve --confirm-deletions`")
	}
}

func (d *doctor) server(ctx context.Context) {
	info, err := d.vk.Info(ctx)
	if err != nil {
		d.bad("server", err.Error(), "check the address, the network and the server's log")
		return
	}
	d.ok("server", fmt.Sprintf("vikunja %s, v2: %v", info.Version, info.V2))
	missing, err := d.vk.CheckScopes(ctx)
	switch {
	case err != nil:
		d.bad("token", err.Error(), "try again later")
	case len(missing) > 0:
		var names []string
		for _, m := range missing {
			names = append(names, fmt.Sprintf("%s (%s %s)", m.Scope, m.Method, m.Route))
		}
		d.bad("token", "refused for "+strings.Join(names, ", "), "make a new token with these scopes; if it is all of them, the token is dead")
	default:
		d.ok("token", "every scope is there")
	}
	if me, err := d.vk.Me(ctx); err == nil {
		d.account(me)
	}
	if now, ok := d.vk.Now(); ok {
		off := time.Until(now).Round(time.Second)
		if off.Abs() > time.Minute {
			d.bad("clock", fmt.Sprintf("this machine and the server are %s apart", off.Abs()), "set both clocks by NTP; until then conflicts are judged by the measured difference")
		} else {
			d.ok("clock", fmt.Sprintf("%s apart", off.Abs()))
		}
	}
}

func (d *doctor) account(me api.User) {
	switch {
	case d.cfg.User != "" && me.Username != d.cfg.User:
		d.bad("token", fmt.Sprintf("belongs to `%s`, not to `%s`", me.Username, d.cfg.User), "use the token of the right account, or change `user`")
	case d.meta.Account != 0 && d.meta.Account != me.ID:
		d.bad("token", fmt.Sprintf("belongs to `%s`, account %d, the state to account %d", me.Username, me.ID, d.meta.Account), "use the token of before, or another state_dir")
	}
}

// webhook sends itself a signed event through the public address.
func (d *doctor) webhook(ctx context.Context) {
	if !d.cfg.Webhook {
		d.ok("webhook", "off: changes in Vikunja arrive with the next interval")
		return
	}
	key, err := config.Secret(d.cfg.WebhookSecret)
	if err != nil {
		d.bad("webhook", err.Error(), "run `vikunja-sync setup`")
		return
	}
	if bare, err := unhooked(ctx, d.cfg, d.vk); err != nil {
		d.bad("webhook", err.Error(), "the token needs the scopes `projects_webhooks: read_all, create, delete` and `webhooks: events`")
	} else if len(bare) > 0 {
		d.bad("webhook", "none leads here from "+strings.Join(bare, ", "), "run `vikunja-sync setup`")
	}
	body := []byte(`{"event_name":"task.updated","data":{}}`)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.cfg.WebhookURL, bytes.NewReader(body))
	if err != nil {
		d.bad("webhook", err.Error(), "set `webhook_url` to an http address ending in "+webhint.Path)
		return
	}
	req.Header.Set("X-Vikunja-Signature", webhint.Sign(key, body))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		d.bad("webhook", err.Error(), "start `vikunja-sync run` and check that webhook_url leads to webhook_listen; on a private address the server needs outgoingrequests.allownonroutableips")
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		d.bad("webhook", resp.Status, "webhook_url must be the final address, ending in "+webhint.Path+", and lead to this receiver")
		return
	}
	d.ok("webhook", d.cfg.WebhookURL)
}
