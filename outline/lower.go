package outline

import (
	"slices"
	"strconv"
	"strings"

	"nixgen/diag"
	"nixgen/syntax"
)

// Lower makes the expressions of a parsed file. Files with errors are not
// lowered by anyone; if they are, what is missing is Bad.
func Lower(f *syntax.File) *File {
	l := lowerer{f: f, text: string(f.Source())}
	return &File{Path: f.Name(), Root: l.expr(f.Root())}
}

type lowerer struct {
	f *syntax.File
	// text is the whole file; names and strings are parts of it.
	text string
	// path holds the attribute paths of the bindings being read, parts the
	// texts of strings, both to be allocated in bulk.
	path  []Name
	parts []Part
	// depth bounds recursion; deeper expressions are Bad.
	depth int
}

const maxNesting = 2000

func (l *lowerer) expr(n syntax.Node) Expr {
	if !n.Valid() {
		return &Bad{}
	}
	if l.depth++; l.depth > maxNesting {
		l.depth--
		return &Bad{At(n.Span())}
	}
	x := l.shallow(n)
	l.depth--
	return x
}

func (l *lowerer) shallow(n syntax.Node) Expr {
	at := At(n.Span())
	switch n.Kind() {
	case syntax.KindIdent:
		return &Var{at, l.text[at.Start:at.End]}
	case syntax.KindInt, syntax.KindFloat, syntax.KindURI:
		return l.number(n, at)
	case syntax.KindStr, syntax.KindIndentedStr:
		s, _ := n.AsStr()
		return &Str{at, l.strParts(s)}
	case syntax.KindPath:
		return l.pathLiteral(n, at)
	case syntax.KindParen:
		return l.expr(n.Child(0))
	case syntax.KindList:
		x := &List{At: at, Elems: make([]Expr, 0, n.NumChildren())}
		for c := range n.Children() {
			x.Elems = append(x.Elems, l.expr(c))
		}
		return x
	case syntax.KindAttrSet:
		s, _ := n.AsAttrSet()
		return l.set(n, at, s.Rec())
	case syntax.KindLegacyLet:
		s := l.set(n, at, true)
		return &Select{At: at, X: s, Path: []Name{{At: n.Span(), Text: "body"}}}
	case syntax.KindLet:
		v, _ := n.AsLet()
		return &Let{at, l.set(n, at, true), l.expr(v.Body())}
	}
	return l.compound(n, at)
}

func (l *lowerer) compound(n syntax.Node, at At) Expr {
	switch n.Kind() {
	case syntax.KindSelect:
		v, _ := n.AsSelect()
		x := &Select{At: at, X: l.expr(v.Target()), Path: l.names(v.Path())}
		if d, ok := v.Default(); ok {
			x.Or = l.expr(d)
		}
		return x
	case syntax.KindHasAttr:
		v, _ := n.AsHasAttr()
		return &Has{at, l.expr(v.Target()), l.names(v.Path())}
	case syntax.KindApply:
		return l.apply(n)
	case syntax.KindUnaryOp:
		v, _ := n.AsUnaryOp()
		op := "!"
		if v.Op() == syntax.TokMinus {
			op = "-"
		}
		return &Unary{at, op, l.expr(v.Operand())}
	case syntax.KindBinaryOp:
		return l.binary(n, at)
	case syntax.KindLambda:
		return l.lambda(n, at)
	case syntax.KindWith:
		v, _ := n.AsWith()
		return &With{at, l.expr(v.Scope()), l.expr(v.Body())}
	case syntax.KindAssert:
		v, _ := n.AsAssert()
		return &Assert{at, l.expr(v.Cond()), l.expr(v.Body())}
	case syntax.KindIf:
		v, _ := n.AsIf()
		return &If{at, l.expr(v.Cond()), l.expr(v.Then()), l.expr(v.Else())}
	}
	return &Bad{at}
}

func (l *lowerer) number(n syntax.Node, at At) Expr {
	text := n.Text()
	switch n.Kind() {
	case syntax.KindInt:
		i, err := strconv.ParseInt(text, 10, 64)
		return &Int{at, i, err == nil}
	case syntax.KindFloat:
		f, _ := strconv.ParseFloat(text, 64)
		return &Float{at, f}
	}
	return &Str{at, []Part{{Text: text}}}
}

func (l *lowerer) strParts(s syntax.Str) []Part {
	if sp, ok := s.Verbatim(); ok {
		return l.part(l.text[sp.Start:sp.End])
	}
	if v, ok := s.Value(); ok {
		return l.part(v)
	}
	var ps []Part
	for p := range s.Parts() {
		if !p.Text.Valid() {
			ps = append(ps, Part{X: l.expr(p.Interp.Child(0))})
			continue
		}
		text := p.Text.Text()
		if s.Indented() || strings.ContainsAny(text, "\\\r") {
			// What escapes and indentation make of it matters to nobody here.
			sp := p.Text.Span()
			ps = append(ps, Part{X: &Bad{At(sp)}})
			continue
		}
		ps = append(ps, Part{Text: text})
	}
	return ps
}

// part is a string of one text.
func (l *lowerer) part(text string) []Part {
	if len(l.parts) == cap(l.parts) {
		l.parts = make([]Part, 0, 64)
	}
	n := len(l.parts)
	l.parts = append(l.parts, Part{Text: text})
	return l.parts[n : n+1 : n+1]
}

func (l *lowerer) pathLiteral(n syntax.Node, at At) Expr {
	v, _ := n.AsPath()
	x := &Path{At: at, Search: v.IsSearch(), Home: v.IsHome()}
	if v.Static() {
		x.Parts = []Part{{Text: n.Text()}}
		return x
	}
	for p := range v.Parts() {
		if p.Text.Valid() {
			x.Parts = append(x.Parts, Part{Text: p.Text.Text()})
			continue
		}
		x.Parts = append(x.Parts, Part{X: l.expr(p.Interp.Child(0))})
	}
	return x
}

func (l *lowerer) apply(n syntax.Node) Expr {
	v, _ := n.AsApply()
	x := l.expr(v.Func())
	start := n.Span().Start
	for a := range v.Args() {
		arg := l.expr(a)
		x = &Apply{At{Start: start, End: a.Span().End}, x, arg}
	}
	return x
}

func (l *lowerer) binary(n syntax.Node, at At) Expr {
	v, _ := n.AsBinaryOp()
	a, b := l.expr(v.Left()), l.expr(v.Right())
	op := v.OpToken()
	switch text := op.Text(); text {
	case "|>":
		return &Apply{at, b, a}
	case "<|":
		return &Apply{at, a, b}
	default:
		return &Binary{at, text, a, b, op.Span()}
	}
}

func (l *lowerer) lambda(n syntax.Node, at At) Expr {
	v, _ := n.AsLambda()
	x := &Lambda{At: at}
	if p, ok := v.Pattern(); ok {
		if b, ok := p.Bind(); ok {
			x.Param = b.Name()
		}
		x.Formals = &Formals{At: p.Span(), Ellipsis: p.Ellipsis()}
		for f := range p.Formals() {
			fo := Formal{At: f.Span(), Name: f.Ident().Name()}
			if d, ok := f.Default(); ok {
				fo.Default = l.expr(d)
			}
			x.Formals.Names = append(x.Formals.Names, fo)
		}
		x.Formals.hasten()
	} else {
		x.Param = v.Param().Text()
	}
	x.Body = l.expr(v.Body())
	return x
}

func (l *lowerer) names(p syntax.AttrPath) []Name {
	start := len(l.path)
	ns := slices.Clone(l.pushNames(p))
	l.path = l.path[:start]
	return ns
}

// pushNames puts a path on top of l.path, which the caller cuts off again.
func (l *lowerer) pushNames(p syntax.AttrPath) []Name {
	if !p.Node.Valid() {
		return []Name{{X: &Bad{}}}
	}
	start := len(l.path)
	for c := range p.Attrs() {
		n := l.name(c)
		l.path = append(l.path, n)
	}
	ns := l.path[start:]
	if len(ns) == 0 {
		// The text ends inside of the path.
		return []Name{{At: p.Span(), X: &Bad{At(p.Span())}}}
	}
	return ns
}

func (l *lowerer) name(n syntax.Node) Name {
	if n.Is(syntax.KindIdent) {
		sp := n.Span()
		return Name{At: sp, Text: l.text[sp.Start:sp.End]}
	}
	if s, ok := n.AsStr(); ok && n.Is(syntax.KindStr) {
		if sp, ok := s.Verbatim(); ok {
			return Name{At: n.Span(), Text: l.text[sp.Start:sp.End]}
		}
	}
	if text, ok := syntax.AttrName(n); ok {
		return Name{At: n.Span(), Text: text}
	}
	if n.Is(syntax.KindInterp) {
		return Name{At: n.Span(), X: l.expr(n.Child(0))}
	}
	return Name{At: n.Span(), X: l.expr(n)}
}

// set gathers the bindings of a set or let; dotted names become nested sets,
// merged with what else is bound below the same name.
func (l *lowerer) set(n syntax.Node, at At, rec bool) *Set {
	s := &Set{At: at, Rec: rec, Entries: make([]Entry, 0, n.NumChildren())}
	for c := range n.Children() {
		switch c.Kind() {
		case syntax.KindBinding:
			b, _ := c.AsBinding()
			v := l.expr(b.Value())
			start := len(l.path)
			l.bind(s, l.pushNames(b.Path()), v, b.Path().Span(), c.Span())
			l.path = l.path[:start]
		case syntax.KindInherit:
			l.inherit(s, c)
		}
	}
	return s
}

func (l *lowerer) bind(s *Set, names []Name, v Expr, path, bind diag.Span) {
	n := names[0]
	var old *Entry
	if n.X == nil {
		old = s.Find(n.Text)
	}
	if len(names) == 1 {
		if old != nil && !old.Inherit {
			if mergeSets(old, v) {
				return
			}
		}
		s.add(Entry{Name: n, Value: v, Path: path, Bind: bind})
		return
	}
	if old != nil && !old.Inherit {
		if in, ok := old.Value.(*Set); ok {
			l.bind(in, names[1:], v, path, bind)
			return
		}
	}
	in := &Set{At: At{Start: names[1].At.Start, End: v.Span().End}}
	l.bind(in, names[1:], v, path, bind)
	s.add(Entry{Name: n, Value: in, Path: n.At, Bind: bind})
}

// mergeSets adds the entries of v to a name that has a set already.
func mergeSets(old *Entry, v Expr) bool {
	a, ok := old.Value.(*Set)
	b, ok2 := v.(*Set)
	if !ok || !ok2 {
		return false
	}
	for _, e := range b.Entries {
		if e.Name.X == nil {
			if o := a.Find(e.Name.Text); o != nil && !o.Inherit && !e.Inherit && mergeSets(o, e.Value) {
				continue
			}
		}
		a.add(e)
	}
	return true
}

func (l *lowerer) inherit(s *Set, n syntax.Node) {
	v, _ := n.AsInherit()
	var from Expr
	if f, ok := v.From(); ok {
		from = l.expr(f)
	}
	for c := range v.Names() {
		name := l.name(c)
		if name.X != nil {
			continue
		}
		s.add(Entry{Name: name, Inherit: true, From: from, Path: c.Span(), Bind: n.Span()})
	}
}
