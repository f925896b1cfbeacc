package fleet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/diag"
)

// everything is a file with every key.
func everything(t *testing.T) []byte {
	ar, err := txtar.ParseFile("testdata/good/everything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return ar.Files[0].Data
}

// TestEverythingIsUsed finds the keys that the sample of all keys lacks.
func TestEverythingIsUsed(t *testing.T) {
	d, _ := Parse("hosts.toml", everything(t))
	used := map[*shape]map[string]bool{}
	w := &walker{doc: d, env: testEnv(t)}
	w.declareFields()
	var walk func(n *node, s *shape)
	walk = func(n *node, s *shape) {
		if s.dyn != nil {
			s = s.dyn(w, n)
		}
		if n.kind&s.kinds == 0 && s.alt != nil {
			s = s.alt
		}
		if used[s] == nil {
			used[s] = map[string]bool{}
		}
		for _, k := range n.kids {
			used[s][k.name] = true
			switch def := s.key(k.name); {
			case def != nil:
				walk(k, def.shape)
			case s.elem != nil:
				walk(k, s.elem)
			}
		}
	}
	walk(d.root, rootShape)
	for s, names := range used {
		for _, k := range s.keys {
			shared := slices.Contains(settingNames(), k.name) && (s == hostShape || s == roleShape)
			if f := find(w.fields, k.name, fieldKey); names[k.name] || shared || s == accountShape || s == w.spec && (f.Derived || !f.BuiltIn) || isParam(w, s) {
				continue
			}
			t.Errorf("the sample lacks `%s` beside %v", k.name, sortedKeys(names))
		}
	}
}

// isParam says whether a shape is that of a profile's parameters: those belong
// to the profiles' own tests.
func isParam(w *walker, s *shape) bool {
	for _, p := range w.params {
		if p == s {
			return true
		}
	}
	return s == ownDisk
}

// leaves are the nodes that hold no others.
func leaves(n *node, f func(*node)) {
	for _, k := range n.kids {
		if k.kind&(tableNode|listNode) != 0 {
			leaves(k, f)
			continue
		}
		f(k)
	}
}

// saysAt says whether an error stands at an offset.
func saysAt(ds []diag.Diagnostic, at int) bool {
	return slices.ContainsFunc(ds, func(d diag.Diagnostic) bool { return d.Severity == diag.Error && d.Span.Start == at })
}

// TestEveryWrongTypeIsFound puts a date in the place of every value in turn,
// and wants an error there: exactly there, though others may follow from it.
func TestEveryWrongTypeIsFound(t *testing.T) {
	src, env := everything(t), testEnv(t)
	d, _ := Parse("hosts.toml", src)
	n := 0
	leaves(d.root, func(k *node) {
		out, err := diag.Apply(src, []diag.Edit{{Span: k.at, New: "1979-05-27"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, ds := Load("hosts.toml", out, env); !saysAt(ds, k.at.Start) {
			t.Errorf("%s may be a date: %s", k.path(), render(out, ds))
		}
		n++
	})
	if n < 120 {
		t.Errorf("%d values", n)
	}
}

// TestEveryTypoIsFound misspells every key that nixgen defines in turn, and
// wants an error at it that names the right one.
func TestEveryTypoIsFound(t *testing.T) {
	src, env := everything(t), testEnv(t)
	d, _ := Parse("hosts.toml", src)
	w := &walker{doc: d, env: env}
	w.declareFields()
	n := 0
	var walk func(n *node, s *shape)
	typo := func(k *node) {
		wrong := k.name[:1] + "q" + k.name[1:]
		out := bytes.Clone(src)
		out = slices.Concat(out[:k.key.Start], []byte(wrong), src[k.key.End:])
		_, ds := Load("hosts.toml", out, env)
		want := fmt.Sprintf("did you mean `%s`?", k.name)
		if len(k.name) < 4 { // a third of it is not one letter
			want = wrong
		}
		if !slices.ContainsFunc(ds, func(d diag.Diagnostic) bool {
			return d.Span.Start == k.key.Start && strings.Contains(d.Message, want)
		}) {
			t.Errorf("%s -> %s: %s", k.path(), wrong, render(out, ds))
		}
		n++
	}
	walk = func(nd *node, s *shape) {
		if s.dyn != nil {
			s = s.dyn(w, nd)
		}
		if nd.kind&s.kinds == 0 && s.alt != nil {
			s = s.alt
		}
		for _, k := range nd.kids {
			switch def := s.key(k.name); {
			case def != nil:
				if !k.array && k.key != (diag.Span{}) {
					typo(k)
				}
				walk(k, def.shape)
			case s.elem != nil:
				walk(k, s.elem)
			}
		}
	}
	walk(d.root, rootShape)
	if n < 120 {
		t.Errorf("%d keys", n)
	}
}
