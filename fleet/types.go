package fleet

import (
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
	// Pattern is a regular expression that a string must match whole.
	Pattern string
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
