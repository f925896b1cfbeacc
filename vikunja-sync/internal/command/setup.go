package command

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/taskwarrior"
)

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
			changed, err := a.answers(c, url, token, webhook)
			if err != nil {
				return usageError{err}
			}
			return a.setUp(cmd.Context(), c, changed, !noHooks)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "`URL` of the server")
	cmd.Flags().StringVar(&token, "token-file", "", "`FILE` that holds the API token")
	cmd.Flags().StringVar(&webhook, "webhook-url", "", "`URL` under which the server reaches this machine; switches webhooks on")
	cmd.Flags().BoolVar(&hooksOnly, "hooks-only", false, "only declare the attributes and install the hooks; no server is asked")
	cmd.Flags().BoolVar(&noHooks, "no-hooks", false, "leave Taskwarrior's hooks alone (a Nix module installs them)")
	return cmd
}

// answers completes the settings from flags and questions and tells whether
// something was new.
func (a *app) answers(c *config.Config, url, token, webhook string) (changed bool, err error) {
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
	if err := c.Complete(a.Env); err != nil {
		return false, err
	}
	if c.TokenFile != before[1] && c.TokenFile != "" { // the daemon has another working folder
		if c.TokenFile, err = filepath.Abs(c.TokenFile); err != nil {
			return false, err
		}
	}
	return before != [4]string{c.URL, c.TokenFile, c.WebhookURL, fmt.Sprint(c.Webhook)}, nil
}

// writeConfig keeps the answers, in a new file.
func (a *app) writeConfig(c *config.Config) error {
	if c.File != "" {
		fmt.Fprintf(a.Out, "settings differ from %s; it is left as it is\n", c.File)
		return nil
	}
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

func (a *app) setUp(ctx context.Context, c *config.Config, changed, hooks bool) error {
	vk, err := a.server(c)
	if err != nil {
		return err
	}
	if err := a.checkServer(ctx, c, vk); err != nil {
		return err
	}
	if changed {
		if err := a.writeConfig(c); err != nil {
			return err
		}
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
