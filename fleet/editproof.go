package fleet

import (
	"fmt"
	"maps"
	"slices"
)

// The proof of an edit: the old file as the judge reads it, changed by the same
// change, must be what the judge reads of the new one.

// pruned drops empty tables: whether a header is there without keys below it
// says nothing.
func pruned(v any) any {
	switch x := v.(type) {
	case tableMap:
		out := tableMap{}
		for k, e := range x {
			if e = pruned(e); e != nil {
				out[k] = e
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []tableMap:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = pruned(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = pruned(e)
		}
		return out
	}
	return v
}

// plain is a Value as the judge would read it.
func plain(v Value) any {
	switch x := v.(type) {
	case Path:
		return string(x)
	case int:
		return int64(x)
	case []string:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = e
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	case tableMap:
		out := tableMap{}
		for k, e := range x {
			out[k] = plain(e)
		}
		return out
	}
	return v
}

func getIn(t tableMap, path []string) (any, bool) {
	v, ok := t[path[0]]
	if len(path) == 1 || !ok {
		return v, ok
	}
	sub, ok := v.(tableMap)
	if !ok {
		return nil, false
	}
	return getIn(sub, path[1:])
}

// setIn sets the value at a path, making tables on the way; nil removes it.
func setIn(t tableMap, path []string, v any) error {
	if len(path) == 1 {
		if v == nil {
			delete(t, path[0])
		} else {
			t[path[0]] = v
		}
		return nil
	}
	sub, ok := t[path[0]].(tableMap)
	if !ok {
		if t[path[0]] != nil {
			return fmt.Errorf("`%s` is no table", quoteKey(path[0]))
		}
		sub = tableMap{}
		t[path[0]] = sub
	}
	return setIn(sub, path[1:], v)
}

// replaceIn replaces a string in the list that holds m; by "" it goes away.
func replaceIn(whole tableMap, m *node, old, by string) error {
	path := keyPath(m)
	v, _ := getIn(whole, path)
	list, ok := v.([]any)
	if !ok {
		return fmt.Errorf("`%s` is no list", joinKey(path))
	}
	out := []any{}
	for _, e := range list {
		switch {
		case e != old:
			out = append(out, e)
		case by != "":
			out = append(out, by)
		}
	}
	return setIn(whole, path, out)
}

// mergeInto adds the tables of b to a; they must not meet in a value.
func mergeInto(a, b tableMap) error {
	for _, k := range slices.Sorted(maps.Keys(b)) {
		at, isTable := a[k].(tableMap)
		bt, ok := b[k].(tableMap)
		switch {
		case a[k] == nil:
			a[k] = b[k]
		case isTable && ok:
			if err := mergeInto(at, bt); err != nil {
				return err
			}
		default:
			return fmt.Errorf("`%s` is there already", quoteKey(k))
		}
	}
	return nil
}
