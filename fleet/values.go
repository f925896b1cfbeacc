package fleet

import (
	"maps"
	"slices"
)

//go:generate go run ./internal/gen
//go:generate go run ./internal/docs -disks ../templates/disks -o ../docs/hosts-toml.md

// find looks a name up in a slice sorted by it.
func find[T any](s []*T, name string, key func(*T) string) *T {
	i, ok := slices.BinarySearchFunc(s, name, func(x *T, n string) int {
		switch k := key(x); {
		case k < n:
			return -1
		case k > n:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return s[i]
}

// SpecValues are all hostSpec fields of the host with their values, in the
// order of f.Fields.
func (f *Fleet) SpecValues(h *Host) []SpecValue {
	out := make([]SpecValue, 0, len(f.Fields))
	for _, x := range f.Fields {
		v, ok := h.Spec.Get(x.Name)
		if !ok {
			v = h.Declared[x.Name]
		}
		out = append(out, SpecValue{x, v})
	}
	return out
}

// The conversions below are used by the generated HostSpec. Those from a Value
// give the zero value for another type: decoding has checked the type.

func asBool(v Value) bool     { b, _ := v.(bool); return b }
func asString(v Value) string { s, _ := v.(string); return s }

func asOptional(v Value) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}

func fromOptional(s *string) Value {
	if s == nil {
		return nil
	}
	return *s
}

func fromStrings(ss []string) Value {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

func fromStringMap(m map[string]string) Value {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
