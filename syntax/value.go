package syntax

// Value is Nix data to be printed: one of Null, Bool, Int, Float, String,
// Lines, Path, List and Attrs. A Value cannot hold code, so nothing that a
// caller puts into one is ever evaluated as more than the data it is.
type Value interface{ isValue() }

type (
	// Null is null.
	Null struct{}
	// Bool is true or false.
	Bool bool
	// Int is any 64-bit integer.
	Int int64
	// Float is any finite float.
	Float float64
	// String is printed on one line between double quotes.
	String string
	// Lines is a text printed line by line between two pairs of single quotes.
	// Nix reads the same text from it as from a String; it is printed as one
	// where the indented form cannot carry it or would be no easier to read.
	Lines string
	// Path is a relative path literal such as ./a.nix or ../../b. It starts
	// with ./ or ../ and is relative to the file it is printed into.
	Path string
	// List prints its elements in order.
	List []Value
	// Attrs prints its attributes in the given order. As in Nix, an attribute
	// may be given in parts (a.b and a.c), but not twice.
	Attrs []Attr
)

// Attr is one attribute: a path of one name or more, and its value.
type Attr struct {
	Path  []string
	Value Value
	// Comment stands above the attribute, each of its lines after a "#".
	Comment string
}

func (Null) isValue()   {}
func (Bool) isValue()   {}
func (Int) isValue()    {}
func (Float) isValue()  {}
func (String) isValue() {}
func (Lines) isValue()  {}
func (Path) isValue()   {}
func (List) isValue()   {}
func (Attrs) isValue()  {}
