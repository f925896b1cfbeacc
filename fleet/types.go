package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the outermost form of a Type.
type Kind string

// The kinds of a Type. The first group is open to [fields]; the second is used
// by built-in fields and profile parameters.
const (
	Bool     Kind = "bool"
	Int      Kind = "int"
	Float    Kind = "float"
	String   Kind = "string"
	Enum     Kind = "enum"
	PathKind Kind = "path" // of the tree when relative (a Path), a string when absolute
	ListOf   Kind = "listOf"
	AttrsOf  Kind = "attrsOf"
	Nullable Kind = "nullable"

	StringOrInt Kind = "stringOrInt" // stateVersion: string on NixOS, integer on Darwin
	Device      Kind = "device"      // an absolute path below /dev
	Size        Kind = "size"        // "512M", "32G", "1T", "100%"
	MountPoint  Kind = "mountPoint"  // an absolute path; the disk provides it
	FreeForm    Kind = "any"
)

// Type is the type of a hostSpec field or a profile parameter.
type Type struct {
	Kind Kind
	Elem *Type    // of listOf, attrsOf, nullable
	Enum []string // of enum
	// Min and Max bound an int, or the length of a list.
	Min, Max *int64
	// Pattern is a regular expression that a string must match whole, Keys one
	// for the names of attrsOf.
	Pattern, Keys string
}

// String writes a type as hosts.toml and the docs do: "listOf string",
// "enum (a, b)".
func (t *Type) String() string {
	switch t.Kind {
	case Enum:
		return "enum (" + strings.Join(t.Enum, ", ") + ")"
	case ListOf, AttrsOf, Nullable:
		return string(t.Kind) + " " + t.Elem.String()
	}
	return string(t.Kind) + t.bounds()
}

func (t *Type) bounds() string {
	switch {
	case t.Min != nil && t.Max != nil:
		return " (" + strconv.FormatInt(*t.Min, 10) + " to " + strconv.FormatInt(*t.Max, 10) + ")"
	case t.Min != nil:
		return " (at least " + strconv.FormatInt(*t.Min, 10) + ")"
	case t.Max != nil:
		return " (at most " + strconv.FormatInt(*t.Max, 10) + ")"
	}
	return ""
}

// Field is a hostSpec field: one of schema.toml, or of [fields].
type Field struct {
	Name        string
	Type        *Type
	Description string
	// Derived fields are computed and read-only; Derivation says from what.
	Derived    bool
	Derivation string
	// Required fields have neither default nor derivation.
	Required bool
	Default  Value
	// Platforms on which the field has a meaning; empty: all. It exists
	// everywhere, so that modules may always read it.
	Platforms []string
	// BuiltIn is false for the fleet's own ([fields]).
	BuiltIn bool
}

// SpecValue is one hostSpec field of one host.
type SpecValue struct {
	Field *Field
	Value Value
}

// words says which values a type admits, for messages: "one of `a`, `b`".
func (t *Type) words() string {
	switch t.Kind {
	case Bool:
		return "a boolean"
	case Int:
		return "an integer" + t.bounds()
	case Float:
		return "a number"
	case Enum:
		return "one of " + ticked(t.Enum)
	case PathKind:
		return "a path"
	case ListOf:
		return "a list, each element " + t.Elem.words()
	case AttrsOf:
		return "a table, each value " + t.Elem.words()
	case Nullable:
		return t.Elem.words()
	case StringOrInt:
		return "a string or an integer"
	case Device:
		return "a device such as `/dev/disk/by-id/nvme-X`"
	case Size:
		return "a size such as `512M` or `32G`"
	case MountPoint:
		return "a mount point such as `/srv`"
	case FreeForm:
		return "any value"
	}
	return "a string"
}

// ticked lists names in back-ticks.
func ticked(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// scalarKinds may stand in a type without an element type.
var scalarKinds = []Kind{Bool, Int, Float, String, Enum, PathKind, StringOrInt, Device, Size, MountPoint, FreeForm}

// FieldKinds are the kinds that [fields] may use.
var FieldKinds = []Kind{Bool, Int, Float, String, Enum, PathKind, ListOf, AttrsOf, Nullable}

// ParseType reads a type as it is written in hosts.toml, schema.toml and
// profile.toml: a scalar kind after any number of `listOf`, `attrsOf` and
// `nullable`; values are those of an enum.
func ParseType(s string, values []string, allowed []Kind) (*Type, error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return nil, fmt.Errorf("the type is empty, allowed are %s", kindList(allowed))
	}
	if len(words) > 8 {
		return nil, fmt.Errorf("`%s` is nested too deeply", s)
	}
	root := &Type{}
	for t := root; ; t = t.Elem {
		t.Kind = Kind(words[0])
		words = words[1:]
		if !slices.Contains(allowed, t.Kind) {
			return nil, unknownKind(string(t.Kind), allowed)
		}
		container := t.Kind == ListOf || t.Kind == AttrsOf || t.Kind == Nullable
		switch {
		case container && len(words) == 0:
			return nil, fmt.Errorf("`%s` needs the type of its elements, as in `%s string`", t.Kind, t.Kind)
		case !container && len(words) > 0:
			return nil, fmt.Errorf("`%s` takes no type after it", t.Kind)
		case !container:
			return root, t.setEnum(values)
		}
		t.Elem = &Type{}
	}
}

func (t *Type) setEnum(values []string) error {
	if (t.Kind == Enum) != (len(values) > 0) {
		if t.Kind == Enum {
			return errors.New("an `enum` needs `values`, a list of strings")
		}
		return fmt.Errorf("`values` goes with `enum`, not with `%s`", t.Kind)
	}
	t.Enum = values
	return nil
}

func kindList(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return ticked(names)
}

func unknownKind(k string, allowed []Kind) error {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return fmt.Errorf("`%s` is no type%s", k, meant(k, names))
}

// leaf is the type below listOf, attrsOf and nullable.
func (t *Type) leaf() *Type {
	for t.Elem != nil {
		t = t.Elem
	}
	return t
}
