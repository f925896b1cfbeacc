package outline

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

func str(ev *Eval, t *Thunk) (string, bool) { return AsString(t.Force(ev)) }

func biOptionalString(ev *Eval, a []*Thunk) Value {
	return ev.branch(a[0].Force(ev), a[1], Of(wholeText("")))
}

func biAppendPath(ev *Eval, a []*Thunk) Value {
	p := a[0].Force(ev)
	if e, ok := p.(External); ok {
		return External{e.Path + "/…"}
	}
	base, ok := p.(FilePath)
	if !ok {
		return unknown("the path is not known")
	}
	t := toText(a[1].Force(ev))
	if base.Whole && t.Whole {
		c, ok := cleanPath(base.Head, t.Head)
		if !ok {
			return External{t.Head}
		}
		return FilePath{Head: c, Whole: true}
	}
	if base.Whole {
		return FilePath{Head: prefixIn(base.Head, t.Head), Tail: t.Tail}
	}
	return FilePath(join(Text(base), t))
}

func biSuffix(ev *Eval, a []*Thunk) Value {
	suf, ok := str(ev, a[0])
	s := toText(a[1].Force(ev))
	if !ok {
		return unknown("the suffix is not known")
	}
	if s.Whole {
		return Bool(strings.HasSuffix(s.Head, suf))
	}
	if strings.HasSuffix(s.Tail, suf) {
		return Bool(true)
	}
	return unknown("the string is not known")
}

func biPrefix(ev *Eval, a []*Thunk) Value {
	pre, ok := str(ev, a[0])
	s := toText(a[1].Force(ev))
	if !ok || !s.Whole && len(s.Head) < len(pre) {
		return unknown("the string is not known")
	}
	return Bool(strings.HasPrefix(s.Head, pre))
}

func biToString(ev *Eval, a []*Thunk) Value {
	switch v := a[0].Force(ev).(type) {
	case Bool:
		if v {
			return wholeText("1")
		}
		return wholeText("")
	case Null:
		return wholeText("")
	case *Sequence:
		return spaced(ev, v)
	default:
		return toText(v)
	}
}

// spaced is toString of a list.
func spaced(ev *Eval, l *Sequence) Value {
	out := wholeText("")
	for i, e := range l.Elems {
		if i > 0 {
			out = join(out, wholeText(" "))
		}
		t, ok := biToString(ev, []*Thunk{e.Thunk}).(Text)
		if !ok || e.Maybe {
			t = Text{}
		}
		out = join(out, t)
	}
	if l.Open {
		return join(out, Text{})
	}
	return out
}

func strFn1(f func(string) Value) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		s, ok := str(ev, a[0])
		if !ok {
			return unknown("the string is not known")
		}
		return f(s)
	}
}

func strFn2(f func(a, b string) Value) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		s, ok := str(ev, a[0])
		t, ok2 := str(ev, a[1])
		if !ok || !ok2 {
			return unknown("the string is not known")
		}
		return f(s, t)
	}
}

func biConcatSep(ev *Eval, a []*Thunk) Value {
	sep := a[0].Force(ev)
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	out := wholeText("")
	for i, e := range l.Elems {
		if i > 0 {
			out = join(out, toText(sep))
		}
		if e.Maybe {
			out = join(out, Text{})
			continue
		}
		out = join(out, toText(e.Force(ev)))
	}
	if l.Open {
		out = join(out, Text{})
	}
	return out
}

func biReplace(ev *Eval, a []*Thunk) Value {
	from, _ := list(ev, a[0])
	to, _ := list(ev, a[1])
	s, ok := str(ev, a[2])
	if from == nil || to == nil || !ok || len(from.Elems) != len(to.Elems) {
		return unknown("the string is not known")
	}
	var pairs []string
	for i := range from.Elems {
		f, ok := str(ev, from.Elems[i].Thunk)
		t, ok2 := str(ev, to.Elems[i].Thunk)
		if !ok || !ok2 || f == "" {
			return unknown("the string is not known")
		}
		pairs = append(pairs, f, t)
	}
	return wholeText(strings.NewReplacer(pairs...).Replace(s))
}

// FromGo makes a value of decoded JSON, TOML or hosts.toml data.
func FromGo(v any) Value {
	switch v := v.(type) {
	case nil:
		return Null{}
	case bool:
		return Bool(v)
	case int:
		return Integer(v)
	case int64:
		return Integer(v)
	case float64:
		if f := int64(v); float64(f) == v {
			return Integer(f)
		}
		return Real(v)
	case string:
		return wholeText(v)
	case []any:
		s := &Sequence{}
		for _, e := range v {
			s.Elems = append(s.Elems, Elem{Thunk: Of(FromGo(e))})
		}
		return s
	case []map[string]any:
		s := &Sequence{}
		for _, e := range v {
			s.Elems = append(s.Elems, Elem{Thunk: Of(FromGo(e))})
		}
		return s
	case map[string]any:
		a := &Attrs{Names: make(map[string]*Thunk, len(v))}
		for k, e := range v {
			a.Names[k] = Of(FromGo(e))
		}
		return a
	}
	return unknown("data of a kind Nix does not have")
}

func biFromJSON(ev *Eval, a []*Thunk) Value {
	s, ok := str(ev, a[0])
	if !ok {
		return unknown("the JSON text is not known")
	}
	return ev.Common.once(jsonKey(s), func() Value {
		var v any
		if json.Unmarshal([]byte(s), &v) != nil {
			return unknown("the JSON text is not known")
		}
		return FromGo(v)
	})
}

func biFromTOML(ev *Eval, a []*Thunk) Value {
	s, ok := str(ev, a[0])
	if !ok {
		return unknown("the TOML text is not known")
	}
	return ev.Common.once(tomlKey(s), func() Value {
		var v map[string]any
		if _, err := toml.Decode(s, &v); err != nil {
			return unknown("the TOML text does not parse")
		}
		return FromGo(v)
	})
}

func biReadFile(ev *Eval, a []*Thunk) Value {
	if p, ok := AsPath(a[0].Force(ev)); ok {
		if s, ok := ev.Tree.ReadFile(p); ok {
			return wholeText(s)
		}
	}
	return unknown("the file cannot be read")
}

func biPathExists(ev *Eval, a []*Thunk) Value {
	if p, ok := AsPath(a[0].Force(ev)); ok {
		return Bool(ev.Tree.Exists(p))
	}
	return unknown("the path is not known")
}

func biBase(ev *Eval, a []*Thunk) Value {
	t := toText(a[0].Force(ev))
	if p, ok := AsPath(a[0].Force(ev)); ok {
		t = wholeText(p)
	}
	if !t.Whole {
		return Text{Tail: t.Tail}
	}
	return wholeText(t.Head[strings.LastIndexByte(t.Head, '/')+1:])
}

func biDir(ev *Eval, a []*Thunk) Value {
	p, ok := AsPath(a[0].Force(ev))
	if !ok {
		return unknown("the path is not known")
	}
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return FilePath{Head: ".", Whole: true}
	}
	return FilePath{Head: p[:i], Whole: true}
}

// biMatch is builtins.match: the groups of an extended regular expression that
// matches a whole string, or null.
func biMatch(ev *Eval, a []*Thunk) Value {
	pattern, ok1 := str(ev, a[0])
	text, ok2 := str(ev, a[1])
	if !ok1 || !ok2 || !ev.spend(len(text)) {
		return unknown("the text of a match is not known")
	}
	re, err := regexp.CompilePOSIX("^(" + pattern + ")$")
	if err != nil {
		return unknown("the pattern of a match is not known")
	}
	m := re.FindStringSubmatchIndex(text)
	if m == nil {
		return Null{}
	}
	out := &Sequence{}
	for i := 4; i < len(m); i += 2 {
		var v Value = Null{}
		if m[i] >= 0 {
			v = wholeText(text[m[i]:m[i+1]])
		}
		out.Elems = append(out.Elems, Elem{Thunk: Of(v)})
	}
	return out
}
