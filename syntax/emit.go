package syntax

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format prints v as a whole file, in the layout that nixfmt 1.4 (RFC 166)
// gives it, with a final newline. It fails, naming the attribute, on what Nix
// cannot read back as v: NUL bytes, invalid UTF-8, numbers that are not
// finite, a path that is not relative, an attribute that is defined twice.
func Format(v Value) ([]byte, error) {
	if err := checkAttrs(v); err != nil {
		return nil, err
	}
	d, err := layOut(v, false)
	if err != nil {
		return nil, err
	}
	var p printer
	p.item(d, 0)
	p.WriteByte('\n')
	return []byte(p.String()), nil
}

// lineWidth is how long a line may be before it is broken where it can be;
// indentation does not count.
const lineWidth = 100

// layout is a value on its way to paper. It has a one-line form (flat), or a
// broken form, or both, between which the place decides.
type layout struct {
	kind layoutKind
	// flat is the one-line form, and hasFlat says that there is one.
	flat    string
	hasFlat bool
	// open and close enclose items in the broken form of a bracket.
	open, close string
	items       []layout
	// lines of an indented string, escaped.
	lines []string
	// key of a binding, whose value is items[0], and comment lines above it.
	key       string
	shortKey  bool
	comment   []string
	needsLine bool // a bare token moves to a line of its own before it overflows
}

type layoutKind uint8

const (
	atomLayout layoutKind = iota
	linesLayout
	bracketLayout
	bindingLayout
)

// layOut plans a value; an element of a list is parenthesised where it is more
// than one term.
func layOut(v Value, element bool) (layout, error) {
	switch v := v.(type) {
	case nil, Null:
		return bareLayout("null"), nil
	case Bool:
		return bareLayout(fmt.Sprint(bool(v))), nil
	case Int:
		return number(QuoteInt(int64(v)), element), nil
	case Float:
		s, err := QuoteFloat(float64(v))
		return number(s, element), err
	case String:
		s, err := QuoteString(string(v))
		return gluedLayout(s), err
	case Lines:
		return layOutLines(string(v))
	case Path:
		s, err := QuotePath(string(v))
		return gluedLayout(s), err
	case List:
		return layOutList(v)
	case Attrs:
		return layOutAttrs(v)
	}
	return layout{}, fmt.Errorf("a %T is no value of Nix", v)
}

func gluedLayout(s string) layout { return layout{flat: s, hasFlat: true} }
func bareLayout(s string) layout  { return layout{flat: s, hasFlat: true, needsLine: true} }

func number(s string, element bool) layout {
	if element && (s != "" && s[0] == '-' || strings.Contains(s, " ")) {
		s = "(" + s + ")"
	}
	return bareLayout(s)
}

func layOutLines(s string) (layout, error) {
	if lines, ok := indentedLines(s); ok {
		return layout{kind: linesLayout, lines: lines}, nil
	}
	q, err := QuoteString(s)
	return gluedLayout(q), err
}

func layOutList(l List) (layout, error) {
	items := make([]layout, len(l))
	for i, v := range l {
		d, err := layOut(v, true)
		if err != nil {
			return d, fmt.Errorf("element %d: %w", i, err)
		}
		items[i] = d
	}
	return bracket("[", items, "]"), nil
}

func layOutAttrs(as Attrs) (layout, error) {
	items := make([]layout, len(as))
	for i, a := range as {
		d, err := layOutBinding(a)
		if err != nil {
			return d, fmt.Errorf("`%s`: %w", strings.Join(a.Path, "."), err)
		}
		items[i] = d
	}
	return bracket("{", items, "}"), nil
}

// bracket has a one-line form when it is empty or has a single item that has.
func bracket(open string, items []layout, close string) layout {
	d := layout{kind: bracketLayout, open: open, items: items, close: close}
	switch {
	case len(items) == 0:
		return gluedLayout(open + " " + close)
	case len(items) == 1 && items[0].hasFlat && len(items[0].flat) <= 4*lineWidth:
		d.flat, d.hasFlat = open+" "+items[0].flat+" "+close, true
	}
	return d
}

func layOutBinding(a Attr) (layout, error) {
	d := layout{kind: bindingLayout, shortKey: len(a.Path) <= 4}
	for _, name := range a.Path {
		d.shortKey = d.shortKey && IsIdentifier(name)
	}
	var err error
	if d.key, err = QuoteAttrPath(a.Path); err != nil {
		return d, err
	}
	if d.comment, err = commentLines(a.Comment); err != nil {
		return d, err
	}
	v, err := layOut(a.Value, false)
	d.items = []layout{v}
	// an attribute set with something in it is always broken behind a "="
	if v.hasFlat && v.open != "{" && len(d.comment) == 0 {
		d.flat, d.hasFlat = d.key+" = "+v.flat+";", true
	}
	return d, err
}

// commentLines makes every line of a comment one that Nix ends where we do.
func commentLines(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if err := checkText(s); err != nil {
		return nil, fmt.Errorf("comment: %w", err)
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimRight(s, "\r\n"))
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight("# "+l, " \t")
	}
	return lines, nil
}

type printer struct{ strings.Builder }

func (p *printer) newline(indent int) {
	p.WriteByte('\n')
	pad(&p.Builder, indent)
}

func fits(widths ...int) bool {
	sum := 0
	for _, w := range widths {
		sum += w
	}
	return sum <= lineWidth
}

func width(s string) int { return utf8.RuneCountInString(s) }

// item prints what stands at the start of a line.
func (p *printer) item(d layout, indent int) {
	switch {
	case d.kind == bindingLayout:
		p.binding(d, indent)
	case d.hasFlat && fits(width(d.flat)):
		p.WriteString(d.flat)
	default:
		p.broken(d, indent)
	}
}

// broken prints the form of several lines, if there is one.
func (p *printer) broken(d layout, indent int) {
	switch d.kind {
	case linesLayout:
		writeIndented(&p.Builder, d.lines, indent+2)
	case bracketLayout:
		p.WriteString(d.open)
		for _, it := range d.items {
			p.newline(indent + 2)
			p.item(it, indent+2)
		}
		p.newline(indent)
		p.WriteString(d.close)
	default:
		p.WriteString(d.flat)
	}
}

func (p *printer) binding(d layout, indent int) {
	for _, c := range d.comment {
		p.WriteString(c)
		p.newline(indent)
	}
	v := d.items[0]
	onOneLine := v.hasFlat && v.open != "{" && fits(width(d.key), 3, width(v.flat), 1)
	switch {
	case onOneLine:
		p.WriteString(d.key + " = " + v.flat)
	case d.attaches(v):
		p.WriteString(d.key + " = ")
		p.broken(v, indent)
	default:
		p.WriteString(d.key + " =")
		p.newline(indent + 2)
		p.alone(v, indent+2)
	}
	p.WriteByte(';')
}

// attaches tells whether a value too long for the line of its binding starts
// there all the same.
func (d layout) attaches(v layout) bool {
	switch {
	case d.shortKey:
		return !v.needsLine
	case v.kind == bracketLayout:
		return fits(width(d.key), 3, len(v.open))
	case v.kind == linesLayout:
		return fits(width(d.key), 3, 2) && fits(width(v.lines[len(v.lines)-1]), 3)
	}
	return false
}

// alone prints a value that has a line for itself and the semicolon.
func (p *printer) alone(v layout, indent int) {
	if v.hasFlat && v.open != "{" && fits(width(v.flat), 1) {
		p.WriteString(v.flat)
		return
	}
	p.broken(v, indent)
}

// checkAttrs refuses attributes that are defined twice, as Nix does: parts of
// one attribute set may stand apart, anything else may be given once.
func checkAttrs(v Value) error {
	switch v := v.(type) {
	case List:
		for _, e := range v {
			if err := checkAttrs(e); err != nil {
				return err
			}
		}
	case Attrs:
		if !distinct(v) {
			return new(attrTree).insertAll(v, nil)
		}
		for _, a := range v {
			if checkAttrs(a.Value) != nil {
				return new(attrTree).insertAll(v, nil) // for the whole path in the message
			}
		}
	}
	return nil
}

// distinct is true for the common case of not too many attributes of which no
// path is the start of another's, so that nothing can be defined twice.
func distinct(as Attrs) bool {
	if len(as) > 64 {
		return false
	}
	for i, a := range as {
		for _, b := range as[:i] {
			n := min(len(a.Path), len(b.Path))
			if slices.Equal(a.Path[:n], b.Path[:n]) {
				return false
			}
		}
	}
	return true
}

// attrTree is what the attributes seen so far define; a leaf has no children.
type attrTree struct {
	kids map[string]*attrTree
	leaf bool
}

func (t *attrTree) insertAll(as Attrs, at []string) error {
	for _, a := range as {
		if err := t.insert(a, append(at[:len(at):len(at)], a.Path...)); err != nil {
			return err
		}
	}
	return nil
}

func (t *attrTree) insert(a Attr, full []string) error {
	for i, name := range a.Path {
		kid, seen := t.kids[name]
		if seen && (kid.leaf || i == len(a.Path)-1 && !isAttrs(a.Value)) {
			at := full[:len(full)-len(a.Path)+i+1]
			return fmt.Errorf("attribute `%s` is defined twice", strings.Join(at, "."))
		}
		if !seen {
			kid = t.add(name)
		}
		t = kid
	}
	if as, ok := a.Value.(Attrs); ok {
		return t.insertAll(as, full)
	}
	t.leaf = true
	return checkAttrs(a.Value)
}

func (t *attrTree) add(name string) *attrTree {
	if t.kids == nil {
		t.kids = map[string]*attrTree{}
	}
	kid := &attrTree{}
	t.kids[name] = kid
	return kid
}

func isAttrs(v Value) bool { _, ok := v.(Attrs); return ok }
