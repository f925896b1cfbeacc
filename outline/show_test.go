package outline

import (
	"fmt"
	"strconv"
	"strings"
)

// show prints what is known of a value, deeply.
func show(ev *Eval, v Value) string { return showAt(ev, v, 0) }

func showAt(ev *Eval, v Value, depth int) string {
	if depth > 8 {
		return "…"
	}
	switch v := v.(type) {
	case nil:
		return "absent"
	case *Unknown:
		return "?"
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(bool(v))
	case Integer:
		return strconv.FormatInt(int64(v), 10)
	case Real:
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	case Text:
		if v.Whole {
			return strconv.Quote(v.Head)
		}
		return strconv.Quote(v.Head) + "…" + strconv.Quote(v.Tail)
	case FilePath:
		if v.Whole {
			return "<" + v.Head + ">"
		}
		return "<" + v.Head + "…" + v.Tail + ">"
	case External:
		return "external " + v.Path
	case *Sequence:
		return showList(ev, v, depth)
	case *Attrs:
		return showAttrs(ev, v, depth)
	case *Choice:
		var alts []string
		for _, a := range v.Alts {
			alts = append(alts, showAt(ev, a, depth+1))
		}
		return "(" + strings.Join(alts, " | ") + ")"
	}
	return fmt.Sprintf("%T", v)
}

func showList(ev *Eval, l *Sequence, depth int) string {
	out := "["
	for _, e := range l.Elems {
		out += " " + showAt(ev, e.Force(ev), depth+1)
		if e.Maybe {
			out += "~"
		}
	}
	if l.Open {
		out += " …"
	}
	return out + " ]"
}

func showAttrs(ev *Eval, a *Attrs, depth int) string {
	out := "{"
	for _, k := range a.Keys() {
		out += " " + strings.ReplaceAll(k, "\x00", "!") + " = " + showAt(ev, a.Names[k].Force(ev), depth+1) + ";"
	}
	if a.Open {
		out += " …"
	}
	return out + " }"
}
