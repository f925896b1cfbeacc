package outline

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"nixgen/syntax"
)

// outlineOf prints an outline: a line for each leaf with its guards.
func outlineOf(text string) string {
	m := Read(Lower(syntax.Parse("x.nix", []byte(text))))
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, d := range m.Options {
		printDef(add, "option ", d, "", nil)
	}
	for _, d := range m.Defs {
		printDef(add, "", d, "", nil)
	}
	for range m.Imports {
		add("imports")
	}
	for range m.Rest {
		add("rest")
	}
	for _, g := range m.Structure {
		add("structure %s", g.Form)
	}
	if m.Function {
		add("function")
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func printDef(add func(string, ...any), kind string, d *Def, path string, gs []string) {
	name := d.Name.Text
	if d.Name.X != nil {
		name = "*"
	}
	path = strings.TrimPrefix(path+"."+name, ".")
	gs = append(gs[:len(gs):len(gs)], forms(d.Guards)...)
	for _, l := range d.Leaves {
		prio := ""
		if l.Priority != 100 {
			prio = fmt.Sprintf(" @%d", l.Priority)
		}
		add("%s%s%s %s", kind, path, prio, strings.Join(append(gs[:len(gs):len(gs)], forms(l.Guards)...), " "))
	}
	if d.Set && len(d.Kids) == 0 {
		add("%s%s {} %s", kind, path, strings.Join(gs, " "))
	}
	for _, k := range d.Kids {
		printDef(add, kind, k, path, gs)
	}
}

func forms(gs []*Guard) []string {
	var out []string
	for _, g := range gs {
		f := g.Form
		if g.Not {
			f = "!" + f
		}
		out = append(out, f)
	}
	return out
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"shorthand", `{ a.b = 1; a.c.d = 2; imports = [ ]; }`, []string{"a.b ", "a.c.d ", "imports"}},
		{"full", `{ config, ... }: { options.x = y; config = { a = 1; }; ignored = 2; }`, []string{"a ", "option x "}},
		{"guards", `{ lib, ... }: { a = lib.mkIf c 1; b = lib.mkIf c { x = 1; y = lib.mkForce 2; }; }`, []string{"a mkIf", "b.x mkIf", "b.y @50 mkIf"}},
		{"merge", `{ config = mkMerge [ { a = 1; } (mkIf c { a = 2; }) ]; }`, []string{"a ", "a mkIf"}},
		{"merge of a map", `{ config = mkMerge (map (n: { a = n; }) l); }`, []string{"a each"}},
		{"update", `{ a = { x = 1; } // lib.optionalAttrs c { y = 2; }; }`, []string{"a.x ", "a.y optionalAttrs"}},
		{"if", `{ a = if c then { x = 1; } else { y = 2; }; }`, []string{"a.x if", "a.y !if"}},
		{"let", `let b = { x = 1; }; n = 3; in { a = b; c = n; }`, []string{"a.x ", "c "}},
		{"let that shadows", `let b = { x = 1; }; in { a = let b = 2; in b; }`, []string{"a "}},
		{"dynamic", `{ users.${u}.x = 1; }`, []string{"users.*.x "}},
		{"genAttrs", `{ a = lib.genAttrs l (n: { x = n; }); }`, []string{"a.*.x each"}},
		{"structure", `lib.optionalAttrs c { a = 1; }`, []string{"a optionalAttrs", "structure optionalAttrs"}},
		{"structure below config", `{ config = lib.mkMerge [ (lib.optionalAttrs c { }) ]; }`, []string{"structure optionalAttrs"}},
		{"nested is no structure", `{ services = lib.optionalAttrs c { a = 1; }; }`, []string{"services.a optionalAttrs"}},
		{"an if at the root", `if c then { a = 1; } else { }`, []string{"a if", "structure if"}},
		{"call at the root", `{ lib, ... }: import ./x.nix { inherit lib; }`, []string{"rest"}},
		{"overlay", `final: prev: { a = 1; }`, []string{"function"}},
		{"value", `[ 1 2 ]`, []string{"function"}},
		{"inherit", `{ inherit a; inherit (b) c; }`, []string{"a ", "c "}},
		{"rec", `rec { a = 1; b = a; }`, []string{"a ", "b "}},
		{"recursion", `let a = a; in { x = a; }`, []string{"x "}},
		{"empty set", `{ a = { }; }`, []string{"a {} "}},
		{"with", `{ lib, ... }: with lib; { a = mkDefault 1; }`, []string{"a @1000 "}},
	} {
		if got, want := outlineOf(c.text), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s: %s\n got:\n%s\nwant:\n%s", c.name, c.text, got, want)
		}
	}
}

func TestSpans(t *testing.T) {
	text := "{ services.nginx.enable = true; }"
	m := Read(Lower(syntax.Parse("x.nix", []byte(text))))
	d := m.Defs[0].Kids[0].Kids[0]
	if got := text[d.Path.Start:d.Path.End]; got != "services.nginx.enable" {
		t.Errorf("the path is %q", got)
	}
	if got := text[d.Name.At.Start:d.Name.At.End]; got != "enable" {
		t.Errorf("the name is %q", got)
	}
}

func TestLargeSetsStayFast(t *testing.T) {
	var b strings.Builder
	b.WriteString("{\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "  a%d.b = %d;\n", i, i)
	}
	b.WriteString("}\n")
	m := Read(Lower(syntax.Parse("x.nix", []byte(b.String()))))
	if len(m.Defs) != 20000 {
		t.Errorf("%d names", len(m.Defs))
	}
}
