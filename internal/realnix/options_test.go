package realnix

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScalar(t *testing.T) {
	tests := map[string]string{
		"boolean":                                `{"k":"bool"}`,
		"null or (list of string)":               `{"k":"null","e":{"k":"list","e":{"k":"str"}}}`,
		"attribute set of (string or path)":      `{"k":"attrs","e":{"k":"any"}}`,
		"null or string or signed integer":       `{"k":"any"}`,
		"list of string or path":                 `{"k":"list","e":{"k":"any"}}`,
		`one of "a", 1`:                          `{"k":"enum","v":["a",1]}`,
		`one of "a", …`:                          `{"k":"any"}`,
		"(list of path) or path convertible":     `{"k":"any"}`,
		"(a) or (b)":                             `{"k":"any"}`,
		"null or (port (u16))":                   `{"k":"null","e":{"k":"port"}}`,
		"something that nobody has written yet ": `{"k":"any"}`,
	}
	for typ, want := range tests {
		got, err := json.Marshal(scalar(typ))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, want %s", typ, got, want)
		}
	}
}

func TestSplitPath(t *testing.T) {
	got := splitPath(`a."b.c".<name>.*."if"`)
	if diff := cmp.Diff([]string{"a", "b.c", "<name>", "*", "if"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptionTree(t *testing.T) {
	table := strings.Join([]string{
		"system\tpath\ttype\tflags",
		"darwin\tnot.here\tboolean\t",
		"nixos\tassertions\tlist of unspecified\t",
		"nixos\ta.b\tboolean\t",
		"nixos\tboot.initrd.luks.devices\tattribute set of (submodule)\t",
		"nixos\tboot.initrd.luks.devices.<name>.device\tstring\t",
		"nixos\ta.many\tattribute set of (submodule)\topen",
		"nixos\ta.many.<name>.port\tport (u16)\t",
		"nixos\ta.maybe\tnull or (submodule)\t",
		"nixos\ta.maybe.x\tlines\t",
		"nixos\ta.lists\tnull or (list of (submodule))\t",
		"nixos\ta.lists.*.x\tpath\t",
	}, "\n")
	tree, err := optionTree(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(kind string) *option { return &option{Kind: kind} }
	sub := func(open bool, name string, o *option) *option {
		return &option{Kind: "sub", Open: open, Children: map[string]*option{name: o}}
	}
	want := map[string]*option{
		"b":     leaf("bool"),
		"many":  {Kind: "attrs", Elem: sub(true, "port", leaf("port"))},
		"maybe": {Kind: "null", Elem: sub(false, "x", leaf("lines"))},
		"lists": {Kind: "null", Elem: &option{Kind: "list", Elem: sub(false, "x", leaf("path"))}},
	}
	if diff := cmp.Diff(want, tree.Children["a"].Children); diff != "" {
		t.Error(diff)
	}
	if tree.Children["assertions"] != nil || tree.Children["not"] != nil {
		t.Error("holds what is declared by hand, or another platform's options")
	}
	if !tree.Children["boot"].Children["initrd"].Children["luks"].Children["devices"].Elem.Open {
		t.Error("LUKS devices take no hidden options")
	}
}
