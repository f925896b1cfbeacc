package fleet

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Updates is how a host updates itself: [updates] of fleet, roles and host,
// merged like everything else.
type Updates struct {
	// Source is the flake reference to update from; by default the fleet's.
	Source   string
	Calendar *Calendar
	// Jitter is a time span by which the start varies; "" for none.
	Jitter string
	// Persistent makes up for a time at which the machine was off.
	Persistent bool
	// Operation is "switch", "boot" or "test".
	Operation string
	// Reboot is "never" or "when-needed", then between RebootFrom and
	// RebootUntil ("HH:MM"; both empty: at any time).
	Reboot, RebootFrom, RebootUntil string
	// OnlyNewer refuses a revision older than the running one.
	OnlyNewer bool
	// DeployKey is a file on the host that opens private inputs.
	DeployKey string
	// KeepGenerations of the system; 0 keeps all. CollectGarbage afterwards.
	KeepGenerations int64
	CollectGarbage  bool
	// Rollback goes back to the generation before when the activation or a check
	// of Health fails.
	Rollback bool
	// Retries is how often a revision that was rolled back is tried again.
	Retries int64
	// Timeout is the longest time that fetching and building may take.
	Timeout string
	Health  Health
	// StaleAfter is the time span without a success after which a host is stale.
	StaleAfter string
	Notify     Notify
	// Confirm is where a host says that it runs a revision well, Confirms whether
	// it does: when somebody waits for it, or when the table is written.
	Confirm  Confirm
	Confirms bool
	// DependsOn are the hosts that must have confirmed a revision first, sorted:
	// deploy.dependsOn and the wave before, as far as they update themselves.
	DependsOn []string
	// Follow allows the revision that all of DependsOn confirmed, where the source
	// has moved on: they have the same source.
	Follow bool
}

// Confirm is a git remote, with the refs refs/nixgen/ok/HOST, or the URL of a
// text that `{host}` is part of. At most one is set.
type Confirm struct{ Remote, URL string }

// Health is what must hold after an update, within Deadline.
type Health struct {
	Units, URLs, Commands []string
	Deadline              string
}

// Notify says who is told of what.
type Notify struct {
	// On lists outcomes, see Outcomes.
	On                          []string
	Ntfy, Webhook, Healthchecks string // URLs
	// NtfyTokenFile is a file on the host that holds an access token.
	NtfyTokenFile string
	Email         string
	Desktop       bool
}

// Outcomes of an update that may be notified.
var Outcomes = []string{"success", "failure", "rollback", "reboot-needed", "stale"}

var (
	spanRE   = compiled(`^([0-9]+(\.[0-9]+)?\s*(us|ms|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?|M|months?|y|years?)?\s*)+$`)
	timeRE   = compiled(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	unitRE   = compiled(`^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|timer|mount|path|slice|device|swap|automount|scope)$`)
	httpRE   = compiled(`^https?://[^\s"'\\]+$`)
	emailRE  = compiled(`^[^\s@"'\\-][^\s@"'\\]*@[^\s@"'\\]+$`)
	remoteRE = compiled(`^((ssh|https|file)://[^\s"'\\]+|[A-Za-z0-9._]+@[A-Za-z0-9.-]+:[^\s"'\\]+)$`)
	perHost  = compiled(`^https://[^\s"'\\]*\{host\}[^\s"'\\]*$`)
)

var timeSpan = matching(spanRE, "a time span such as `45min` or `1h 30min`")

var updatesShape = table(
	key("enable", boolean(), "switch them on; a table without it does").or("true"),
	key("source", text(checkFlakeRef), "flake reference to update from").or("`flake` of `[fleet]`"),
	key("schedule", text(checkCalendar), "when: a calendar expression of systemd, such as `daily`, `04:40` or `Mon..Fri 03:00`").or("04:40"),
	key("jitter", timeSpan, "time span by which the start varies"),
	key("persistent", boolean(), "make up for a time at which the machine was off").or("true"),
	key("operation", enum("operation", "switch", "boot", "test"), "what to do with the new system").or("switch"),
	key("reboot", enum("policy", "never", "when-needed"), "whether to restart the machine").or("never"),
	key("rebootWindow", table(
		key("from", matching(timeRE, "a time such as `01:00`"), "start").must(),
		key("until", matching(timeRE, "a time such as `05:00`"), "end; earlier than the start means the next day").must(),
	), "time of day in which the machine may restart").or("any"),
	key("onlyNewer", boolean(), "refuse a revision older than the running one").or("true"),
	key("deployKey", text(checkKeyFile), "file on the host that opens private inputs"),
	key("keepGenerations", integer(0, 1000), "systems to keep; 0 keeps all").or("0"),
	key("collectGarbage", boolean(), "free the store afterwards").or("false"),
	key("rollback", boolean(), "go back when the activation or a health check fails").or("true"),
	key("retries", integer(0, 100), "how often a revision that was rolled back is tried again").or("1"),
	key("timeout", timeSpan, "longest time for fetching and building").or("6h"),
	key("confirm", table(
		key("remote", matching(remoteRE, "a git remote such as `ssh://git@github.com/me/fleet.git`"), "where the ref `refs/nixgen/ok/HOST` is pushed; needs write access").or("the repository of `source`"),
		key("url", matching(perHost, "an https address with `{host}` in it"), "instead: an address to which the revision is put, and that others read"),
	), "where a host says that it runs a revision well; written wherever others wait for it"),
	key("health", table(
		key("units", listOf(matching(unitRE, "the name of a systemd unit, such as `sshd.service`")), "units that must be active").on(NixOS),
		key("urls", listOf(matching(httpRE, "a URL such as `https://example.org/health`")), "addresses that must answer"),
		key("commands", listOf(line), "commands that must succeed"),
		key("deadline", timeSpan, "how long to wait for all that").or("5min"),
	), "what must hold after an update"),
	key("staleAfter", timeSpan, "time without a success after which the host is stale").or("14d"),
	key("notify", table(
		key("on", listOf(enum("outcome", Outcomes...)), "outcomes to tell of").or("failure, rollback, reboot-needed and stale"),
		key("ntfy", matching(httpRE, "a URL such as `https://ntfy.sh/topic`"), "topic of ntfy"),
		key("ntfyTokenFile", text(checkAbsolute), "file on the host with the access token of ntfy"),
		key("webhook", matching(httpRE, "a URL"), "address to post to"),
		key("healthchecks", matching(httpRE, "a URL"), "check of healthchecks.io"),
		key("email", matching(emailRE, "a mail address"), "address to write to"),
		key("desktop", boolean(), "tell whoever is logged in").or("false"),
	), "who is told"),
	key("waves", listOf(tagName).with(checkWaves), "for `[updates]` alone: the order in which hosts update, by their `deploy.wave`; each wave waits for the one before, and hosts without one for the last"),
)

// checkWaves keeps the order of waves in one place.
func checkWaves(w *walker, n *node) {
	if n.path() != "updates.waves" {
		w.fail(n, "`%s`: the order of waves is the fleet's, it stands in `[updates]`", n.path())
	}
}

// checkKeyFile judges a path that ssh gets in a variable which is split at blanks.
func checkKeyFile(w *walker, n *node) {
	checkAbsolute(w, n)
	if !n.bad && strings.ContainsAny(n.str, " \t\"'\\$`") {
		w.fail(n, "`%s` is %s, must be a path without blanks, quotes and `$`", n.path(), quoted(n.str))
	}
}

// checkCalendar judges a schedule.
func checkCalendar(w *walker, n *node) {
	if _, err := ParseCalendar(n.str); err != nil {
		w.fail(n, "`%s`: the calendar expression %s %v", n.path(), quoted(n.str), err)
	}
}

// updatesOf reads the merged tables; nil where updates are off.
func (r *resolver) updatesOf(h *Host, t *node) *Updates {
	if !t.is(tableNode) || h.Platform == Home {
		return nil
	}
	if on := t.flag("enable"); on != nil && !*on {
		return nil
	}
	health, notify, window := t.get("health"), t.get("notify"), t.get("rebootWindow")
	u := &Updates{
		Source: cmp.Or(t.text("source"), r.f.Flake), Jitter: t.text("jitter"), Persistent: onUnless(t, "persistent"),
		Operation: cmp.Or(t.text("operation"), "switch"), Reboot: cmp.Or(t.text("reboot"), "never"),
		RebootFrom: window.text("from"), RebootUntil: window.text("until"), OnlyNewer: onUnless(t, "onlyNewer"),
		DeployKey: t.text("deployKey"), KeepGenerations: t.integer("keepGenerations"), CollectGarbage: t.on("collectGarbage"),
		Rollback: onUnless(t, "rollback"), Retries: orElse(t, "retries", 1), Timeout: cmp.Or(t.text("timeout"), "6h"), StaleAfter: cmp.Or(t.text("staleAfter"), "14d"),
		Health: Health{URLs: health.list("urls"), Commands: health.list("commands"), Deadline: cmp.Or(health.text("deadline"), "5min")},
		Notify: Notify{On: notify.list("on"), Ntfy: notify.text("ntfy"), NtfyTokenFile: notify.text("ntfyTokenFile"), Webhook: notify.text("webhook"),
			Healthchecks: notify.text("healthchecks"), Email: notify.text("email"), Desktop: notify.on("desktop")},
	}
	if c := t.get("confirm"); c != nil {
		u.Confirms, u.Confirm = true, Confirm{Remote: c.text("remote"), URL: c.text("url")}
	}
	if h.Platform == NixOS {
		u.Health.Units = health.list("units")
	}
	if notify.get("on") == nil {
		u.Notify.On = Outcomes[1:]
	}
	u.Calendar, _ = ParseCalendar(cmp.Or(t.text("schedule"), "04:40"))
	r.checkUpdates(h, t, u)
	return u
}

// onUnless reads a boolean whose default is true.
func onUnless(t *node, name string) bool {
	b := t.flag(name)
	return b == nil || *b
}

// orElse reads an integer that has a default.
func orElse(t *node, name string, def int64) int64 {
	if k := t.get(name); k.is(intNode) {
		return k.num
	}
	return def
}

// spanUnits are the units of a time span, in seconds; without one it is seconds.
// Months and years are those of systemd.time(7).
var spanUnits = map[string]float64{
	"us": 1e-6, "ms": 1e-3, "": 1, "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60,
	"h": 3600, "hr": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
	"w": 7 * 86400, "week": 7 * 86400, "weeks": 7 * 86400, "M": 30.4375 * 86400, "month": 30.4375 * 86400, "months": 30.4375 * 86400,
	"y": 365.25 * 86400, "year": 365.25 * 86400, "years": 365.25 * 86400,
}

var spanPartRE = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)`)

// Seconds gives a time span that was checked in whole seconds, rounded up.
func Seconds(span string) int64 {
	var sum float64
	for _, m := range spanPartRE.FindAllStringSubmatch(span, -1) {
		n, _ := strconv.ParseFloat(m[1], 64)
		sum += n * spanUnits[m[2]]
	}
	return int64(math.Ceil(min(sum, 1e12)))
}

// checkUpdates judges what depends on the host.
func (r *resolver) checkUpdates(h *Host, t *node, u *Updates) {
	at := t.place()
	if k := t.get("schedule"); k != nil {
		at = k.at
	}
	if _, err := u.Calendar.Launchd(); err != nil && h.Platform == Darwin {
		r.w.errorf(at, "`%s`: %s cannot be the schedule of the Mac `%s`: %v", t.path(), quoted(u.Calendar.Text), h.Name, err)
	}
	if h.Platform == Darwin && u.Operation != "switch" {
		r.w.errorf(t.get("operation").at, "`%s`: a Mac can only `switch`, and `%s` gets `%s`", t.path(), h.Name, u.Operation)
	}
	if u.Source == "" {
		r.w.once("source of "+t.path(), func() []string {
			r.w.errorf(t.place(), "`%s` needs a `source`, since `fleet.flake` is not said", t.path())
			return nil
		})
	}
}
