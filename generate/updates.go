package generate

import (
	"nixgen/fleet"
	"nixgen/syntax"
)

// updateFiles are the templates of each platform; the first one imports the rest.
var updateFiles = map[string][]string{
	fleet.NixOS:  {"nixos.nix", "options.nix", "programs.nix", "sandbox.nix", "notify.sh", "update.sh"},
	fleet.Darwin: {"darwin.nix", "options.nix", "programs.nix", "notify.sh", "update.sh"},
}

// updates imports the module that makes a host update itself, and tells it what
// [updates] says: time spans in seconds, and the schedule in the form that the
// platform takes.
func (m *module) updates() {
	u := m.host.Updates
	if u == nil {
		return
	}
	for _, name := range updateFiles[m.host.Platform] {
		m.templates["services/updates/"+name] = true
	}
	m.addPath(relative(m.dir, m.dirOf("services/updates/"+updateFiles[m.host.Platform][0])))
	t := m.child("nixgen").child("updates")
	t.option("host", syntax.String(m.host.Name))
	t.option("source", syntax.String(u.Source))
	t.option("calendar", syntax.String(u.Calendar.Text))
	if m.host.Platform == fleet.Darwin {
		t.option("intervals", intervals(u.Calendar))
	}
	t.unless("jitter", seconds(u.Jitter))
	t.option("persistent", syntax.Bool(u.Persistent))
	t.option("operation", syntax.String(u.Operation))
	t.option("reboot.policy", syntax.String(u.Reboot))
	t.unless("reboot.from", syntax.String(u.RebootFrom))
	t.unless("reboot.until", syntax.String(u.RebootUntil))
	t.option("onlyNewer", syntax.Bool(u.OnlyNewer))
	t.unless("deployKey", syntax.String(u.DeployKey))
	t.option("timeout", seconds(u.Timeout))
	t.option("rollback", syntax.Bool(u.Rollback))
	t.option("retries", syntax.Int(u.Retries))
	t.unless("keepGenerations", syntax.Int(u.KeepGenerations))
	t.unless("collectGarbage", syntax.Bool(u.CollectGarbage))
	t.option("staleAfter", seconds(u.StaleAfter))
	rollout(t, u)
	health(t, &u.Health)
	notify(t, &u.Notify)
}

func rollout(t *tree, u *fleet.Updates) {
	t.unless("dependsOn", texts(u.DependsOn))
	t.unless("follow", syntax.Bool(u.Follow))
	t.unless("confirms", syntax.Bool(u.Confirms))
	if u.Confirms || len(u.DependsOn) > 0 {
		t.unless("confirm.remote", syntax.String(u.Confirm.Remote))
		t.unless("confirm.url", syntax.String(u.Confirm.URL))
	}
}

func health(t *tree, h *fleet.Health) {
	t.unless("health.units", texts(h.Units))
	t.unless("health.urls", texts(h.URLs))
	t.unless("health.commands", texts(h.Commands))
	t.option("health.deadline", seconds(h.Deadline))
}

func notify(t *tree, n *fleet.Notify) {
	t.unless("notify.on", texts(n.On))
	t.unless("notify.ntfy", syntax.String(n.Ntfy))
	t.unless("notify.ntfyTokenFile", syntax.String(n.NtfyTokenFile))
	t.unless("notify.webhook", syntax.String(n.Webhook))
	t.unless("notify.healthchecks", syntax.String(n.Healthchecks))
	t.unless("notify.email", syntax.String(n.Email))
	t.unless("notify.desktop", syntax.Bool(n.Desktop))
}

func seconds(span string) syntax.Int { return syntax.Int(fleet.Seconds(span)) }

// intervals is StartCalendarInterval of launchd; the fleet was loaded without an
// error, so that it exists.
func intervals(c *fleet.Calendar) syntax.List {
	found, _ := c.Launchd()
	out := make(syntax.List, len(found))
	for i, x := range found {
		var t tree
		for key, v := range x {
			t.option(key, syntax.Int(v))
		}
		out[i] = t.attrs()
	}
	return out
}
