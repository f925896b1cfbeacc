package syntax

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Print writes the file's expression as `nix-instantiate --parse` of Nix 2.34
// does, without the line end. Relative paths are resolved against base, an
// absolute folder, and ~/ against home. It fails for a file that has Errors;
// names are not its business.
func (f *File) Print(base, home string) ([]byte, error) {
	if d, ok := f.FirstError(); ok {
		return nil, fmt.Errorf("%v: %s", f.Position(d.Span.Start), d.Message)
	}
	p := nixPrinter{f: f, base: base, home: home}
	p.expr(f.Root())
	return p.Bytes(), nil
}

// nixPrinter has a method for each kind of expression that Nix knows after
// parsing; many operators are calls of builtin functions then.
type nixPrinter struct {
	bytes.Buffer
	f          *File
	base, home string
}

func (p *nixPrinter) text(ss ...string) {
	for _, s := range ss {
		p.WriteString(s)
	}
}

// exprs writes expressions with words between them: texts are written before,
// between and after the nodes.
func (p *nixPrinter) exprs(texts []string, nodes ...Node) {
	for i, n := range nodes {
		p.text(texts[i])
		p.expr(n)
	}
	p.text(texts[len(nodes)])
}

func (p *nixPrinter) expr(n Node) {
	n = n.Unparen()
	if isCall(n) {
		p.text("(")
		p.call(n)
		p.text(")")
		return
	}
	switch n.Kind() {
	case KindIdent:
		writeIdentifier(&p.Buffer, n.bytes())
	case KindInt:
		v, _ := parseInt(n.bytes())
		p.text(strconv.FormatInt(v, 10))
	case KindFloat:
		v, _ := parseFloat(n.bytes())
		p.text(strconv.FormatFloat(v, 'g', 6, 64))
	case KindURI:
		writeString(&p.Buffer, n.bytes())
	case KindStr, KindIndentedStr:
		p.str(Str{n})
	case KindPath:
		p.path(PathLit{n})
	case KindList:
		p.list(ListLit{n})
	case KindAttrSet:
		p.set(p.f.setOf(n.i))
	case KindLegacyLet:
		p.text("(")
		p.set(p.f.setOf(n.i))
		p.text(").body")
	default:
		p.compound(n)
	}
}

func (p *nixPrinter) compound(n Node) {
	switch n.Kind() {
	case KindSelect:
		p.selection(Select{n})
	case KindHasAttr:
		p.exprs([]string{"((", ") ? "}, n.Child(0))
		p.attrPath(AttrPath{n.Child(1)})
		p.text(")")
	case KindUnaryOp:
		p.exprs([]string{"(! ", ")"}, n.Child(0))
	case KindBinaryOp:
		p.binaryOp(BinaryOp{n})
	case KindLambda:
		p.lambda(Lambda{n})
	case KindLet:
		p.text("(let ")
		p.attrs(p.f.setOf(n.i))
		p.exprs([]string{"in ", ")"}, Let{n}.Body())
	case KindWith:
		p.exprs([]string{"(with ", "; ", ")"}, n.Child(0), n.Child(1))
	case KindAssert:
		p.exprs([]string{"assert ", "; ", ""}, n.Child(0), n.Child(1))
	case KindIf:
		p.exprs([]string{"(if ", " then ", " else ", ")"}, n.Child(0), n.Child(1), n.Child(2))
	}
}

// isCall is true for what is a function call to Nix. Arguments that follow a
// call are added to it, whatever parentheses are around it.
func isCall(n Node) bool {
	switch n.Kind() {
	case KindApply:
		return true
	case KindPath:
		return PathLit{n}.IsSearch()
	case KindUnaryOp:
		return UnaryOp{n}.Op() == TokMinus
	case KindBinaryOp:
		switch (BinaryOp{n}).Op() {
		case TokLess, TokGreater, TokMinus, TokMul, TokDiv, TokPipeInto, TokPipeFrom:
			return true
		}
	}
	return false
}

// call writes a call without the parentheses around it.
func (p *nixPrinter) call(n Node) {
	switch n.Kind() {
	case KindApply:
		p.callee(n.Child(0))
		for arg := range (Apply{n}).Args() {
			p.text(" ")
			p.expr(arg)
		}
	case KindPath:
		text := n.Text()
		p.text("__findFile __nixPath ")
		writeString(&p.Buffer, []byte(text[1:len(text)-1]))
	case KindUnaryOp:
		p.exprs([]string{"__sub 0 ", ""}, n.Child(0))
	case KindBinaryOp:
		p.operatorCall(BinaryOp{n})
	}
}

func (p *nixPrinter) callee(n Node) {
	if n = n.Unparen(); isCall(n) {
		p.call(n)
	} else {
		p.expr(n)
	}
}

var operatorFuncs = map[TokenKind]string{
	TokLess: "__lessThan ", TokMinus: "__sub ", TokMul: "__mul ", TokDiv: "__div ",
}

func (p *nixPrinter) operatorCall(n BinaryOp) {
	switch op := n.Op(); op {
	case TokGreater:
		p.exprs([]string{"__lessThan ", " ", ""}, n.Right(), n.Left())
	case TokPipeInto:
		p.callee(n.Right())
		p.exprs([]string{" ", ""}, n.Left())
	case TokPipeFrom:
		p.callee(n.Left())
		p.exprs([]string{" ", ""}, n.Right())
	default:
		p.exprs([]string{operatorFuncs[op], " ", ""}, n.Left(), n.Right())
	}
}

func (p *nixPrinter) binaryOp(n BinaryOp) {
	switch n.Op() {
	case TokLessEq:
		p.exprs([]string{"(! (__lessThan ", " ", "))"}, n.Right(), n.Left())
	case TokGreaterEq:
		p.exprs([]string{"(! (__lessThan ", " ", "))"}, n.Left(), n.Right())
	default:
		p.exprs([]string{"(", " " + n.OpToken().Text() + " ", ")"}, n.Left(), n.Right())
	}
}

func (p *nixPrinter) selection(n Select) {
	p.exprs([]string{"(", ")."}, n.Target())
	p.attrPath(n.Path())
	if d, ok := n.Default(); ok {
		p.exprs([]string{" or (", ")"}, d)
	}
}

func (p *nixPrinter) attrPath(n AttrPath) {
	sep := ""
	for a := range n.Attrs() {
		p.text(sep)
		p.attrName(a)
		sep = "."
	}
}

func (p *nixPrinter) attrName(n Node) {
	if name, ok := AttrName(n); ok {
		writeIdentifier(&p.Buffer, []byte(name))
		return
	}
	p.computedName(n)
}

// computedName writes a name that is an interpolation or a string with some.
func (p *nixPrinter) computedName(n Node) {
	if n.Is(KindInterp) {
		n = n.Child(0)
	}
	p.exprs([]string{`"${`, `}"`}, n)
}

func (p *nixPrinter) str(n Str) {
	if text, ok := constText(nil, n.Node); ok {
		writeString(&p.Buffer, text)
		return
	}
	p.text("(")
	p.parts(n.evaluated())
	p.text(")")
}

// parts writes pieces of strings as a sum.
func (p *nixPrinter) parts(parts []strPart) {
	for i, s := range parts {
		if i > 0 {
			p.text(" + ")
		}
		if s.interp.Valid() {
			p.expr(s.interp.Child(0))
		} else {
			writeString(&p.Buffer, s.text)
		}
	}
}

func (p *nixPrinter) path(n PathLit) {
	if n.Static() {
		p.text(p.resolve(n.Text()))
		return
	}
	var parts []strPart
	for s := range n.Parts() {
		parts = append(parts, strPart{interp: s.Interp})
		if s.Text.Valid() {
			parts[len(parts)-1].text = s.Text.bytes()
		}
	}
	p.text("(", p.resolve(string(parts[0].text)), " + ")
	p.parts(parts[1:])
	p.text(")")
}

// resolve makes a path absolute. A slash at its end is kept, as more follows
// it then.
func (p *nixPrinter) resolve(text string) string {
	if strings.HasPrefix(text, "~") {
		return p.home + text[1:]
	}
	abs := text
	if !strings.HasPrefix(text, "/") {
		abs = p.base + "/" + text
	}
	abs = path.Clean(abs)
	if len(text) > 1 && strings.HasSuffix(text, "/") {
		abs += "/"
	}
	return abs
}

func (p *nixPrinter) list(n ListLit) {
	p.text("[ ")
	for e := range n.Elements() {
		p.exprs([]string{"(", ") "}, e)
	}
	p.text("]")
}

func (p *nixPrinter) lambda(n Lambda) {
	p.text("(")
	if pat, ok := n.Pattern(); ok {
		p.pattern(pat)
	} else {
		p.expr(n.Param())
	}
	p.exprs([]string{": ", ")"}, n.Body())
}

// pattern writes the formals in alphabetical order.
func (p *nixPrinter) pattern(n Pattern) {
	formals := slices.Collect(n.Formals())
	slices.SortFunc(formals, func(a, b Formal) int { return strings.Compare(a.Ident().Name(), b.Ident().Name()) })
	p.text("{ ")
	for i, f := range formals {
		if i > 0 {
			p.text(", ")
		}
		writeIdentifier(&p.Buffer, f.Ident().bytes())
		if d, ok := f.Default(); ok {
			p.exprs([]string{" ? ", ""}, d)
		}
	}
	if n.Ellipsis() {
		if len(formals) > 0 {
			p.text(", ")
		}
		p.text("...")
	}
	p.text(" }")
	if b, ok := n.Bind(); ok {
		p.text(" @ ")
		writeIdentifier(&p.Buffer, b.bytes())
	}
}

func (p *nixPrinter) set(s uint32) {
	if p.f.attrs.sets[s].rec {
		p.text("rec ")
	}
	p.text("{ ")
	p.attrs(s)
	p.text("}")
}

// attrs writes the attributes of a set: inherited ones first, computed ones
// last, each group in alphabetical order.
func (p *nixPrinter) attrs(s uint32) {
	defs := p.f.sortedDefs(s)
	p.inherited(defs)
	p.inheritedFrom(s, defs)
	for _, d := range defs {
		if d.kind == defPlain || d.kind == defSet {
			writeIdentifier(&p.Buffer, p.f.syms.name(d.sym))
			p.text(" = ")
			p.value(d.kind, d.val)
			p.text("; ")
		}
	}
	for i := p.f.attrs.sets[s].dynamics; i != 0; {
		d := p.f.attrs.dynamics[i-1]
		p.computedName(Node{p.f, d.name})
		p.text(" = ")
		p.value(d.kind, d.val)
		p.text("; ")
		i = d.next
	}
}

// sortedDefs are the attributes of a set by name.
func (f *File) sortedDefs(s uint32) []def {
	defs := make([]def, 0, f.attrs.sets[s].numDefs)
	for i := f.attrs.sets[s].defs; i != 0; i = f.attrs.defs[i-1].next {
		defs = append(defs, f.attrs.defs[i-1])
	}
	slices.SortFunc(defs, func(a, b def) int { return bytes.Compare(f.syms.name(a.sym), f.syms.name(b.sym)) })
	return defs
}

func (p *nixPrinter) value(k defKind, val uint32) {
	if k == defSet {
		p.set(val)
	} else {
		p.expr(Node{p.f, val})
	}
}

func (p *nixPrinter) inherited(defs []def) {
	any := false
	for _, d := range defs {
		if d.kind != defInherit {
			continue
		}
		if !any {
			p.text("inherit")
		}
		any = true
		p.text(" ")
		writeIdentifier(&p.Buffer, p.f.syms.name(d.sym))
	}
	if any {
		p.text("; ")
	}
}

// inheritedFrom writes each source with its names, in the order of the
// sources.
func (p *nixPrinter) inheritedFrom(s uint32, defs []def) {
	names := make([][]symbol, p.f.attrs.sets[s].numFroms)
	for _, d := range defs {
		if d.kind == defInheritFrom {
			names[d.from] = append(names[d.from], d.sym)
		}
	}
	from := p.f.attrs.sets[s].froms
	for _, syms := range names {
		src := p.f.attrs.froms[from-1]
		from = src.next
		if len(syms) == 0 {
			continue
		}
		p.exprs([]string{"inherit (", ")"}, Node{p.f, src.node}.Child(0))
		for _, sym := range syms {
			p.text(" ")
			writeIdentifier(&p.Buffer, p.f.syms.name(sym))
		}
		p.text("; ")
	}
}

func (n Node) bytes() []byte {
	s := n.Span()
	return n.f.src[s.Start:s.End]
}

// writeString writes a string as Nix prints it.
func writeString(b *bytes.Buffer, s []byte) {
	b.WriteByte('"')
	for i, c := range s {
		switch {
		case c == '"', c == '\\', c == '$' && i+1 < len(s) && s[i+1] == '{':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// writeIdentifier writes the name of a variable or an attribute as Nix prints
// it: in quotes where it is not a name or is a keyword other than `or`.
func writeIdentifier(b *bytes.Buffer, s []byte) {
	if bareName(s) {
		b.Write(s)
	} else {
		writeString(b, s)
	}
}

func bareName(s []byte) bool {
	if len(s) == 0 || class[s[0]]&cIDStart == 0 {
		return false
	}
	for _, c := range s {
		if class[c]&cID == 0 {
			return false
		}
	}
	k := keyword(s)
	return k == TokIdent || k == TokOr
}
