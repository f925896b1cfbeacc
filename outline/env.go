package outline

import "nixgen/diag"

// An Env is one scope at run time: the names of a let, a rec set, a lambda, or
// the set of a with. Env values belong to one Eval and are not shared.
type Env struct {
	up *Env
	// file gives meaning to relative paths; it is set on the root of a file.
	file *File
	// set or lambda has the lexical names of the frame; slots are the values of
	// the set's entries, made on demand, or of the names in the lambda's pattern.
	set    *Set
	lambda *Lambda
	slots  []*Thunk
	// arg is what the lambda was called with; in a frame without names it is the
	// set of a `with`, whose names come behind all lexical ones.
	arg *Thunk
}

func (e *Env) child() *Env { return &Env{up: e, file: e.file} }

// letEnv opens the scope of a let or rec set.
func (e *Env) letEnv(s *Set) *Env {
	n := e.child()
	n.set = s
	return n
}

// under opens the scope of a `with`.
func (e *Env) under(set Expr) *Env {
	n := e.child()
	n.arg = Later(set, e)
	return n
}

// above is the scope so many frames up.
func (e *Env) above(n int) *Env {
	for range n {
		e = e.up
	}
	return e
}

// isWith tells that the frame is that of a `with`.
func (e *Env) isWith() bool { return e.arg != nil && e.lambda == nil }

// lexical finds a name in the nearest frame that has it; nil where none has.
func (e *Env) lexical(name string) *Thunk {
	for ; e != nil; e = e.up {
		if t := e.local(name); t != nil {
			return t
		}
	}
	return nil
}

// local finds a lexical name in this frame alone.
func (e *Env) local(name string) *Thunk {
	switch {
	case e.lambda != nil:
		if i := e.lambda.formal(name); i >= 0 {
			return e.slots[i]
		}
		if e.lambda.Param == name && name != "" {
			return e.arg
		}
	case e.set != nil:
		if i := e.set.find(name); i >= 0 {
			return e.entry(i)
		}
	}
	return nil
}

// entry gives the value of one of the frame's own set, the same every time.
func (e *Env) entry(i int) *Thunk {
	if e.slots == nil {
		e.slots = make([]*Thunk, len(e.set.Entries))
	}
	if e.slots[i] == nil {
		e.slots[i] = e.entryThunk(&e.set.Entries[i])
	}
	return e.slots[i]
}

// entryThunk is the value of a binding of this frame's own set.
func (e *Env) entryThunk(en *Entry) *Thunk {
	inner := e
	if en.Inherit && en.From == nil {
		return &Thunk{x: &Var{At(en.Name.At), en.Name.Text}, env: e.up}
	}
	return entryThunk(en, inner)
}

func entryThunk(en *Entry, env *Env) *Thunk {
	switch {
	case !en.Inherit:
		return &Thunk{x: en.Value, env: env}
	case en.From == nil:
		return &Thunk{x: &Var{At(en.Name.At), en.Name.Text}, env: env}
	}
	return &Thunk{x: &Select{At: At(en.Name.At), X: en.From, Path: []Name{en.Name}}, env: env}
}

// A Thunk is a value that has perhaps not been asked for yet.
type Thunk struct {
	x    Expr
	env  *Env
	run  func(*Eval) Value
	v    Value
	busy bool
	// from is where a computed value has its place in the text from.
	from *Thunk
}

// Of makes a thunk of a value.
func Of(v Value) *Thunk { return &Thunk{v: v} }

// Later makes a thunk of an expression in a scope.
func Later(x Expr, env *Env) *Thunk { return &Thunk{x: x, env: env} }

func compute(f func(*Eval) Value) *Thunk { return &Thunk{run: f} }

// Force evaluates at most once. A value that depends on itself is unknown.
func (t *Thunk) Force(ev *Eval) Value {
	if t.v != nil {
		return t.v
	}
	if t.busy {
		return ev.unknown(t.x, t.env, "it depends on itself")
	}
	t.busy = true
	if t.run != nil {
		t.v = t.run(ev)
	} else {
		t.v = ev.Expr(t.x, t.env)
	}
	t.busy = false
	return t.v
}

// Where the expression stands: its file ("" for computed ones) and span.
func (t *Thunk) Where() (string, diag.Span) {
	if t.x == nil && t.from != nil {
		return t.from.Where()
	}
	if t.x == nil {
		return "", diag.Span{}
	}
	if t.env != nil && t.env.file != nil {
		return t.env.file.Path, t.x.Span()
	}
	return "", t.x.Span()
}

// Value is Force for a thunk that may be nil.
func (t *Thunk) Value(ev *Eval) Value {
	if t == nil {
		return unknown("nothing is there")
	}
	return t.Force(ev)
}
