package lint

import (
	"slices"
	"strings"

	"nixgen/outline"
)

// Flake is flake.nix: what it declares as inputs and how it makes its hosts.
type Flake struct {
	Source *Source
	// Inputs are the names declared under `inputs` with where they stand.
	Inputs []*outline.Entry
	// Outputs is the lambda of `outputs`.
	Outputs *outline.Lambda
	root    *outline.Set
}

// readFlake finds the flake at the root of the tree.
func readFlake(w *Workspace) *Flake { return readFlakeFile(w, "flake.nix") }

// FlakeOutputs lists the outputs of a flake in a folder of the tree; known says
// that it has no others.
func (w *Workspace) FlakeOutputs(dir string) (names []string, known bool) {
	f := readFlakeFile(w, dir+"/flake.nix")
	if f == nil || f.Outputs == nil {
		return nil, false
	}
	ev := outline.NewEval(w, &w.common, nil)
	args := &outline.Attrs{Open: true, Look: func(name string) outline.Value { return outline.External{Path: "inputs." + name} }}
	env := ev.Bind(&outline.Closure{Fn: f.Outputs, Env: ev.Root(f.Source.Outline())}, outline.Of(args))
	a, ok := ev.Expr(f.Outputs.Body, env).(*outline.Attrs)
	if !ok {
		return nil, false
	}
	return a.Keys(), !a.Open && a.Look == nil
}

func readFlakeFile(w *Workspace, file string) *Flake {
	s := w.Source(file)
	if s == nil || s.Outline() == nil {
		return nil
	}
	set, ok := s.Outline().Root.(*outline.Set)
	if !ok {
		return nil
	}
	f := &Flake{Source: s, root: set}
	if in := set.Find("inputs"); in != nil && !in.Inherit {
		if is, ok := in.Value.(*outline.Set); ok {
			for i := range is.Entries {
				f.Inputs = append(f.Inputs, &is.Entries[i])
			}
		}
	}
	if out := set.Find("outputs"); out != nil && !out.Inherit {
		f.Outputs, _ = out.Value.(*outline.Lambda)
	}
	return f
}

// Input finds a declared input.
func (f *Flake) Input(name string) *outline.Entry {
	for _, e := range f.Inputs {
		if e.Name.Text == name {
			return e
		}
	}
	return nil
}

// URLs are the inputs with their URLs, "" where it is not written out.
func (f *Flake) URLs() map[string]string {
	out := map[string]string{}
	for _, e := range f.Inputs {
		name := e.Name.Text
		if name == "" || e.Inherit {
			continue
		}
		out[name] = ""
		set, ok := e.Value.(*outline.Set)
		if !ok {
			continue
		}
		if u := set.Find("url"); u != nil && !u.Inherit {
			if s, ok := u.Value.(*outline.Str); ok && len(s.Parts) == 1 && s.Parts[0].X == nil {
				out[name] = s.Parts[0].Text
			}
		}
	}
	return out
}

// allOutputs names the set of all outputs in self, as no attribute is named.
const allOutputs = "\x00outputs"

// self is the flake as its own modules see it: outputs, inputs and path.
// more answers for outputs that its set does not have.
func (f *Flake) self(ev *outline.Eval, more func(name string) outline.Value) *outline.Attrs {
	self := &outline.Attrs{Open: true}
	var outputs *outline.Thunk
	self.Look = func(name string) outline.Value {
		switch name {
		case "outputs":
			return self
		case "inputs":
			return inputs(self)
		case "outPath":
			return outline.Text{Head: outline.RootMark + ".", Whole: true}
		}
		if outputs == nil {
			return nil
		}
		if name == allOutputs {
			return outputs.Force(ev)
		}
		a, ok := outputs.Force(ev).(*outline.Attrs)
		if !ok {
			return nil
		}
		if a.Names[name] == nil {
			if v := more(name); v != nil {
				return v
			}
		}
		v := a.Get(ev, name)
		if c, ok := v.(*outline.Choice); ok {
			if only := onlySet(c); only != nil {
				return only
			}
		}
		return v
	}
	if f.Outputs != nil {
		env := ev.Root(f.Source.Outline())
		args := &outline.Attrs{Open: true, Look: func(name string) outline.Value {
			if name == "self" {
				return self
			}
			return outline.External{Path: "inputs." + name}
		}}
		body := ev.Bind(&outline.Closure{Fn: f.Outputs, Env: env}, outline.Of(args))
		outputs = outline.Later(f.Outputs.Body, body)
	}
	return self
}

// inputs is the argument of that name: all of them outside, self within.
func inputs(self *outline.Attrs) outline.Value {
	return &outline.Attrs{Open: true, Look: func(name string) outline.Value {
		if name == "self" && self != nil {
			return self
		}
		return outline.External{Path: "inputs." + name}
	}}
}

// made are the hosts that flake.nix makes under an output; nil when it cannot
// be followed.
func (h *Host) made(class Class) *outline.Attrs {
	if h.self == nil {
		return nil
	}
	if h.parts() {
		if a := h.partNamed(outputOf[class]); a != nil {
			return &a.Attrs
		}
		return h.clan(class)
	}
	outs, _ := h.self.Get(h.Eval, allOutputs).(*outline.Attrs)
	if outs != nil && class == NixOS && outs.Names[outputOf[class]] == nil && outs.Names["colmena"] != nil {
		return h.Eval.Hive(outs.Names["colmena"].Force(h.Eval))
	}
	return onlySet(h.self.Get(h.Eval, outputOf[class]))
}

// clan are the machines that clan-core's module for flake-parts makes; nil
// where the flake does not have it.
func (h *Host) clan(class Class) *outline.Attrs {
	if !slices.ContainsFunc(h.Foreign, func(f External) bool {
		return f.Class == FlakeParts && strings.HasPrefix(f.Path, "inputs.clan") && strings.Contains(f.Path, ".flakeModule")
	}) {
		return nil
	}
	all := &outline.Sequence{}
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			for _, t := range append(partAt(m, d, []string{"clan"}), partAt(m, d, []string{"flake", "clan"})...) {
				all.Elems = append(all.Elems, outline.Elem{Thunk: t})
			}
		}
	}
	settings := &outline.Attrs{Names: map[string]*outline.Thunk{"imports": outline.Of(all)}}
	return onlySet(h.Eval.Clan(settings).Get(h.Eval, outputOf[class]))
}

// machine is what flake.nix builds for one host: the arguments of the call of
// nixosSystem or its like; nil when it cannot be followed.
func (h *Host) machine(class Class, name string) *outline.Attrs {
	all := h.made(class)
	if all == nil {
		return nil
	}
	at := all.Names[name]
	for _, l := range all.Loose {
		if at == nil && strings.HasPrefix(name, "@") && l.Name.Tail == name {
			at = l.Value
		}
	}
	sys := onlySet(at.Value(h.Eval))
	if sys == nil || sys.Names[outline.System] == nil {
		return nil
	}
	args, _ := sys.Names["args"].Force(h.Eval).(*outline.Attrs)
	return args
}

// onlySet is the one set that a value can be. Outputs that are put together by
// `//` with what flake-utils makes may be replaced as far as anyone knows, and
// are not: it makes packages, shells and apps.
func onlySet(v outline.Value) *outline.Attrs {
	c, ok := v.(*outline.Choice)
	if !ok {
		a, _ := v.(*outline.Attrs)
		return a
	}
	var out *outline.Attrs
	for _, v := range c.Alts {
		if a, ok := v.(*outline.Attrs); ok {
			if out != nil {
				return nil
			}
			out = a
		}
	}
	return out
}

// Static reports that every declared input can be read off the file.
func (f *Flake) Static() bool {
	in := f.root.Find("inputs")
	if in == nil {
		return true
	}
	set, ok := in.Value.(*outline.Set)
	if !ok {
		return false
	}
	for _, e := range set.Entries {
		if e.Name.X != nil {
			return false
		}
	}
	return true
}

// InputNames are the declared inputs, and those that outputs takes by name: a
// flake may leave their declaration to the registry.
func (f *Flake) InputNames() []string {
	var out []string
	for _, e := range f.Inputs {
		out = append(out, e.Name.Text)
	}
	if f.Outputs != nil && f.Outputs.Formals != nil {
		for _, n := range f.Outputs.Formals.Names {
			out = append(out, n.Name)
		}
	}
	return out
}
