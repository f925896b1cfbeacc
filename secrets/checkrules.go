package secrets

import (
	"bytes"
	"fmt"
	"strings"

	"nixgen/diag"
)

// rules checks .sops.yaml: what the next `sops edit` or `sops updatekeys` would
// do with each file.
func (c *checker) rules() {
	src, ok := c.tree.Files[ConfigFile]
	if !ok {
		c.report(ConfigFile, diag.Span{}, diag.Error, RuleRules, "there is none; `nixgen secrets sync --run` writes it")
		return
	}
	config, ds := ParseConfig(ConfigFile, src)
	for _, d := range ds {
		c.add(d)
	}
	if config == nil {
		return
	}
	c.config = config
	if bytes.HasPrefix(src, []byte(Header+"\n")) && !bytes.Equal(src, Rules(c.fleet)) {
		c.report(ConfigFile, diag.Span{}, diag.Error, RuleRules, "written by nixgen, and not what %s says now; run `nixgen secrets sync --run`", c.fleet.File)
		return
	}
	shadows := map[*CreationRule]*shadow{}
	for _, name := range c.ruledFiles() {
		found := config.Match(name)
		if len(found) == 0 {
			c.report(ConfigFile, config.Start, diag.Error, RuleRules, "no creation rule matches `%s`", name)
			continue
		}
		for _, r := range found[1:] {
			if shadows[r] == nil {
				shadows[r] = &shadow{first: found[0]}
			}
			shadows[r].files = append(shadows[r].files, name)
		}
		if t := c.byFile[name]; t != nil {
			c.ruleReaders(t, found[0])
		}
	}
	for i := range config.Rules {
		if s := shadows[&config.Rules[i]]; s != nil {
			c.shadowed(&config.Rules[i], s)
		}
	}
}

// shadow is a rule that comes too late for some files.
type shadow struct {
	first *CreationRule
	files []string
}

func (c *checker) shadowed(r *CreationRule, s *shadow) {
	names := "`" + strings.Join(s.files[:min(3, len(s.files))], "`, `") + "`"
	if more := len(s.files) - 3; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	c.add(diag.Diagnostic{
		File: ConfigFile, Span: r.Span, Severity: diag.Warning, Rule: RuleRules,
		Message: "a second creation rule for " + names + "; sops takes the first",
		Notes:   []diag.Note{{File: ConfigFile, Span: s.first.Span, Message: "the first rule for `" + s.files[0] + "`"}},
	})
}

// ruledFiles are the files that need a rule: those of the fleet, whether they
// exist yet or not, and whatever else is encrypted.
func (c *checker) ruledFiles() []string {
	var out []string
	for _, t := range c.targets {
		if _, exists := c.tree.Files[t.File]; exists || t.Host == "" || c.fleet.Host(t.Host).AgeKey != "" {
			out = append(out, t.File)
		}
	}
	for _, name := range c.names {
		if f := c.files[name]; f != nil && f.Encrypted && c.byFile[name] == nil {
			out = append(out, name)
		}
	}
	return out
}

// ruleReaders compares a rule with those who must read the file.
func (c *checker) ruleReaders(t *Target, r *CreationRule) {
	may, have := recipients(t.Readers), map[string]bool{}
	for _, x := range r.Recipients {
		v := normal(x.Value)
		if x.Kind != "age" || have[v] {
			continue
		}
		have[v] = true
		if may[v] {
			continue
		}
		who := fmt.Sprintf("`%s`, nobody in %s", brief(x.Value), c.fleet.File)
		if known, ok := c.people[v]; ok {
			who = known.What
		}
		c.report(ConfigFile, x.Span, diag.Error, RuleRules, "the rule for `%s` lets %s read it", t.File, who)
	}
	for _, x := range t.Readers {
		if !have[x.Recipient] {
			c.report(ConfigFile, r.Span, diag.Error, RuleRules, "the rule for `%s` leaves out %s", t.File, x.What)
		}
	}
}
