package secrets

import (
	"regexp"
	"strings"

	"nixgen/diag"
)

// ConfigFile is the name under which sops finds its rules.
const ConfigFile = ".sops.yaml"

// Config is a .sops.yaml.
type Config struct {
	Name  string
	Rules []CreationRule
	// Start is where findings about the whole file point.
	Start diag.Span
}

// CreationRule says for whom sops encrypts the files that it matches.
type CreationRule struct {
	// PathRegex is empty for a rule that matches every file.
	PathRegex  string
	Span       diag.Span
	Recipients []Recipient
	re         *regexp.Regexp
}

// Matches reports whether the rule is for a file, named relative to the folder
// of .sops.yaml: a search, not a match of the whole name.
func (r *CreationRule) Matches(name string) bool {
	return r.PathRegex == "" || r.re != nil && r.re.MatchString(name)
}

// Match lists the rules for a file in their order; sops takes the first.
func (c *Config) Match(name string) []*CreationRule {
	var out []*CreationRule
	for i := range c.Rules {
		if c.Rules[i].Matches(name) {
			out = append(out, &c.Rules[i])
		}
	}
	return out
}

// ParseConfig reads a .sops.yaml. It is nil when the text is not YAML.
func ParseConfig(name string, src []byte) (*Config, []diag.Diagnostic) {
	docs, err := parseYAML(src)
	if err != nil {
		return nil, []diag.Diagnostic{broken(name, err)}
	}
	c := &Config{Name: name}
	var ds []diag.Diagnostic
	if len(docs) == 0 {
		return c, nil
	}
	rules := docs[0].get("creation_rules")
	if rules == nil {
		return c, nil
	}
	c.Start = rules.keySpan
	for _, n := range rules.list() {
		r, d := creationRule(name, n)
		c.Rules = append(c.Rules, r)
		ds = append(ds, d...)
	}
	return c, ds
}

func creationRule(name string, n *node) (CreationRule, []diag.Diagnostic) {
	r := CreationRule{Span: n.span}
	if len(n.items) > 0 {
		r.Span = n.items[0].keySpan
	}
	var ds []diag.Diagnostic
	if p := n.get("path_regex"); p != nil {
		r.PathRegex, r.Span = p.value(), p.span
		re, err := regexp.Compile(r.PathRegex)
		if err != nil {
			ds = append(ds, diag.Diagnostic{
				File: name, Span: p.span, Severity: diag.Error, Rule: RuleRules,
				Message: "`path_regex` is no regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "),
			})
		}
		r.re = re
	}
	groups := n.get("key_groups").list()
	if len(groups) == 0 {
		groups = []*node{n}
	}
	for _, g := range groups {
		r.group(g, 0)
	}
	return r, ds
}

// group reads the keys of a rule or of a key group: lists, or texts with commas
// between; a group may merge others.
func (r *CreationRule) group(g *node, depth int) {
	for _, s := range services {
		r.keys(s.kind, s.field, g.get(s.kind))
	}
	for _, m := range g.get("merge").list() {
		if depth < maxDepth {
			r.group(m, depth+1)
		}
	}
}

func (r *CreationRule) keys(kind, field string, n *node) {
	for _, v := range strings.Split(n.value(), ",") {
		if v = strings.TrimSpace(v); v != "" {
			r.Recipients = append(r.Recipients, Recipient{kind, v, n.span})
		}
	}
	for _, item := range n.list() {
		switch {
		case item.kind == scalar:
			r.keys(kind, field, item)
		case item.kind == sequence: // sops flattens lists of lists: an alias may name one
			r.keys(kind, field, item)
		default:
			r.keys(kind, field, item.get(field))
		}
	}
}
