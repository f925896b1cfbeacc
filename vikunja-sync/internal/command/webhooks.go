package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
)

// events are those that a sync wants to hear of.
var events = []string{"task.created", "task.updated", "task.deleted", "task.comment.created", "task.comment.edited",
	"task.comment.deleted", "task.relation.created", "task.relation.deleted", "project.updated", "project.deleted"}

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
	_, statErr := os.Stat(c.WebhookSecret)
	key, err := secret(c)
	if err != nil {
		return err
	}
	return a.registerNew(ctx, c, vk, registration{key: key, newKey: errors.Is(statErr, os.ErrNotExist)}, map[int64]bool{})
}

// registration is what a hook is made with.
type registration struct {
	events []string
	key    string
	newKey bool // those that are there were made with another
}

// registerNew does so for the projects that are not in seen, and adds them.
func (a *app) registerNew(ctx context.Context, c *config.Config, vk api.Server, r registration, seen map[int64]bool) error {
	if c.WebhookURL == "" {
		return usageError{errors.New("webhooks want `webhook_url`, the address under which the server reaches the receiver")}
	}
	projects, err := vk.Projects(ctx)
	if err != nil {
		return err
	}
	projects = slices.DeleteFunc(projects, func(p api.Project) bool { return p.Parent != 0 || p.Archived || seen[p.ID] })
	if len(projects) == 0 {
		return nil
	}
	have, err := vk.WebhookEvents(ctx)
	if err != nil {
		return err
	}
	r.events = slices.DeleteFunc(slices.Clone(events), func(e string) bool { return !slices.Contains(have, e) })
	slices.Sort(r.events)
	for _, p := range projects {
		seen[p.ID] = true
		if err := a.registerOne(ctx, c, vk, p, r); err != nil {
			fmt.Fprintf(a.Out, "project `%s` has no webhook: %v\n", short(p.Title, 40), err)
		}
	}
	return nil
}

func (a *app) registerOne(ctx context.Context, c *config.Config, vk api.Server, p api.Project, r registration) error {
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
		if !kept && !r.newKey && slices.Equal(h.Events, r.events) {
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
	_, err = vk.CreateWebhook(ctx, p.ID, api.Webhook{TargetURL: c.WebhookURL, Events: r.events}, r.key)
	if err == nil {
		fmt.Fprintf(a.Out, "registered a webhook on project `%s`\n", short(p.Title, 40))
	}
	return err
}

// hookNew gives projects that are new a hook, which nobody else would: no event
// tells of them.
func (d *daemon) hookNew(ctx context.Context) {
	key, err := config.Secret(d.cfg.WebhookSecret)
	if err == nil {
		err = d.app.registerNew(ctx, d.cfg, d.vk, registration{key: key}, d.hooked)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("webhooks of new projects", "error", err)
	}
}
