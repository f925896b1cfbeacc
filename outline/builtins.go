package outline

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// fn is a function that the evaluator knows.
type fn struct {
	arity int
	run   func(ev *Eval, a []*Thunk) Value
}

// functions is one table for builtins and lib: where both have a name they
// mean the same. Aliases of namespaces (lib.lists.x) resolve to it too.
var functions map[string]fn

// globals are the names that need no `builtins.`.
var globals = map[string]bool{
	"map": true, "import": true, "removeAttrs": true, "toString": true, "throw": true, "abort": true,
	"baseNameOf": true, "dirOf": true, "isNull": true, "fetchTarball": true, "fetchGit": true, "scopedImport": true,
	"derivation": true, "fromTOML": true, "placeholder": true, "break": true, "fetchMercurial": true, "fetchTree": true,
}

// namespaces of lib whose functions are also found on lib itself.
var namespaces = map[string]bool{
	"lists": true, "strings": true, "attrsets": true, "trivial": true, "modules": true, "options": true,
	"filesystem": true, "path": true, "fixedPoints": true, "customisation": true, "asserts": true, "debug": true,
}

func (ev *Eval) global(name string) Value {
	switch name {
	case "true":
		return Bool(true)
	case "false":
		return Bool(false)
	case "null":
		return Null{}
	case "builtins":
		return ev.Lib()
	}
	if globals[name] {
		return ev.function(name)
	}
	return nil
}

// function as a value; nil for one that is not known.
func (ev *Eval) function(name string) Value {
	f, ok := functions[name]
	if !ok {
		return nil
	}
	return &Builtin{Name: name, Arity: f.arity, Run: f.run}
}

// Lib is nixpkgs' lib and builtins at once.
func (ev *Eval) Lib() *Attrs {
	if ev.lib == nil {
		ev.lib = &Attrs{}
		ev.lib.Look = func(name string) Value {
			if namespaces[name] {
				return ev.lib
			}
			switch name {
			case "true", "false", "null":
				return ev.global(name)
			case "nixosSystem", "darwinSystem", "homeManagerConfiguration":
				return ev.system(name)
			}
			if v := ev.function(name); v != nil {
				return v
			}
			return ev.external("lib." + name)
		}
	}
	return ev.lib
}

// System is what a call of nixosSystem and its like is kept as: its arguments,
// under a name no attribute can have.
const System = "\x00system"

func (ev *Eval) system(kind string) Value {
	return &Builtin{Name: kind, Arity: 1, Run: func(ev *Eval, a []*Thunk) Value {
		return &Attrs{Names: map[string]*Thunk{System: Of(wholeText(kind)), "args": a[0]}, Open: true}
	}}
}

// callExternal applies something outside the evaluator: a known kind of call,
// or a function that the fleet itself defines under that name.
func (ev *Eval) callExternal(f External, arg *Thunk) Value {
	dot := strings.LastIndexByte(f.Path, '.')
	name := f.Path[dot+1:]
	switch name {
	case "nixosSystem", "darwinSystem", "homeManagerConfiguration":
		return ev.Apply(ev.system(name), arg)
	case "mkFlake":
		return &Builtin{Name: name, Arity: 1, Run: func(_ *Eval, a []*Thunk) Value {
			return &Attrs{Names: map[string]*Thunk{FlakeParts: a[0]}, Open: true}
		}}
	case "import-tree":
		return importTree(ev, arg)
	}
	if strings.HasPrefix(f.Path, "inputs.") || strings.HasPrefix(f.Path, "pkgs.") {
		return unknown("a call of `" + f.Path + "`")
	}
	if v := ev.fleetFunction(name); v != nil {
		return ev.Apply(v, arg)
	}
	return unknown("a call of `" + f.Path + "`")
}

// FlakeParts is what a call of flake-parts' mkFlake is kept as: its module,
// under a name no attribute can have.
const FlakeParts = "\x00parts"

// importTree is the module that imports every file below a folder but those
// with a component that begins with an underscore.
func importTree(ev *Eval, dir *Thunk) Value {
	all, ok := biListFiles(ev, []*Thunk{dir}).(*Sequence)
	if !ok {
		return unknown("the folder is not known")
	}
	l := &Sequence{}
	for _, e := range all.Elems {
		if p, ok := AsPath(e.Force(ev)); ok && strings.HasSuffix(p, ".nix") && !strings.Contains("/"+p, "/_") {
			l.Elems = append(l.Elems, e)
		}
	}
	return &Attrs{Names: map[string]*Thunk{"imports": Of(l)}}
}

func (ev *Eval) fleetFunction(name string) Value {
	v, ok := ev.found[name]
	if ok || ev.Tree == nil {
		return v
	}
	ev.found[name] = nil // a definition in terms of itself is not known
	if x, file := ev.Tree.Function(name); x != nil {
		// The scopes between the file's root and the definition are rebuilt
		// with unknown arguments, lib being the one they surely have.
		v = ev.within(file, x)
		ev.found[name] = v
	}
	return v
}

// within evaluates a part of a file: every lambda on the way gets the usual
// arguments of a file that is imported.
func (ev *Eval) within(file *File, x Expr) Value {
	env := ev.Root(file)
	at := file.Root
	usual := Of(&Attrs{Names: map[string]*Thunk{"lib": Of(ev.Lib())}, Open: true})
	for at != x {
		switch e := at.(type) {
		case *Lambda:
			env = ev.Bind(&Closure{e, env}, usual)
			at = e.Body
		case *Let:
			env = env.letEnv(e.Binds)
			at = e.Body
		case *With:
			n := env.child()
			n.with = Later(e.Env, env)
			env, at = n, e.Body
		case *Set:
			if e.Rec {
				env = env.letEnv(e)
			}
			return ev.Expr(x, env)
		default:
			return unknown("the definition is not at the top of its file")
		}
	}
	return ev.Expr(x, env)
}

// Import evaluates a file as `import path` does.
func (ev *Eval) Import(path string) Value {
	if t, ok := ev.imported[path]; ok {
		return t.Force(ev)
	}
	f := ev.Tree.File(path)
	if f == nil && !strings.HasSuffix(path, ".nix") {
		f = ev.Tree.File(prefixIn(path, "default.nix"))
	}
	if f == nil {
		return unknown("`" + path + "` cannot be read")
	}
	t := Later(f.Root, ev.Root(f))
	ev.imported[path] = t
	return t.Force(ev)
}

func str(ev *Eval, t *Thunk) (string, bool) { return AsString(t.Force(ev)) }

func list(ev *Eval, t *Thunk) (*Sequence, Value) {
	switch v := t.Force(ev).(type) {
	case *Sequence:
		if !ev.spend(len(v.Elems)) {
			return nil, unknown(spent)
		}
		return v, nil
	case *Unknown:
		return nil, v
	case *Choice:
		return nil, unknown("one of several lists")
	default:
		return nil, unknown("the list is not known")
	}
}

func attrs(ev *Eval, t *Thunk) *Attrs {
	a, _ := t.Force(ev).(*Attrs)
	if a != nil && (a.Look != nil || !ev.spend(len(a.Names))) {
		return nil
	}
	return a
}

// applied makes f x lazily.
func applied(f Value, args ...*Thunk) *Thunk {
	t := compute(func(ev *Eval) Value {
		v := f
		for _, a := range args {
			v = ev.Apply(v, a)
		}
		return v
	})
	t.from = args[len(args)-1]
	return t
}

func biMap(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		out.Elems = append(out.Elems, Elem{applied(f, e.Thunk), e.Maybe})
	}
	return out
}

func biFilter(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		switch TruthOf(ev.Apply(f, e.Thunk)) {
		case True:
			out.Elems = append(out.Elems, e)
		case Maybe:
			out.Elems = append(out.Elems, Elem{e.Thunk, true})
		}
	}
	return out
}

func biFlatten(ev *Eval, a []*Thunk) Value {
	return flatten(ev, a[0].Force(ev), 0)
}

func flatten(ev *Eval, v Value, depth int) Value {
	l, ok := v.(*Sequence)
	if !ok {
		return &Sequence{Elems: []Elem{{Thunk: Of(v)}}}
	}
	if !ev.spend(len(l.Elems)) {
		return &Sequence{Open: true}
	}
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		in, ok := e.Force(ev).(*Sequence)
		if !ok || depth > 50 {
			out.Elems = append(out.Elems, e)
			continue
		}
		flat := flatten(ev, in, depth+1).(*Sequence)
		out.Open = out.Open || flat.Open
		for _, x := range flat.Elems {
			out.Elems = append(out.Elems, Elem{x.Thunk, x.Maybe || e.Maybe})
		}
	}
	return out
}

func biConcatLists(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	var v Value = &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		v = ev.concat(v, maybeList(ev, e))
	}
	return v
}

func maybeList(ev *Eval, e Elem) Value {
	v := e.Force(ev)
	l, ok := v.(*Sequence)
	if !ok || !e.Maybe {
		return v
	}
	out := &Sequence{Open: l.Open}
	for _, x := range l.Elems {
		out.Elems = append(out.Elems, Elem{x.Thunk, true})
	}
	return out
}

// optionals c l, with an unknown condition making the elements maybe.
func biOptionals(ev *Eval, a []*Thunk) Value {
	switch TruthOf(a[0].Force(ev)) {
	case True:
		return a[1].Force(ev)
	case False:
		return &Sequence{}
	}
	return maybeList(ev, Elem{a[1], true})
}

func biOptional(ev *Eval, a []*Thunk) Value {
	switch TruthOf(a[0].Force(ev)) {
	case True:
		return &Sequence{Elems: []Elem{{Thunk: a[1]}}}
	case False:
		return &Sequence{}
	}
	return &Sequence{Elems: []Elem{{Thunk: a[1], Maybe: true}}}
}

func biOptionalAttrs(ev *Eval, a []*Thunk) Value {
	return ev.branch(a[0].Force(ev), a[1], Of(&Attrs{Names: map[string]*Thunk{}}))
}

func biOptionalString(ev *Eval, a []*Thunk) Value {
	return ev.branch(a[0].Force(ev), a[1], Of(wholeText("")))
}

func biElem(ev *Eval, a []*Thunk) Value {
	l, _ := list(ev, a[1])
	if l == nil {
		return unknown("the list is not known")
	}
	x, t := a[0].Force(ev), False
	for _, e := range l.Elems {
		eq := ev.equal(x, e.Force(ev))
		if e.Maybe {
			eq = eq.And(Maybe)
		}
		t = t.Or(eq)
	}
	if l.Open {
		t = t.Or(Maybe)
	}
	return boolOf(t, "the list is not completely known")
}

func biReadDir(ev *Eval, a []*Thunk) Value {
	p, ok := AsPath(a[0].Force(ev))
	if !ok {
		return unknown("the folder is not known")
	}
	es, ok := ev.Tree.ReadDir(p)
	if !ok {
		return unknown("the folder `" + p + "` cannot be read")
	}
	out := &Attrs{Names: make(map[string]*Thunk, len(es))}
	for n, k := range es {
		out.Names[n] = Of(wholeText(k))
	}
	return out
}

func biAttrNames(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil {
		return unknown("the set is not known")
	}
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: Of(wholeText(k))})
	}
	return out
}

func biAttrValues(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil {
		return unknown("the set is not known")
	}
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: s.Names[k]})
	}
	return out
}

// overAttrs runs f name value over a set.
func overAttrs(ev *Eval, a []*Thunk, do func(out *Attrs, name string, v *Thunk, r *Thunk)) Value {
	s := attrs(ev, a[1])
	if s == nil {
		return unknown("the set is not known")
	}
	f := a[0].Force(ev)
	out := &Attrs{Names: make(map[string]*Thunk, len(s.Names)), Open: s.Open}
	for _, k := range s.keys() {
		do(out, k, s.Names[k], applied(f, Of(wholeText(k)), s.Names[k]))
	}
	return out
}

func biMapAttrs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, n string, _, r *Thunk) { out.Names[n] = r })
}

func biFilterAttrs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, n string, v, r *Thunk) {
		switch TruthOf(r.Force(ev)) {
		case True:
			out.Names[n] = v
		case Maybe:
			out.Open = true
		}
	})
}

func biMapAttrsPairs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, _ string, _, r *Thunk) {
		pair, _ := r.Force(ev).(*Attrs)
		if pair == nil {
			out.Open = true
			return
		}
		addPair(ev, out, pair)
	})
}

func addPair(ev *Eval, out *Attrs, pair *Attrs) {
	n, ok := pair.Names["name"]
	v, ok2 := pair.Names["value"]
	if ok && ok2 {
		if s, ok := str(ev, n); ok {
			if _, dup := out.Names[s]; !dup {
				out.Names[s] = v
			}
			return
		}
	}
	out.Open = true
}

func biListToAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		pair, _ := e.Force(ev).(*Attrs)
		if pair == nil || e.Maybe {
			out.Open = true
			continue
		}
		addPair(ev, out, pair)
	}
	return out
}

func biMapAttrsToList(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[1])
	if s == nil {
		return unknown("the set is not known")
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: applied(f, Of(wholeText(k)), s.Names[k])})
	}
	return out
}

func biGenAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	f := a[1].Force(ev)
	out := &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		n, ok := AsString(e.Force(ev))
		if !ok || e.Maybe {
			out.Open = true
			continue
		}
		out.Names[n] = applied(f, e.Thunk)
	}
	return out
}

func biFoldl(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[2])
	if l == nil {
		return bad
	}
	f, acc := a[0].Force(ev), a[1].Force(ev)
	for _, e := range l.Elems {
		if e.Maybe {
			return unknown("the list is not completely known")
		}
		acc = ev.Apply(ev.Apply(f, Of(acc)), e.Thunk)
	}
	if l.Open {
		return unknown("the list is not completely known")
	}
	return acc
}

func biMergeAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	var acc Value = &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		acc = ev.update(acc, e.Force(ev))
	}
	return acc
}

func biImport(ev *Eval, a []*Thunk) Value {
	switch v := Located(a[0].Force(ev)).(type) {
	case FilePath:
		if v.Whole {
			return ev.Import(v.Head)
		}
	case External:
		return External{"import " + v.Path}
	case *Attrs: // a flake input or a derivation
		return unknown("an import of something built")
	}
	return unknown("the path of the import is not known")
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

func strList(ss []string) *Sequence {
	out := &Sequence{}
	for _, s := range ss {
		out.Elems = append(out.Elems, Elem{Thunk: Of(wholeText(s))})
	}
	return out
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
	var v any
	if !ok || json.Unmarshal([]byte(s), &v) != nil {
		return unknown("the JSON text is not known")
	}
	return FromGo(v)
}

func biFromTOML(ev *Eval, a []*Thunk) Value {
	s, ok := str(ev, a[0])
	var v map[string]any
	if !ok {
		return unknown("the TOML text is not known")
	}
	if _, err := toml.Decode(s, &v); err != nil {
		return unknown("the TOML text does not parse")
	}
	return FromGo(v)
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

func biAnyAll(all bool) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		l, bad := list(ev, a[1])
		if l == nil {
			return bad
		}
		f, t := a[0].Force(ev), truth(all)
		for _, e := range l.Elems {
			r := TruthOf(ev.Apply(f, e.Thunk))
			if e.Maybe && all {
				r = r.Or(Maybe)
			} else if e.Maybe {
				r = r.And(Maybe)
			}
			if all {
				t = t.And(r)
			} else {
				t = t.Or(r)
			}
		}
		if l.Open && all {
			t = t.And(Maybe)
		} else if l.Open {
			t = t.Or(Maybe)
		}
		return boolOf(t, "the condition is not known")
	}
}

func biHasAttr(ev *Eval, a []*Thunk) Value {
	n, ok := str(ev, a[0])
	if !ok {
		return unknown("the name is not known")
	}
	return ev.has(&Has{X: &Boxed{T: a[1]}, Path: []Name{{Text: n}}}, nil)
}

func biGetAttr(ev *Eval, a []*Thunk) Value {
	n, ok := str(ev, a[0])
	if !ok {
		return unknown("the name is not known")
	}
	if v := ev.Member(a[1].Force(ev), n); v != nil {
		return v
	}
	return unknown("`" + n + "` is missing")
}

// attrPath walks `[ "a" "b" ]` into a set: nil when surely absent.
func attrPath(ev *Eval, path, in *Thunk) Value {
	l, bad := list(ev, path)
	if l == nil {
		return bad
	}
	v := in.Force(ev)
	for _, e := range l.Elems {
		n, ok := str(ev, e.Thunk)
		if !ok {
			return unknown("the name is not known")
		}
		if v = ev.Member(v, n); v == nil {
			return nil
		}
	}
	return v
}

func biAttrByPath(ev *Eval, a []*Thunk) Value {
	if v := attrPath(ev, a[0], a[2]); v != nil {
		return v
	}
	return a[1].Force(ev)
}

func biHasAttrByPath(ev *Eval, a []*Thunk) Value {
	switch v := attrPath(ev, a[0], a[1]).(type) {
	case nil:
		return Bool(false)
	case *Unknown, External:
		return v
	}
	return Bool(true)
}

func biRecursiveUpdate(ev *Eval, a []*Thunk) Value {
	return recursiveUpdate(ev, a[0].Force(ev), a[1].Force(ev))
}

func recursiveUpdate(ev *Eval, x, y Value) Value {
	sx, ok := x.(*Attrs)
	sy, ok2 := y.(*Attrs)
	if !ok || !ok2 || sx.Look != nil || sy.Look != nil {
		if ok2 {
			return y
		}
		return unknown("the set is not known")
	}
	out := &Attrs{Names: maps.Clone(sx.Names), Open: sx.Open || sy.Open}
	for k, t := range sy.Names {
		if o, ok := sx.Names[k]; ok {
			out.Names[k] = compute(func(ev *Eval) Value {
				a, b := o.Force(ev), t.Force(ev)
				if _, ok := a.(*Attrs); ok {
					if _, ok := b.(*Attrs); ok {
						return recursiveUpdate(ev, a, b)
					}
				}
				return b
			})
			continue
		}
		out.Names[k] = t
	}
	return out
}

// extend is lib.extend: what the overlay adds over lib itself.
func biExtend(ev *Eval, a []*Thunk) Value {
	more, _ := ev.Apply(ev.Apply(a[0].Force(ev), Of(ev.Lib())), Of(ev.Lib())).(*Attrs)
	if more == nil {
		return ev.Lib()
	}
	return &Attrs{Names: more.Names, Look: ev.Lib().Look}
}

func biIntersect(ev *Eval, a []*Thunk) Value {
	x, y := attrs(ev, a[0]), attrs(ev, a[1])
	if x == nil || y == nil || x.Open {
		return unknown("the set is not known")
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: y.Open}
	for k, t := range y.Names {
		if _, ok := x.Names[k]; ok {
			out.Names[k] = t
		}
	}
	return out
}

func biRemoveAttrs(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	l, _ := list(ev, a[1])
	if s == nil || l == nil {
		return unknown("the set is not known")
	}
	out := &Attrs{Names: maps.Clone(s.Names), Open: s.Open}
	for _, e := range l.Elems {
		n, ok := str(ev, e.Thunk)
		if !ok {
			return unknown("the name is not known")
		}
		delete(out.Names, n)
	}
	return out
}

// listFiles is lib.filesystem.listFilesRecursive.
func biListFiles(ev *Eval, a []*Thunk) Value {
	p, ok := AsPath(a[0].Force(ev))
	if !ok {
		return unknown("the folder is not known")
	}
	out := &Sequence{}
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		es, _ := ev.Tree.ReadDir(dir)
		for _, n := range slices.Sorted(maps.Keys(es)) {
			q := prefixIn(dir, n)
			if es[n] == "directory" && depth < 30 {
				walk(q, depth+1)
			} else if es[n] != "directory" {
				out.Elems = append(out.Elems, Elem{Thunk: Of(FilePath{Head: q, Whole: true})})
			}
		}
	}
	walk(p, 0)
	return out
}

func typeIs[T Value](ev *Eval, a []*Thunk) Value {
	switch v := a[0].Force(ev).(type) {
	case T:
		return Bool(true)
	case *Unknown, External, *Choice:
		return unknown("the type is not known")
	default:
		_ = v
		return Bool(false)
	}
}

func at1(i int) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		l, bad := list(ev, a[0])
		switch {
		case l == nil:
			return bad
		case l.Open || l.maybe() || len(l.Elems) == 0:
			return unknown("the list is not completely known")
		case i < 0:
			return l.Elems[len(l.Elems)-1].Force(ev)
		}
		return l.Elems[i].Force(ev)
	}
}

func init() {
	functions = map[string]fn{
		"map": {2, biMap}, "forEach": {2, flip(biMap)}, "filter": {2, biFilter}, "flatten": {1, biFlatten},
		"concatLists": {1, biConcatLists}, "concatMap": {2, func(ev *Eval, a []*Thunk) Value {
			return biConcatLists(ev, []*Thunk{Of(biMap(ev, a))})
		}},
		"optionals": {2, biOptionals}, "optional": {2, biOptional}, "optionalAttrs": {2, biOptionalAttrs},
		"optionalString": {2, biOptionalString}, "elem": {2, biElem}, "readDir": {1, biReadDir},
		"attrNames": {1, biAttrNames}, "attrValues": {1, biAttrValues}, "mapAttrs": {2, biMapAttrs},
		"filterAttrs": {2, biFilterAttrs}, "mapAttrs'": {2, biMapAttrsPairs}, "listToAttrs": {1, biListToAttrs},
		"mapAttrsToList": {2, biMapAttrsToList}, "genAttrs": {2, biGenAttrs}, "foldl": {3, biFoldl}, "foldl'": {3, biFoldl},
		"mergeAttrsList": {1, biMergeAttrs}, "import": {1, biImport}, "append": {2, biAppendPath}, "hasSuffix": {2, biSuffix},
		"hasPrefix": {2, biPrefix}, "toString": {1, biToString}, "concatStringsSep": {2, biConcatSep},
		"concatStrings":  {1, func(ev *Eval, a []*Thunk) Value { return biConcatSep(ev, []*Thunk{Of(wholeText("")), a[0]}) }},
		"replaceStrings": {3, biReplace}, "fromJSON": {1, biFromJSON}, "fromTOML": {1, biFromTOML},
		"readFile": {1, biReadFile}, "pathExists": {1, biPathExists}, "baseNameOf": {1, biBase}, "dirOf": {1, biDir},
		"importJSON": {1, func(ev *Eval, a []*Thunk) Value { return biFromJSON(ev, []*Thunk{Of(biReadFile(ev, a))}) }},
		"importTOML": {1, func(ev *Eval, a []*Thunk) Value { return biFromTOML(ev, []*Thunk{Of(biReadFile(ev, a))}) }},
		"any":        {2, biAnyAll(false)}, "all": {2, biAnyAll(true)}, "hasAttr": {2, biHasAttr}, "getAttr": {2, biGetAttr},
		"attrByPath": {3, biAttrByPath}, "hasAttrByPath": {2, biHasAttrByPath}, "recursiveUpdate": {2, biRecursiveUpdate},
		"extend": {1, biExtend}, "intersectAttrs": {2, biIntersect}, "removeAttrs": {2, biRemoveAttrs},
		"listFilesRecursive": {1, biListFiles}, "head": {1, at1(0)}, "last": {1, at1(-1)},
		"isString": {1, typeIs[Text]}, "isAttrs": {1, typeIs[*Attrs]}, "isList": {1, typeIs[*Sequence]},
		"isBool": {1, typeIs[Bool]}, "isInt": {1, typeIs[Integer]}, "isPath": {1, typeIs[FilePath]}, "isNull": {1, typeIs[Null]},
		"id":    {1, func(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }},
		"const": {2, func(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }},
		"pipe":  {2, biPipe},
		"flip":  {3, func(ev *Eval, a []*Thunk) Value { return ev.Apply(ev.Apply(a[0].Force(ev), a[2]), a[1]) }},
		"seq":   {2, second}, "deepSeq": {2, second}, "trace": {2, second}, "warn": {2, second}, "addErrorContext": {2, second},
		"nameValuePair": {2, func(ev *Eval, a []*Thunk) Value {
			return &Attrs{Names: map[string]*Thunk{"name": a[0], "value": a[1]}}
		}},
		"removeSuffix": {2, strFn2(func(a, b string) Value { return wholeText(strings.TrimSuffix(b, a)) })},
		"removePrefix": {2, strFn2(func(a, b string) Value { return wholeText(strings.TrimPrefix(b, a)) })},
		"hasInfix":     {2, strFn2(func(a, b string) Value { return Bool(strings.Contains(b, a)) })},
		"splitString":  {2, strFn2(func(a, b string) Value { return strList(strings.Split(b, a)) })},
		"toLower":      {1, strFn1(func(a string) Value { return wholeText(strings.ToLower(a)) })},
		"toUpper":      {1, strFn1(func(a string) Value { return wholeText(strings.ToUpper(a)) })},
		"stringLength": {1, strFn1(func(a string) Value { return Integer(len(a)) })},
		"length":       {1, biLength},
		"not": {1, func(ev *Eval, a []*Thunk) Value {
			return boolOf(TruthOf(a[0].Force(ev)).Not(), "the condition is not known")
		}},
		"throw":   {1, func(*Eval, []*Thunk) Value { return unknown("it throws") }},
		"mkMerge": {1, marker("merge", "contents")},
		"mkIf":    {2, biMkIf},
		"mkForce": {1, second1}, "mkDefault": {1, second1}, "mkBefore": {1, second1}, "mkAfter": {1, second1},
		"mkVMOverride": {1, second1}, "mkOverride": {2, second}, "mkOrder": {2, second}, "mkOptionDefault": {1, second1},
		"mkRemovedOptionModule": {2, biDeclares}, "mkRenamedOptionModule": {2, biDeclares},
		"mkRenamedOptionModuleWith": {1, biDeclares}, "mkAliasOptionModule": {2, biDeclares},
		"mkChangedOptionModule": {3, biDeclares}, "mkMergedOptionModule": {3, biDeclares},
		"makeOverridable": {2, func(ev *Eval, a []*Thunk) Value { return ev.Apply(a[0].Force(ev), a[1]) }},
		"singleton":       {1, func(_ *Eval, a []*Thunk) Value { return &Sequence{Elems: []Elem{{Thunk: a[0]}}} }},
		"mkOption":        {1, biMkOption}, "mkEnableOption": {1, biMkEnableOption},
		"setDefaultModuleLocation": {2, second}, "unsafeDiscardStringContext": {1, second1},
	}
}

func second(ev *Eval, a []*Thunk) Value  { return a[1].Force(ev) }
func second1(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }

func flip(f func(*Eval, []*Thunk) Value) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value { return f(ev, []*Thunk{a[1], a[0]}) }
}

func biPipe(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	v := a[0].Force(ev)
	for _, f := range l.Elems {
		v = ev.Apply(f.Force(ev), Of(v))
	}
	return v
}

func biLength(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	if l.Open || l.maybe() {
		return unknown("the list is not completely known")
	}
	return Integer(len(l.Elems))
}

// biMkIf as a value: what it holds when the condition is true. Definitions are
// read from the expression, where the guard is kept.
func biMkIf(ev *Eval, a []*Thunk) Value {
	if TruthOf(a[0].Force(ev)) == True {
		return a[1].Force(ev)
	}
	return unknown("a `mkIf` whose condition is not known to hold")
}

// Declares is what a module made by mkRenamedOptionModule and its like is kept
// as: the path of the option that it declares, under a name no attribute has.
const Declares = "\x00declares"

func biDeclares(ev *Eval, a []*Thunk) Value {
	from := a[0]
	if s, ok := from.Force(ev).(*Attrs); ok && s.Names["from"] != nil {
		from = s.Names["from"]
	}
	return &Attrs{Names: map[string]*Thunk{Declares: from}}
}

// OptionMark is a name, one no attribute can have, in what mkOption makes.
const OptionMark = "\x00option"

func biMkOption(ev *Eval, a []*Thunk) Value {
	out := &Attrs{Names: map[string]*Thunk{}, Open: true}
	if s, ok := a[0].Force(ev).(*Attrs); ok {
		maps.Copy(out.Names, s.Names)
	}
	out.Names[OptionMark] = Of(Bool(true))
	return out
}

func biMkEnableOption(*Eval, []*Thunk) Value {
	return &Attrs{Names: map[string]*Thunk{OptionMark: Of(Bool(true)), "default": Of(Bool(false))}, Open: true}
}

func marker(kind, field string) func(*Eval, []*Thunk) Value {
	return func(_ *Eval, a []*Thunk) Value {
		return &Attrs{Names: map[string]*Thunk{"_type": Of(wholeText(kind)), field: a[0]}}
	}
}

// Imported lists the files that were evaluated as values.
func (ev *Eval) Imported() []string {
	out := make([]string, 0, len(ev.imported))
	for p := range ev.imported {
		if f := ev.Tree.File(p); f != nil {
			out = append(out, f.Path)
		} else {
			out = append(out, prefixIn(p, "default.nix"))
		}
	}
	slices.Sort(out)
	return out
}
