package templates_test

import (
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"testing"

	"nixgen/fleet"
	"nixgen/templates"
)

// combo is one choice of a value for every parameter of a profile, and for
// "disk.adopt".
type combo map[string]fleet.Value

// axis is a parameter with the values that the enumeration takes of it.
type axis struct {
	name   string
	values []fleet.Value
}

// profile reads a profile.toml as the command does.
func profile(t testing.TB, name string) *fleet.Profile {
	t.Helper()
	file := "disks/" + name + "/profile.toml"
	p, ds := fleet.ParseProfile(file, name, templates.Read(file))
	if p == nil || len(ds) > 0 {
		t.Fatalf("%s: %v", file, ds)
	}
	return p
}

// axes takes from profile.toml what there is to choose.
func axes(t testing.TB, p *fleet.Profile) []axis {
	t.Helper()
	list := []axis{{"disk.adopt", []fleet.Value{false, true}}}
	for _, param := range p.Params {
		values := sample(t, param.Name, param.Type)
		if param.Default != nil && !slices.ContainsFunc(values, func(v fleet.Value) bool { return show(v) == show(param.Default) }) {
			values = append([]fleet.Value{param.Default}, values...)
		}
		if param.Type.Kind == fleet.AttrsOf {
			more := maps.Clone(param.Default.(map[string]any))
			more["extra"] = "/srv/extra"
			values = []fleet.Value{param.Default, more}
		}
		list = append(list, axis{param.Name, values})
	}
	return list
}

// sample gives some values of a type, its bounds among them.
func sample(t testing.TB, name string, typ *fleet.Type) []fleet.Value {
	t.Helper()
	switch typ.Kind {
	case fleet.Bool:
		return []fleet.Value{false, true}
	case fleet.Enum:
		var values []fleet.Value
		for _, v := range typ.Enum {
			values = append(values, v)
		}
		return values
	case fleet.Int:
		return []fleet.Value{*typ.Min, *typ.Max}
	case fleet.Nullable:
		return append([]fleet.Value{nil}, sample(t, name, typ.Elem)...)
	case fleet.Device:
		return []fleet.Value{"/dev/disk/by-id/" + name}
	case fleet.MountPoint:
		return []fleet.Value{"/mnt/" + name}
	case fleet.String, fleet.Size:
		return fromPattern(t, typ.Pattern)
	case fleet.ListOf:
		return devices(name, typ)
	case fleet.AttrsOf:
		return nil
	}
	t.Fatalf("%s: no values for the type %s", name, typ)
	return nil
}

// devices gives one list of every length that the type allows.
func devices(name string, typ *fleet.Type) []fleet.Value {
	var values []fleet.Value
	low := int64(0)
	if typ.Min != nil {
		low = *typ.Min
	}
	for n := low; n <= *typ.Max; n++ {
		list := []any{}
		for i := range n {
			list = append(list, fmt.Sprintf("/dev/disk/by-id/%s%d", name, i+1))
		}
		values = append(values, list)
	}
	return values
}

// fromPattern gives strings that a regular expression matches: one for each of
// its alternatives, and for each rune of a small class at the end of one.
func fromPattern(t testing.TB, pattern string) []fleet.Value {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	var values []fleet.Value
	for _, s := range matches(re) {
		values = append(values, s)
	}
	return values
}

func matches(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{string(re.Rune)}
	case syntax.OpCharClass:
		var all []string
		for i := 0; i < len(re.Rune); i += 2 {
			all = append(all, string(re.Rune[i]))
		}
		return all
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			all = append(all, matches(sub)...)
		}
		return all
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpPlus, syntax.OpCapture:
		return matches(re.Sub[0])
	}
	return []string{""}
}

// concat joins the first match of every part but the last with each match of
// the last.
func concat(parts []*syntax.Regexp) []string {
	head := ""
	for _, part := range parts[:len(parts)-1] {
		head += matches(part)[len(matches(part))-1]
	}
	all := matches(parts[len(parts)-1])
	for i := range all {
		all[i] = head + all[i]
	}
	return all
}

// show writes a value so that equal ones look equal.
func show(v fleet.Value) string { return fmt.Sprintf("%T %v", v, v) }

// refusedBy gives the first refusal that holds for what is known of a combo.
func refusedBy(p *fleet.Profile, c combo) *fleet.Refusal {
	for i := range p.Refusals {
		if all(p.Refusals[i].When, c) {
			return &p.Refusals[i]
		}
	}
	return nil
}

func all(conds []fleet.Cond, c combo) bool {
	for _, cond := range conds {
		v, known := c[cond.Param]
		if !known || !met(cond, v) {
			return false
		}
	}
	return true
}

// met reads a condition as templates/disks/README.md words it.
func met(cond fleet.Cond, v fleet.Value) bool {
	if cond.Set != nil && *cond.Set == (v == nil) {
		return false
	}
	if cond.In != nil && !slices.ContainsFunc(cond.In, func(want fleet.Value) bool { return show(want) == show(v) }) {
		return false
	}
	if cond.Min == nil && cond.Max == nil {
		return true
	}
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case []any:
		n = int64(len(v))
	default:
		return false
	}
	return (cond.Min == nil || n >= *cond.Min) && (cond.Max == nil || n <= *cond.Max)
}

// covering enumerates accepted combos such that every accepted choice of
// values for any `strength` parameters occurs in one of them. It also counts
// the choices that are covered, and those that no accepted combo has.
func covering(p *fleet.Profile, list []axis, strength int) (rows []combo, covered, impossible int) {
	e := &enumerator{profile: p, axes: list, open: map[string]bool{}}
	var order []string
	tuples(list, strength, func(t combo) {
		key := e.key(t)
		e.open[key] = true
		order = append(order, key)
		e.tuples = append(e.tuples, t)
	})
	for i, key := range order {
		if !e.open[key] {
			continue
		}
		row := e.complete(e.tuples[i], len(rows))
		if row == nil {
			delete(e.open, key)
			impossible++
			continue
		}
		e.mark(row, strength)
		rows = append(rows, row)
	}
	return rows, len(order) - impossible, impossible
}

// tuples calls f for every choice of values of any n axes.
func tuples(list []axis, n int, f func(combo)) {
	var walk func(from int, t combo)
	walk = func(from int, t combo) {
		if len(t) == n {
			f(maps.Clone(t))
			return
		}
		for i := from; i < len(list); i++ {
			for _, v := range list[i].values {
				t[list[i].name] = v
				walk(i+1, t)
			}
			delete(t, list[i].name)
		}
	}
	walk(0, combo{})
}

// enumerator holds what covering has still to do.
type enumerator struct {
	profile *fleet.Profile
	axes    []axis
	tuples  []combo
	open    map[string]bool // choices not yet covered
}

func (e *enumerator) key(t combo) string {
	key := ""
	for _, a := range e.axes {
		if v, ok := t[a.name]; ok {
			key += a.name + "=" + show(v) + ";"
		}
	}
	return key
}

// complete extends a choice to an accepted combo, or gives nil when there is
// none. Values are tried in turns, so that rows differ.
func (e *enumerator) complete(t combo, turn int) combo {
	row := maps.Clone(t)
	var fill func(i int) bool
	fill = func(i int) bool {
		if refusedBy(e.profile, row) != nil {
			return false
		}
		if i == len(e.axes) {
			return true
		}
		a := e.axes[i]
		if _, fixed := t[a.name]; fixed {
			return fill(i + 1)
		}
		for k := range a.values {
			row[a.name] = a.values[(k+turn+turn/(i+2))%len(a.values)]
			if fill(i + 1) {
				return true
			}
		}
		delete(row, a.name)
		return false
	}
	if !fill(0) {
		return nil
	}
	return row
}

// mark takes what a row covers off the list.
func (e *enumerator) mark(row combo, strength int) {
	fixed := make([]axis, len(e.axes))
	for i, a := range e.axes {
		fixed[i] = axis{a.name, []fleet.Value{row[a.name]}}
	}
	tuples(fixed, strength, func(t combo) { delete(e.open, e.key(t)) })
}

// The enumeration must hold every accepted pair, and nothing that is refused.
func TestCovering(t *testing.T) {
	list := []axis{{"a", []fleet.Value{"1", "2", "3"}}, {"b", []fleet.Value{"1", "2"}}, {"c", []fleet.Value{"1", "2"}}}
	when := []fleet.Cond{{Param: "a", In: []fleet.Value{"1"}}, {Param: "b", In: []fleet.Value{"2"}}}
	p := &fleet.Profile{Refusals: []fleet.Refusal{{When: when}}}
	rows, covered, impossible := covering(p, list, 2)
	if covered != 15 || impossible != 1 || len(rows) < 6 || len(rows) > 11 {
		t.Errorf("%d rows cover %d pairs, %d are impossible", len(rows), covered, impossible)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if refusedBy(p, row) != nil {
			t.Errorf("a refused combination: %v", row)
		}
		for _, pair := range []string{"ab", "ac", "bc"} {
			seen[fmt.Sprint(pair, row[pair[:1]], row[pair[1:]])] = true
		}
	}
	if len(seen) != covered || seen["ab12"] {
		t.Errorf("%d pairs occur: %v", len(seen), seen)
	}
}
