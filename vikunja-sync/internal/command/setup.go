package command

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/taskwarrior"
)

// events are those that a sync wants to hear of.
var events = []string{"task.created", "task.updated", "task.deleted", "task.comment.created", "task.comment.edited",
	"task.comment.deleted", "task.relation.created", "task.relation.deleted", "project.updated", "project.deleted"}

func (a *app) setup() *cobra.Command {
	var url, token, webhook string
	var noHooks, hooksOnly bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "check the token, declare attributes, install hooks, register webhooks",
		Long: "Check the token's scopes, declare the attributes in Taskwarrior's configuration, install the hooks and\n" +
			"register webhooks. What is there already is left alone, so it can be run at any time. Without --url and\n" +
			"--token-file it asks. Tasks that older scripts marked with an annotation `vikunja_id:N` are linked by the\n" +
			"first sync, not created again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			if hooksOnly {
				if err := a.declare(cmd.Context(), a.tasks(c)); err != nil {
					fmt.Fprintf(a.Err, "vikunja-sync: the attributes are not declared, which only Taskwarrior's own display needs: %v\n", err)
				}
				return a.layHooks(cmd.Context(), a.tasks(c))
			}
			if err := a.answers(c, url, token, webhook); err != nil {
				return err
			}
			return a.setUp(cmd.Context(), c, !noHooks)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "`URL` of the server")
	cmd.Flags().StringVar(&token, "token-file", "", "`FILE` that holds the API token")
	cmd.Flags().StringVar(&webhook, "webhook-url", "", "`URL` under which the server reaches this machine; switches webhooks on")
	cmd.Flags().BoolVar(&hooksOnly, "hooks-only", false, "only declare the attributes and install the hooks; no server is asked")
	cmd.Flags().BoolVar(&noHooks, "no-hooks", false, "leave Taskwarrior's hooks alone (a Nix module installs them)")
	return cmd
}

// answers completes the settings from flags and questions and writes the file
// when something was new.
func (a *app) answers(c *config.Config, url, token, webhook string) error {
	before := [4]string{c.URL, c.TokenFile, c.WebhookURL, fmt.Sprint(c.Webhook)}
	in := bufio.NewScanner(a.In)
	ask := func(dst *string, flag, question string) {
		if flag != "" {
			*dst = flag
		}
		if *dst == "" {
			fmt.Fprintf(a.Out, "%s: ", question)
			if in.Scan() {
				*dst = strings.TrimSpace(in.Text())
			}
		}
	}
	ask(&c.URL, url, "Address of the Vikunja server")
	ask(&c.TokenFile, token, "File that holds the API token")
	if webhook != "" {
		c.WebhookURL, c.Webhook = webhook, true
	}
	if before == [4]string{c.URL, c.TokenFile, c.WebhookURL, fmt.Sprint(c.Webhook)} {
		return nil
	}
	if c.File != "" {
		fmt.Fprintf(a.Out, "settings differ from %s; it is left as it is\n", c.File)
		return nil
	}
	return a.writeConfig(c)
}

func (a *app) writeConfig(c *config.Config) error {
	file := a.cfgFile
	if file == "" {
		file = config.DefaultFile(a.Env)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	text := fmt.Sprintf("url = %q\ntoken_file = %q\n", c.URL, c.TokenFile)
	if c.Webhook {
		text += fmt.Sprintf("webhook = true\nwebhook_url = %q\n", c.WebhookURL)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "wrote %s\n", file)
	return nil
}

func (a *app) setUp(ctx context.Context, c *config.Config, hooks bool) error {
	vk, err := a.server(c)
	if err != nil {
		return err
	}
	if err := a.checkServer(ctx, c, vk); err != nil {
		return err
	}
	tw := a.tasks(c)
	if err := a.declare(ctx, tw); err != nil {
		return err
	}
	if hooks {
		if err := a.layHooks(ctx, tw); err != nil {
			return err
		}
	}
	if c.Webhook {
		if err := a.registerWebhooks(ctx, c, vk); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.Out, "ready: look at `vikunja-sync sync --dry-run`, then run `vikunja-sync sync`")
	return nil
}

func (a *app) layHooks(ctx context.Context, tw *taskwarrior.Client) error {
	dir, err := hooksDir(ctx, tw)
	if err != nil {
		return err
	}
	changed, err := hook.Install(dir, a.Self)
	for _, f := range changed {
		fmt.Fprintf(a.Out, "installed %s\n", f)
	}
	return err
}

// checkServer names every route that the token may not use.
func (a *app) checkServer(ctx context.Context, c *config.Config, vk api.Server) error {
	missing, err := vk.CheckScopes(ctx)
	if err != nil {
		return err
	}
	for _, m := range missing {
		fmt.Fprintf(a.Out, "refused: `%s %s` needs the scope `%s`\n", m.Method, m.Route, m.Scope)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the token lacks %d scopes (or is dead, if it is all of them)", len(missing))
	}
	me, err := vk.Me(ctx)
	if err != nil {
		return err
	}
	if c.User != "" && me.Username != c.User {
		return fmt.Errorf("the token belongs to `%s`, not to `%s`", me.Username, c.User)
	}
	info, err := vk.Info(ctx)
	if err != nil {
		return err
	}
	kind := "v2"
	if !info.V2 {
		kind = "v1"
	}
	fmt.Fprintf(a.Out, "vikunja %s as %s, API %s, every scope is there\n", info.Version, me.Username, kind)
	return nil
}

// declare makes Taskwarrior know our attributes, for its own display; the sync
// declares them anew in each call.
func (a *app) declare(ctx context.Context, tw *taskwarrior.Client) error {
	if _, err := tw.Version(ctx); err != nil {
		return err
	}
	for _, u := range model.UDAs {
		for _, kv := range [][2]string{{"type", u.Type}, {"label", u.Label}} {
			key := "uda." + u.Name + "." + kv[0]
			have, err := tw.Setting(ctx, key)
			if err != nil {
				return err
			}
			if have == kv[1] {
				continue
			}
			if err := tw.Config(ctx, key, kv[1]); err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "set %s\n", key)
		}
	}
	return nil
}

// hooksDir is where Taskwarrior looks for hooks.
func hooksDir(ctx context.Context, tw *taskwarrior.Client) (string, error) {
	if dir, err := tw.Setting(ctx, "hooks.location"); err == nil && dir != "" {
		if rest, ok := strings.CutPrefix(dir, "~"); ok {
			home, _ := os.UserHomeDir()
			dir = home + rest
		}
		return dir, nil
	}
	data, err := tw.Data(ctx)
	return filepath.Join(data, "hooks"), err
}

// secret reads the signing key, or makes one.
func secret(c *config.Config) (string, error) {
	s, err := config.Secret(c.WebhookSecret)
	if !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	s = rand.Text()
	if err := os.MkdirAll(filepath.Dir(c.WebhookSecret), 0o700); err != nil {
		return "", err
	}
	return s, os.WriteFile(c.WebhookSecret, []byte(s+"\n"), 0o600)
}

// registerWebhooks keeps one hook on each top-level project. A hook whose
// events differ is made anew, since neither address nor secret can be changed.
func (a *app) registerWebhooks(ctx context.Context, c *config.Config, vk api.Server) error {
	if c.WebhookURL == "" {
		return usageError{errors.New("webhooks want `webhook_url`, the address under which the server reaches the receiver")}
	}
	_, statErr := os.Stat(c.WebhookSecret)
	key, err := secret(c)
	if err != nil {
		return err
	}
	have, err := vk.WebhookEvents(ctx)
	if err != nil {
		return err
	}
	want := slices.DeleteFunc(slices.Clone(events), func(e string) bool { return !slices.Contains(have, e) })
	slices.Sort(want)
	projects, err := vk.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		if p.Parent != 0 || p.Archived {
			continue
		}
		if err := a.registerOne(ctx, c, vk, p, want, key, errors.Is(statErr, os.ErrNotExist)); err != nil {
			fmt.Fprintf(a.Out, "project `%s` has no webhook: %v\n", short(p.Title, 40), err)
		}
	}
	return nil
}

func (a *app) registerOne(ctx context.Context, c *config.Config, vk api.Server, p api.Project, want []string, key string, newKey bool) error {
	hooks, err := vk.Webhooks(ctx, p.ID)
	if err != nil {
		return err
	}
	kept := false
	for _, h := range hooks {
		if h.TargetURL != c.WebhookURL {
			continue
		}
		slices.Sort(h.Events)
		if !kept && !newKey && slices.Equal(h.Events, want) {
			kept = true
			continue
		}
		if err := vk.DeleteWebhook(ctx, p.ID, h.ID); err != nil {
			return err
		}
	}
	if kept {
		return nil
	}
	_, err = vk.CreateWebhook(ctx, p.ID, api.Webhook{TargetURL: c.WebhookURL, Events: want}, key)
	if err == nil {
		fmt.Fprintf(a.Out, "registered a webhook on project `%s`\n", short(p.Title, 40))
	}
	return err
}
