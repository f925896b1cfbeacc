package lint

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"nixgen/diag"
)

// Config says which rules run and what is reported.
type Config struct {
	Rules []*Rule
	// Enable and Disable name rules; "style" and "all" name groups.
	Enable, Disable []string
	// Hosts limits the findings about hosts to these; empty: all.
	Hosts []string
	// Only limits the findings to these files and what lies below these
	// folders; empty: all.
	Only []string
}

// InternalError is a rule that failed.
type InternalError struct {
	Rule  string
	Cause any
	Stack string
}

func (e *InternalError) Error() string { return "internal error in " + e.Rule }

// run is one use of Config on one workspace.
type run struct {
	cfg   Config
	work  *Workspace
	rules map[string]*Rule
	ids   []string
}

func newRun(w *Workspace, cfg Config) *run {
	r := &run{cfg: cfg, work: w, rules: map[string]*Rule{}}
	for _, rule := range cfg.Rules {
		r.rules[rule.ID] = rule
		r.ids = append(r.ids, rule.ID)
	}
	return r
}

// Lint runs the rules and gives their findings, sorted.
func (w *Workspace) Lint(cfg Config) ([]diag.Diagnostic, error) {
	r := newRun(w, cfg)
	jobs := r.jobs()
	outs := make([][]diag.Diagnostic, len(jobs))
	errs := make([]error, len(jobs))
	parallel(len(jobs), func(i int) { outs[i], errs[i] = jobs[i]() })
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return r.finish(slices.Concat(append(outs, w.problems)...)), nil
}

// jobs are independent pieces of work: bundles of files, hosts, the fleet.
func (r *run) jobs() []func() ([]diag.Diagnostic, error) {
	var jobs []func() ([]diag.Diagnostic, error)
	var file, host, whole []*Rule
	for _, rule := range r.cfg.Rules {
		switch {
		case !r.possible(rule):
		case rule.Scope == FileScope:
			file = append(file, rule)
		case rule.Scope == HostScope:
			host = append(host, rule)
		default:
			whole = append(whole, rule)
		}
	}
	for _, h := range r.work.Hosts {
		if len(r.cfg.Hosts) > 0 && !slices.Contains(r.cfg.Hosts, h.Name) {
			continue
		}
		jobs = append(jobs, func() ([]diag.Diagnostic, error) { return r.pass(host, Pass{Work: r.work, run: r, Host: h}) })
	}
	if len(r.work.Hosts) > 0 || r.work.Fleet != nil || r.work.Flake != nil {
		jobs = append(jobs, func() ([]diag.Diagnostic, error) { return r.pass(whole, Pass{Work: r.work, run: r}) })
	}
	for bundle := range slices.Chunk(r.work.Sources, 16) {
		jobs = append(jobs, func() ([]diag.Diagnostic, error) { return r.files(file, bundle) })
	}
	return jobs
}

func (r *run) files(rules []*Rule, bundle []*Source) ([]diag.Diagnostic, error) {
	var out []diag.Diagnostic
	for _, s := range bundle {
		if s.Encrypted || !r.wanted(s.Path) {
			continue
		}
		ds, err := r.pass(rules, Pass{Work: r.work, run: r, File: s})
		if err != nil {
			return nil, err
		}
		out = append(out, ds...)
	}
	return out, nil
}

// pass runs rules one after the other on the same subject.
func (r *run) pass(rules []*Rule, p Pass) (out []diag.Diagnostic, err error) {
	defer func() {
		if c := recover(); c != nil {
			err = &InternalError{p.rule.ID, c, string(debug.Stack())}
		}
	}()
	for _, rule := range rules {
		p.rule = rule
		if p.File == nil || r.enabled(rule, p.File.Path) {
			rule.Run(&p)
		}
	}
	return p.out, nil
}

// finish filters, merges and sorts; all is used up.
func (r *run) finish(all []diag.Diagnostic) []diag.Diagnostic {
	all = slices.DeleteFunc(merge(all), func(d diag.Diagnostic) bool { return !r.keep(d) })
	out := make([]diag.Diagnostic, 0, len(all))
	byFile := map[string][]diag.Diagnostic{}
	for n := 0; len(all) > 0; all = all[n:] {
		for n = 1; n < len(all) && all[n].File == all[0].File; n++ {
		}
		byFile[all[0].File] = all[:n]
	}
	for _, s := range r.work.Sources {
		out = append(out, r.suppress(s, byFile[s.Path])...)
		delete(byFile, s.Path)
	}
	for _, ds := range byFile {
		out = append(out, ds...)
	}
	for i := range out {
		r.severity(&out[i])
	}
	out = slices.DeleteFunc(out, func(d diag.Diagnostic) bool { return !r.wanted(d.File) })
	diag.Sort(out)
	return out
}

func (r *run) keep(d diag.Diagnostic) bool {
	rule := r.rules[d.Rule]
	return rule == nil || r.enabled(rule, d.File)
}

func (r *run) severity(d *diag.Diagnostic) {
	if r.work.Fleet == nil {
		return
	}
	if s, ok := r.work.Fleet.Lint.Severity[d.Rule]; ok {
		if sev, ok := diag.ParseSeverity(s); ok {
			d.Severity = sev
		}
	}
}

// wanted: the file is among those that were asked for and not excluded.
func (r *run) wanted(file string) bool {
	if f := r.work.Fleet; f != nil && file != "" {
		for _, g := range f.Lint.Ignore {
			if below(g, file) {
				return slices.Contains(r.cfg.Only, file)
			}
		}
	}
	if len(r.cfg.Only) == 0 || file == "" {
		return true
	}
	for _, o := range r.cfg.Only {
		if o == "." || o == file || strings.HasPrefix(file, o+"/") {
			return true
		}
	}
	return false
}

func below(glob, file string) bool {
	if ok, _ := doublestar.Match(glob, file); ok {
		return true
	}
	ok, _ := doublestar.Match(strings.TrimSuffix(glob, "/")+"/**", file)
	return ok
}

// possible: some file or host may have the rule on.
func (r *run) possible(rule *Rule) bool {
	if r.on(rule) || rule.Always {
		return true
	}
	if r.work.Fleet != nil {
		for _, p := range r.work.Fleet.Lint.Paths {
			if names(p.Enable, rule) {
				return true
			}
		}
	}
	return false
}

// on is the setting for the whole fleet: the command line over hosts.toml over
// the rule's own default.
func (r *run) on(rule *Rule) bool {
	on := !rule.Style
	if f := r.work.Fleet; f != nil {
		on = (on || names(f.Lint.Enable, rule)) && !names(f.Lint.Disable, rule)
	}
	return (on || names(r.cfg.Enable, rule)) && !names(r.cfg.Disable, rule)
}

func (r *run) enabled(rule *Rule, file string) bool {
	if rule.Always {
		return true
	}
	on := r.on(rule)
	if f := r.work.Fleet; f != nil {
		for _, p := range f.Lint.Paths {
			if below(p.Glob, file) {
				on = (on || names(p.Enable, rule)) && !names(p.Disable, rule)
			}
		}
	}
	return on
}

// ran: the rule looked at the file, so that an unused suppression is one.
func (r *run) ran(rule *Rule, file string) bool {
	if !r.enabled(rule, file) || len(r.cfg.Hosts) > 0 {
		return false
	}
	return rule.Scope == FileScope || len(r.work.Hosts) > 0
}

func names(list []string, rule *Rule) bool {
	return slices.Contains(list, rule.ID) || slices.Contains(list, "all") || rule.Style && slices.Contains(list, "style")
}

// Check reports names of rules or groups that do not exist.
func (c *Config) Check() error {
	var ids []string
	for _, r := range c.Rules {
		ids = append(ids, r.ID)
	}
	for _, n := range slices.Concat(c.Enable, c.Disable) {
		if n == "style" || n == "all" || slices.Contains(ids, n) {
			continue
		}
		if near := diag.Suggest(n, ids); near != "" {
			return fmt.Errorf("no rule is called `%s`; did you mean `%s`?", n, near)
		}
		return fmt.Errorf("no rule is called `%s`", n)
	}
	return nil
}
