package outline

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// instance is `import inputs.nixpkgs { system = …; }`: the same packages, as far
// as we look at them, as nixpkgs' own legacyPackages for that system.
func (ev *Eval) instance(input string, arg *Thunk) Value {
	set, _ := arg.Force(ev).(*Attrs)
	if set == nil {
		return nil
	}
	for _, name := range []string{"system", "localSystem", "hostPlatform"} {
		if s, ok := AsString(set.Names[name].Value(ev)); ok {
			return External{input + ".legacyPackages." + s}
		}
	}
	return nil
}

// nixpkgsInput is the input that `import inputs.X` imports, when X is nixpkgs
// by its name.
func nixpkgsInput(path string) (string, bool) {
	in, ok := strings.CutPrefix(path, "import ")
	name, isInput := strings.CutPrefix(in, "inputs.")
	return in, ok && isInput && strings.Contains(name, "nixpkgs") && !strings.Contains(name, ".")
}

// biOverridable is makeOverridable: what f gives, and `override` to call it again.
func biOverridable(ev *Eval, a []*Thunk) Value {
	made, ok := ev.Apply(a[0].Force(ev), a[1]).(*Attrs)
	if !ok {
		return ev.Apply(a[0].Force(ev), a[1])
	}
	out := *made
	out.Names = make(map[string]*Thunk, len(made.Names)+1)
	for k, t := range made.Names {
		out.Names[k] = t
	}
	out.Names["override"] = Of(&Builtin{Name: "override", Arity: 1, Run: func(ev *Eval, more []*Thunk) Value {
		change := more[0].Force(ev)
		if _, ok := change.(*Closure); ok {
			change = ev.Apply(change, a[1])
		}
		return biOverridable(ev, []*Thunk{a[0], Of(ev.update(a[1].Force(ev), change))})
	}})
	return &out
}

// haumeaLoad is haumea's load: a folder as a set, each file called with those of
// the inputs that it names.
func haumeaLoad(ev *Eval, arg *Thunk) Value {
	a, _ := arg.Force(ev).(*Attrs)
	if a == nil {
		return unknown("the folder that haumea loads is not known")
	}
	dir, ok := AsPath(a.Names["src"].Value(ev))
	if !ok || a.Names["transformer"] != nil || a.Names["loader"] != nil {
		return unknown("what haumea loads is not known")
	}
	args := &Attrs{Names: map[string]*Thunk{}}
	switch given := a.Names["inputs"].Value(ev).(type) {
	case *Attrs:
		args.Open, args.Look = given.Open, given.Look
		maps.Copy(args.Names, given.Names)
	default:
		args.Open = a.Names["inputs"] != nil
	}
	for _, name := range []string{"self", "super", "root"} {
		args.Names[name] = Of(unknown("`" + name + "` of haumea"))
	}
	return ev.haumeaDir(dir, Of(args), 0)
}

func (ev *Eval) haumeaDir(dir string, args *Thunk, depth int) Value {
	es, ok := ev.Tree.ReadDir(dir)
	if !ok || depth > 8 || !ev.spend(len(es)) {
		return unknown("the folder `" + dir + "` cannot be read")
	}
	out := &Attrs{Names: map[string]*Thunk{}}
	for name, kind := range es {
		p := path.Join(dir, name)
		base, isNix := strings.CutSuffix(name, ".nix")
		switch {
		case strings.HasPrefix(name, "__"):
		case kind == "directory":
			out.Names[name] = compute(func(ev *Eval) Value { return ev.haumeaDir(p, args, depth+1) })
		case isNix:
			out.Names[strings.TrimLeft(base, "_")] = compute(func(ev *Eval) Value {
				v := ev.Import(p)
				if _, ok := v.(*Closure); ok {
					return ev.Apply(v, args)
				}
				return v
			})
		}
	}
	return out
}

// Loose is an attribute whose name is known in part.
type Loose struct {
	Name  Text
	Value *Thunk
}

// loosen keeps an attribute under a name that is known in part.
func (a *Attrs) loosen(name Value, v *Thunk) {
	a.Open = true
	if t, ok := name.(Text); ok && !t.Whole && t.Head+t.Tail != "" && !slices.ContainsFunc(a.Loose, func(l Loose) bool { return l.Name == t }) {
		a.Loose = append(a.Loose, Loose{t, v})
	}
}
