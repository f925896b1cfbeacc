package lint

import (
	"bytes"
	"strings"

	"nixgen/diag"
)

// Ids of what the engine itself finds. Each has its page among the rules.
const (
	SuppressionID   = "suppression"
	UnusedID        = "unused-suppression"
	UnreadableID    = "unreadable-file"
	suppressionMark = "nixgen: allow"
)

// suppression is one comment that silences rules.
type suppression struct {
	ids    []string
	reason bool
	file   bool
	line   int
	span   diag.Span
	used   map[string]bool
}

// suppressions reads the comments of a file.
func suppressions(s *Source) []*suppression {
	if !bytes.Contains(s.Text, []byte(suppressionMark)) {
		return nil
	}
	var out []*suppression
	for c := range s.Syntax().Comments() {
		if sup := parseSuppression(c.Text()); sup != nil {
			sup.span = c.Span()
			sup.line = s.Syntax().Position(sup.span.Start).Line
			out = append(out, sup)
		}
	}
	return out
}

// parseSuppression reads `# nixgen: allow rule-id, rule-id -- reason`.
func parseSuppression(comment string) *suppression {
	text := strings.TrimSpace(strings.TrimLeft(comment, "#/* "))
	text = strings.TrimSpace(strings.TrimSuffix(text, "*/"))
	rest, ok := strings.CutPrefix(text, suppressionMark)
	if !ok {
		return nil
	}
	sup := &suppression{used: map[string]bool{}}
	if r, ok := strings.CutPrefix(rest, "-file"); ok {
		sup.file, rest = true, r
	}
	if rest != "" && rest[0] != ' ' {
		return nil
	}
	ids, reason, _ := strings.Cut(rest, "--")
	sup.reason = strings.TrimSpace(strings.TrimRight(reason, "*/ ")) != ""
	sup.ids = strings.FieldsFunc(ids, func(r rune) bool { return r == ' ' || r == ',' })
	return sup
}

// suppress drops what comments silence and tells about the comments that are
// wrong or silence nothing. checked says whether a rule ran on the file.
func (r *run) suppress(s *Source, ds []diag.Diagnostic) []diag.Diagnostic {
	sups := suppressions(s)
	if len(sups) == 0 {
		return ds
	}
	silent := silencesOf(sups)
	var out []diag.Diagnostic
	for _, d := range ds {
		if rule := r.rules[d.Rule]; rule == nil || rule.Always || !silent.covers(s, d) {
			out = append(out, d)
		}
	}
	for _, sup := range sups {
		out = append(out, r.judge(s, sup)...)
	}
	return out
}

// silences are the comments of a file by what they silence.
type silences map[silence]*silenced

// A silence is a rule on a line; line 0 stands for the whole file.
type silence struct {
	line int
	rule string
}

// silenced are the comments that ask for a silence, and whether it was needed.
type silenced struct {
	by   []*suppression
	used bool
}

// silencesOf: a comment covers its own line and the next one, or the file.
func silencesOf(sups []*suppression) silences {
	all := silences{}
	for _, sup := range sups {
		lines := []int{sup.line, sup.line + 1}
		if sup.file {
			lines = []int{0}
		}
		for _, id := range sup.ids {
			for _, line := range lines {
				if sup.reason {
					all.add(silence{line, id}, sup)
				}
			}
		}
	}
	return all
}

func (all silences) add(what silence, sup *suppression) {
	s := all[what]
	if s == nil {
		s = &silenced{}
		all[what] = s
	}
	s.by = append(s.by, sup)
}

// covers tells whether a finding is silenced, and notes the comments that are
// of use.
func (all silences) covers(src *Source, d diag.Diagnostic) bool {
	hit := false
	for _, line := range []int{0, src.Syntax().Position(d.Span.Start).Line} {
		s := all[silence{line, d.Rule}]
		if s == nil {
			continue
		}
		hit = true
		if !s.used {
			s.used = true
			for _, sup := range s.by {
				sup.used[d.Rule] = true
			}
		}
	}
	return hit
}

func (r *run) judge(s *Source, sup *suppression) []diag.Diagnostic {
	var out []diag.Diagnostic
	add := func(sev diag.Severity, rule, msg, why string) {
		out = append(out, diag.Diagnostic{File: s.Path, Span: sup.span, Severity: sev, Rule: rule, Message: msg, Why: why})
	}
	if len(sup.ids) == 0 {
		add(diag.Error, SuppressionID, "the comment names no rule", "write `# nixgen: allow rule-id -- reason`")
	}
	if !sup.reason {
		add(diag.Error, SuppressionID, "the comment gives no reason", "write `# nixgen: allow rule-id -- reason`")
	}
	for _, id := range sup.ids {
		rule := r.rules[id]
		switch {
		case rule == nil:
			msg := "no rule is called `" + id + "`"
			if near := diag.Suggest(id, r.ids); near != "" {
				msg += "; did you mean `" + near + "`?"
			}
			add(diag.Error, SuppressionID, msg, "")
		case rule.Always:
			add(diag.Error, SuppressionID, "`"+id+"` cannot be suppressed", "")
		case sup.reason && !sup.used[id] && r.ran(rule, s.Path):
			add(diag.Warning, UnusedID, "nothing here is suppressed by `"+id+"`", "")
		}
	}
	return out
}
