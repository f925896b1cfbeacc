package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/webhint"
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

// registerWebhooks keeps one hook on each project that no hook above it covers.
// A hook whose events differ is made anew, since neither address nor secret can
// be changed.
func (a *app) registerWebhooks(ctx context.Context, c *config.Config, vk api.Server) error {
	_, statErr := os.Stat(c.WebhookSecret)
	key, err := secret(c)
	if err != nil {
		return err
	}
	say := func(text string) { fmt.Fprintln(a.Out, text) }
	return registerNew(ctx, c, vk, registration{key: key, newKey: errors.Is(statErr, os.ErrNotExist), say: say, fail: say}, hooks{})
}

// registration is what a hook is made with.
type registration struct {
	events []string
	key    string
	newKey bool         // those that are there were made with another
	say    func(string) // what was made
	fail   func(string) // what could not be
}

// keyFile remembers, without telling it, which key the hooks were made with.
func keyFile(c *config.Config) string { return c.State("webhook.key") }

func keyPrint(c *config.Config, key string) string { return webhint.Sign(key, []byte(c.WebhookURL)) }

// changed reports that the hooks were made with another key.
func (r *registration) changed(c *config.Config) bool {
	b, err := os.ReadFile(keyFile(c))
	return r.newKey || (err == nil && strings.TrimSpace(string(b)) != keyPrint(c, r.key))
}

// remember: all hooks have the key.
func (r *registration) remember(c *config.Config) error {
	print := keyPrint(c, r.key) + "\n"
	if b, err := os.ReadFile(keyFile(c)); err == nil && string(b) == print {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(keyFile(c)), 0o700); err != nil {
		return err
	}
	return os.WriteFile(keyFile(c), []byte(print), 0o600)
}

// hooks tells by project whether it got a hook and, if not, with which rights
// it was refused one.
type hooks map[int64]struct {
	there  bool
	rights int64
}

// wanting are the projects that should have a hook and were not asked for one
// with the rights of now, those above first. A hook fires for all below; but a
// project may be shared without the one above it.
func (h hooks) wanting(projects []api.Project) (out []api.Project) {
	byID := numbered(projects)
	above := map[int64]int{}
	for _, p := range projects {
		for at, ok := byID[p.Parent]; ok && above[p.ID] < len(projects); at, ok = byID[at.Parent] {
			above[p.ID]++
		}
		if old, known := h[p.ID]; !p.Archived && !h.covers(byID, p.ID) && (!known || old.rights != p.Rights) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b api.Project) int { return above[a.ID] - above[b.ID] })
	return out
}

func numbered(projects []api.Project) map[int64]api.Project {
	byID := map[int64]api.Project{}
	for _, p := range projects {
		byID[p.ID] = p
	}
	return byID
}

// covers reports that the project or one above it has a hook.
func (h hooks) covers(byID map[int64]api.Project, id int64) bool {
	for range len(byID) {
		if h[id].there {
			return true
		}
		id = byID[id].Parent
	}
	return false
}

// unhooked names the projects whose changes come without a webhook, though the
// account could make one.
func unhooked(ctx context.Context, c *config.Config, vk api.Server) (bare []string, err error) {
	projects, err := vk.Projects(ctx)
	if err != nil {
		return nil, err
	}
	byID := numbered(projects)
	seen := hooks{}
	for _, p := range seen.wanting(projects) {
		if seen.covers(byID, p.ID) {
			continue
		}
		list, err := vk.Webhooks(ctx, p.ID)
		if err != nil && !lasting(err) {
			return nil, err
		}
		at := seen[p.ID]
		at.there = slices.ContainsFunc(list, func(h api.Webhook) bool { return h.TargetURL == c.WebhookURL })
		if seen[p.ID] = at; !at.there && p.Rights > 0 {
			bare = append(bare, fmt.Sprintf("`%s`", short(p.Title, 40)))
		}
	}
	return bare, nil
}

// registerNew makes the hooks that are wanting, and adds them to seen.
func registerNew(ctx context.Context, c *config.Config, vk api.Server, r registration, seen hooks) error {
	if c.WebhookURL == "" {
		return usageError{errors.New("webhooks want `webhook_url`, the address under which the server reaches the receiver")}
	}
	projects, err := vk.Projects(ctx)
	if err != nil {
		return err
	}
	wanting := seen.wanting(projects)
	if len(wanting) == 0 {
		return nil
	}
	byID := numbered(projects)
	have, err := vk.WebhookEvents(ctx)
	if err != nil {
		return err
	}
	r.events = slices.DeleteFunc(slices.Clone(events), func(e string) bool { return !slices.Contains(have, e) })
	slices.Sort(r.events)
	r.newKey = r.changed(c)
	failed := false
	for _, p := range wanting {
		if seen.covers(byID, p.ID) {
			continue
		}
		err := registerOne(ctx, c, vk, p, r)
		at := seen[p.ID]
		at.there, at.rights = err == nil, p.Rights
		seen[p.ID] = at
		if err != nil {
			failed = failed || !lasting(err)
			r.fail(fmt.Sprintf("project `%s` has no webhook: %v", short(p.Title, 40), err))
		}
	}
	if failed {
		return nil
	}
	return r.remember(c)
}

// lasting reports an answer that will be the same the next time.
func lasting(err error) bool {
	k := api.KindOf(err)
	return k == api.KindForbidden || k == api.KindNotFound || k == api.KindInvalid || k == api.KindArchived
}

func registerOne(ctx context.Context, c *config.Config, vk api.Server, p api.Project, r registration) error {
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
		r.say(fmt.Sprintf("registered a webhook on project `%s`", short(p.Title, 40)))
	}
	return err
}

// rehookEvery is how often the daemon makes sure that the hooks are still there:
// nobody tells of one that was deleted.
const rehookEvery = time.Hour

// hookNew gives projects that are new a hook, which nobody else would: no event
// tells of them. Now and then it sees to the others, and to the key.
func (d *daemon) hookNew(ctx context.Context) {
	key, err := config.Secret(d.cfg.WebhookSecret)
	if err == nil {
		d.hook.SetSecret(key)
		r := registration{key: key, say: func(text string) { d.log.Info(text) }, fail: d.sayOnce}
		if now := time.Now(); now.After(d.rehook) || r.changed(d.cfg) {
			d.hooked, d.rehook = hooks{}, now.Add(rehookEvery)
		}
		err = registerNew(ctx, d.cfg, d.vk, r, d.hooked)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("webhooks of new projects", "error", err)
	}
}

// sayOnce writes what is found again every hour once.
func (d *daemon) sayOnce(text string) {
	if d.told == nil {
		d.told = map[string]bool{}
	}
	if !d.told[text] {
		d.log.Info(text)
	}
	d.told[text] = true
}
