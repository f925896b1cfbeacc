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

// covers: the comment's own line and the next one, or the whole file.
func (s *suppression) covers(line int) bool {
	return s.file || line == s.line || line == s.line+1
}

// suppress drops what comments silence and tells about the comments that are
// wrong or silence nothing. checked says whether a rule ran on the file.
func (r *run) suppress(s *Source, ds []diag.Diagnostic) []diag.Diagnostic {
	sups := suppressions(s)
	if len(sups) == 0 {
		return ds
	}
	var out []diag.Diagnostic
	for _, d := range ds {
		if rule := r.rules[d.Rule]; rule == nil || rule.Always || !silenced(s, sups, d) {
			out = append(out, d)
		}
	}
	for _, sup := range sups {
		out = append(out, r.judge(s, sup)...)
	}
	return out
}

func silenced(s *Source, sups []*suppression, d diag.Diagnostic) bool {
	line := s.Syntax().Position(d.Span.Start).Line
	hit := false
	for _, sup := range sups {
		for _, id := range sup.ids {
			if id == d.Rule && sup.reason && sup.covers(line) {
				sup.used[id], hit = true, true
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
