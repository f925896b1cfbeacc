package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is the form of a Type.
type Kind uint8

const (
	// AnyKind is every type whose words say nothing about the values: unknown
	// ones, free forms such as JSON, and phrases that are not understood.
	AnyKind Kind = iota
	NullKind
	BoolKind
	IntKind
	FloatKind
	StringKind
	PathKind
	PackageKind
	EnumKind
	ListKind
	AttrsKind
	SubmoduleKind
	FunctionKind
	EitherKind
)

// Type is what the words of a type say. It admits at least all values that
// the option takes: where the words leave a doubt, it admits more.
type Type struct {
	Kind Kind
	// Text is the phrase it was read from.
	Text string
	// Elem is what a list, an attribute set or a function holds.
	Elem *Type
	// Alts are the types of which an EitherKind admits each value of any.
	Alts []Type
	// Values of an EnumKind. There may be others if More is set.
	Values []any // string, int64, bool or nil for null
	More   bool
	// Min and Max bound an integer, both inclusive, if Bounded.
	Min, Max int64
	Bounded  bool
}

// Shape is a set of forms of values, as far as they can be told without
// evaluation.
type Shape uint16

const (
	NullShape Shape = 1 << iota
	BoolShape
	IntShape
	FloatShape
	StringShape
	PathShape
	ListShape
	AttrsShape
	FunctionShape
	AnyShape = 1<<iota - 1
)

// kindShapes are the values that Nix's module system takes for a kind: a path
// may be a string, an attribute set may be a package or have an outPath, a
// submodule may be a function or a file.
var kindShapes = [...]Shape{
	AnyKind: AnyShape, NullKind: NullShape, BoolKind: BoolShape, IntKind: IntShape, FloatKind: FloatShape,
	StringKind: StringShape, PathKind: PathShape | StringShape | AttrsShape, PackageKind: AttrsShape | PathShape | StringShape,
	ListKind: ListShape, AttrsKind: AttrsShape, SubmoduleKind: AttrsShape | FunctionShape | PathShape | StringShape,
	FunctionKind: FunctionShape | AttrsShape,
}

// Shapes are the forms of the values that the type admits.
func (t Type) Shapes() Shape {
	switch {
	case t.Kind == EnumKind && t.More:
		return AnyShape
	case t.Kind == EnumKind:
		var s Shape
		for _, v := range t.Values {
			s |= shapeOf(v)
		}
		return s
	case t.Kind == EitherKind:
		var s Shape
		for _, a := range t.Alts {
			s |= a.Shapes()
		}
		return s
	}
	return kindShapes[t.Kind]
}

func shapeOf(v any) Shape {
	switch v.(type) {
	case bool:
		return BoolShape
	case int64:
		return IntShape
	case nil:
		return NullShape
	}
	return StringShape
}

// Admits reports whether a null, bool, integer or string can be a value of the
// type; where the words leave it open, it can. A v of nil is null.
func (t Type) Admits(v any) bool {
	switch t.Kind {
	case EnumKind:
		return t.More || slices.Contains(t.Values, v)
	case EitherKind:
		return slices.ContainsFunc(t.Alts, func(a Type) bool { return a.Admits(v) })
	case IntKind:
		if i, ok := v.(int64); ok && t.Bounded {
			return t.Min <= i && i <= t.Max
		}
	}
	return t.Shapes()&shapeOf(v) != 0
}

// Enum gives the values to choose from if the type has nothing else but null.
func (t Type) Enum() ([]any, bool) {
	switch {
	case t.Kind == EnumKind:
		return t.Values, !t.More
	case t.Kind != EitherKind:
		return nil, t.Kind == NullKind
	}
	var all []any
	for _, a := range t.Alts {
		values, ok := a.Enum()
		if !ok {
			return nil, false
		}
		all = append(all, values...)
	}
	return all, len(all) > 0
}

// Nullable reports whether null is among the values.
func (t Type) Nullable() bool { return t.Shapes()&NullShape != 0 }

// ParseType reads a type in the words of the module system. It never fails:
// what it does not know is AnyKind.
func ParseType(text string) Type {
	text = strings.TrimSpace(text)
	if strings.HasSuffix(text, ", …") && !strings.HasPrefix(text, "one of ") && !strings.HasPrefix(text, "null or one of ") {
		return Type{Kind: AnyKind, Text: text} // cut off: there may have been more to choose from
	}
	alts := split(text, " | ", " or ", ", or ")
	if len(alts) == 1 {
		return parseTerm(text)
	}
	t := Type{Kind: EitherKind, Text: text}
	for _, a := range alts {
		a, _ = strings.CutSuffix(a, " convertible to it")
		t.Alts = append(t.Alts, ParseType(a))
	}
	return t
}

// split cuts a phrase at any of the separators outside of brackets and quotes.
func split(s string, seps ...string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			i += quotedLen(s[i:]) - 1
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth == 0 && (c == ' ' || c == ','):
			if n := prefixLen(s[i:], seps); n > 0 {
				parts = append(parts, s[start:i])
				start = i + n
				i = start - 1
			}
		}
	}
	return append(parts, s[start:])
}

func quotedLen(s string) int {
	if q, err := strconv.QuotedPrefix(s); err == nil {
		return len(q)
	}
	return 1
}

func prefixLen(s string, prefixes []string) int {
	longest := 0
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			longest = max(longest, len(p))
		}
	}
	return longest
}

// wrappers are the words before the type of an element.
var wrappers = []struct {
	words string
	kind  Kind
}{
	{"list of ", ListKind}, {"attribute set of ", AttrsKind}, {"lazy attribute set of ", AttrsKind},
	{"function that evaluates to a(n) ", FunctionKind},
}

func parseTerm(s string) Type {
	if inner, ok := parenthesised(s); ok {
		return ParseType(inner)
	}
	for _, w := range wrappers {
		if rest, ok := strings.CutPrefix(s, w.words); ok {
			elem := ParseType(rest)
			return Type{Kind: w.kind, Text: s, Elem: &elem}
		}
	}
	switch rest, ok := strings.CutPrefix(s, "one of "); {
	case ok:
		return parseEnum(s, rest)
	case strings.HasPrefix(s, "value "):
		v := strings.TrimSuffix(strings.TrimPrefix(s, "value "), " (singular enum)")
		return parseEnum(s, v)
	case strings.HasPrefix(s, "non-empty ("):
		return ParseType(strings.TrimPrefix(s, "non-empty "))
	}
	if t, ok := parseInt(s); ok {
		return t
	}
	return Type{Kind: kindOf(s), Text: s}
}

func parenthesised(s string) (string, bool) {
	if len(s) < 2 || s[0] != '(' || s[len(s)-1] != ')' {
		return "", false
	}
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 && i < len(s)-1 {
				return "", false
			}
		}
	}
	return s[1 : len(s)-1], true
}

// parseEnum reads literals. `one of luks,swap` names submodules, not values.
func parseEnum(text, list string) Type {
	t := Type{Kind: EnumKind, Text: text}
	for _, item := range split(list, ", ") {
		switch v, ok := literal(item); {
		case ok:
			t.Values = append(t.Values, v)
		case item == "…":
			t.More = true
		default:
			return Type{Kind: AnyKind, Text: text}
		}
	}
	return t
}

func literal(s string) (any, bool) {
	if v, err := strconv.Unquote(s); err == nil {
		return v, true
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	switch s {
	case "true", "<true>":
		return true, true
	case "false", "<false>":
		return false, true
	case "null", "<null>":
		return nil, true
	}
	return nil, false
}

func parseInt(s string) (Type, bool) {
	t := Type{Kind: IntKind, Text: s, Bounded: true}
	const top = 1<<63 - 1
	switch s {
	case "signed integer", "integer":
		t.Bounded = false
	case "unsigned integer", "unsigned integer, meaning >=0":
		t.Max = top
	case "positive integer", "positive integer, meaning >0":
		t.Min, t.Max = 1, top
	case "port (u16)", "u16":
		t.Max = 1<<16 - 1
	case "u8":
		t.Max = 1<<8 - 1
	case "u32":
		t.Max = 1<<32 - 1
	case "s8":
		t.Min, t.Max = -1<<7, 1<<7-1
	case "s16":
		t.Min, t.Max = -1<<15, 1<<15-1
	case "s32":
		t.Min, t.Max = -1<<31, 1<<31-1
	default:
		return parseRange(t)
	}
	return t, true
}

func parseRange(t Type) (Type, bool) {
	_, rest, ok := strings.Cut(t.Text, "integer between ")
	if !ok {
		_, rest, ok = strings.Cut(t.Text, "unsigned integer; between ")
	}
	words := strings.Fields(rest)
	if !ok || len(words) < 3 || words[1] != "and" {
		return t, false
	}
	lo, err1 := strconv.ParseInt(words[0], 10, 64)
	hi, err2 := strconv.ParseInt(words[2], 10, 64)
	t.Min, t.Max = lo, hi
	return t, err1 == nil && err2 == nil
}

// kindOf knows the phrases of single types.
func kindOf(s string) Kind {
	switch s {
	case "null":
		return NullKind
	case "boolean":
		return BoolKind
	case "floating point number", "float":
		return FloatKind
	case "string", "lines", "single-line string", "non-empty string", "comma-separated string", "file mode string":
		return StringKind
	case "path", "absolute path", "path in the Nix store":
		return PathKind
	case "package":
		return PackageKind
	case "attribute set":
		return AttrsKind
	case "list":
		return ListKind
	case "submodule", "module", "deferredModule":
		return SubmoduleKind
	}
	switch {
	case strings.HasPrefix(s, "string matching "), strings.HasPrefix(s, "strings concatenated with "),
		strings.HasPrefix(s, "printable string "), strings.HasPrefix(s, "string (with check: "), strings.HasPrefix(s, "string without "),
		strings.HasPrefix(s, "string starting with "):
		return StringKind
	case strings.HasPrefix(s, "path, "):
		return PathKind
	case strings.HasPrefix(s, "package with "):
		return PackageKind
	case strings.HasPrefix(s, "open submodule of "):
		return SubmoduleKind
	}
	return AnyKind
}
