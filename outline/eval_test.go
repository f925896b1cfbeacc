package outline

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/internal/realnix"
	"nixgen/syntax"
)

// memTree is a tree of files in memory.
type memTree map[string]string

func (m memTree) File(p string) *File {
	text, ok := m[p]
	if !ok {
		return nil
	}
	return Lower(syntax.Parse(p, []byte(text)))
}

func (m memTree) ReadDir(p string) (map[string]string, bool) {
	out := map[string]string{}
	for f := range m {
		rest, ok := strings.CutPrefix(f, p+"/")
		if p == "." {
			rest, ok = f, true
		}
		if name, _, deeper := strings.Cut(rest, "/"); ok && deeper {
			out[name] = "directory"
		} else if ok {
			out[name] = "regular"
		}
	}
	return out, len(out) > 0
}

func (m memTree) ReadFile(p string) (string, bool) { s, ok := m[p]; return s, ok }
func (m memTree) Exists(p string) bool {
	_, ok := m[p]
	if !ok {
		_, ok = m.ReadDir(p)
	}
	return ok
}

func (m memTree) Function(name string) (Expr, *File) {
	for p := range m {
		if path.Base(path.Dir(p)) != "lib" {
			continue
		}
		f := m.File(p)
		x := f.Root
		if l, ok := x.(*Lambda); ok {
			x = l.Body
		}
		if s, ok := x.(*Set); ok && s.Find(name) != nil {
			return s.Find(name).Value, f
		}
	}
	return nil, nil
}

var tree = memTree{
	"lib/default.nix": `{ lib, ... }: {
  relativeToRoot = lib.path.append ../.;
  scanPaths = path: map (f: path + "/${f}") (builtins.attrNames (lib.filterAttrs (n: t:
    t == "directory" || n != "default.nix" && lib.hasSuffix ".nix" n) (builtins.readDir path)));
}`,
	"mods/default.nix": "{ }", "mods/a.nix": "{ x = 1; }", "mods/b/default.nix": "{ }", "mods/readme": "text",
	"loaded/a.nix": "{ who, self, ... }: { name = who; }", "loaded/_hidden.nix": "{ }", "loaded/__not.nix": "{ }",
	"loaded/deep/b.nix": "{ n = 2; }", "loaded/readme": "text",
	"data.json": `{"a": [1, true, null, "x"]}`, "data.toml": "[h]\nk = 1\n", "fn.nix": "{ a, b ? a + 1, ... }: { inherit a b; }",
}

// evalText evaluates an expression as file `dir/x.nix` with facts.
func evalText(text string) (*Eval, Value) {
	ev := NewEval(tree, &Common{}, func(p string) Value {
		switch p {
		case "pkgs.stdenv.isDarwin":
			return Bool(true)
		case "config.known":
			return Integer(7)
		}
		return nil
	})
	f := Lower(syntax.Parse("dir/x.nix", []byte(text)))
	given := map[string]*Thunk{
		"lib": Of(ev.Lib()), "u": Of(unknown("test")), "config": Of(External{"config"}), "pkgs": Of(External{"pkgs"}),
		"configLib": Of(External{"configLib"}), "self": Of(&Attrs{Look: func(name string) Value {
			return map[string]Value{"outPath": Text{Head: RootMark + ".", Whole: true}}[name]
		}}),
		"inputs": Of(External{"inputs"}), "modulesPath": Of(External{"modulesPath"}),
	}
	module := &Lambda{Formals: &Formals{}, Body: f.Root}
	for name := range given {
		module.Formals.Names = append(module.Formals.Names, Formal{Name: name})
	}
	return ev, ev.Apply(&Closure{module, ev.Root(f)}, Of(&Attrs{Names: given}))
}

func TestEval(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// What is not known stays so, and spreads no further than it must.
		{`u`, `?`}, {`[ u 1 ]`, `[ ? 1 ]`}, {`{ a = u; b = 1; }.b`, `1`}, {`if u then 1 else 2`, `(1 | 2)`},
		{`if u then 1 else 1`, `1`}, {`if u then [ 1 ] else [ 2 ]`, `[ 1~ 2~ ]`}, {`u && false`, `false`}, {`true || u`, `true`},
		{`u || true`, `true`}, {`!u`, `?`}, {`u -> true`, `true`}, {`"a${u}b"`, `"a"…"b"`}, {`"a${u}b" == "ax"`, `false`},
		{`"a${u}b" == "ab"`, `?`}, {`./x/${u}.nix`, `<dir/x/….nix>`}, {`[ 1 ] ++ u`, `[ 1 ?~ … ]`},
		{`(if u then [ 1 ] else null) ++ [ 2 ]`, `[ 1~ 2 … ]`}, {`map (x: x + 1) (if u then [ 1 ] else u)`, `[ 2~ … ]`},
		{`{ a = 1; } // u`, `{ a = (1 | ?); … }`}, {`u // { a = 1; }`, `{ a = 1; … }`}, {`{ a = 1; ${u} = 2; }`, `{ a = 1; … }`},
		{`lib.optional u 1`, `[ 1~ ]`}, {`lib.filter (x: x > 1) [ 1 2 u ]`, `[ 2 ?~ ]`}, {`builtins.elem 1 [ u ]`, `?`},
		{`let x = x; in x`, `?`}, {`let f = x: f (x ++ x); in f [ 1 ]`, `?`}, {`let f = x: f (x + x); in f "a"`, `?`}, {`let f = n: f (n + 1); in f 0`, `?`}, {`{ a }: a`, `*outline.Closure`},
		// Paths and files of the tree.
		{`./y.nix`, `<dir/y.nix>`}, {`../mods`, `<mods>`}, {`../../x`, `external ../../x`}, {`/etc/x`, `external /etc/x`}, {`<nixpkgs>`, `external <nixpkgs>`},
		{`import ../fn.nix { a = 1; }`, `{ a = 1; b = 2; }`}, {`import ../fn.nix { a = 1; b = u; }`, `{ a = 1; b = ?; }`},
		{`(import ../mods/a.nix).x`, `1`}, {`import ../gone.nix`, `?`}, {`builtins.pathExists ../mods`, `true`}, {`builtins.pathExists ./no`, `false`},
		{`builtins.attrNames (builtins.readDir ../mods)`, `[ "a.nix" "b" "default.nix" "readme" ]`},
		{`(lib.importJSON ../data.json).a`, `[ 1 true null "x" ]`}, {`(builtins.fromTOML (builtins.readFile ../data.toml)).h.k`, `1`},
		{`import "${../mods}/a.nix"`, `{ x = 1; }`},
		// Builtins without a name of their own, and regular expressions.
		{`__attrNames { a = 1; }`, `[ "a" ]`}, {`__nothing 1`, `?`}, {`builtins.match "(.*)\\.nix" "a.nix"`, `[ "a" ]`},
		{`builtins.match "a(b)?(c)" "ac"`, `[ null "c" ]`}, {`builtins.match "a" "ab"`, `null`}, {`builtins.match "a+" "aa"`, `[ ]`}, {`builtins.match u "a"`, `?`},
		// The fleet's own library is found by what its functions do.
		{`configLib.relativeToRoot "mods/a.nix"`, `<mods/a.nix>`}, {`map lib.custom.relativeToRoot [ "a" "b" ]`, `[ <a> <b> ]`},
		{`configLib.scanPaths ../mods`, `[ <mods/a.nix> <mods/b> ]`}, {`configLib.nothing 1`, `?`},
		// What lies outside keeps its name; facts answer for it.
		{`config.a.b`, `external config.a.b`}, {`config.known`, `7`}, {`config.a.b or 1`, `(external config.a.b | 1)`},
		{`if pkgs.stdenv.isDarwin then 1 else u`, `1`}, {`with pkgs; [ git ]`, `[ external pkgs.git ]`}, {`{ a = 1; } ? a`, `true`}, {`{ a = 1; } ? b.c`, `false`}, {`config ? a`, `?`},
		{`lib.nixosSystem { modules = [ ]; }`, `{ !system = "nixosSystem"; args = { modules = [ ]; }; … }`},
		// What libraries and inputs do to the outputs of a flake.
		{`import inputs.nixpkgs { system = "x86_64-linux"; }`, `external inputs.nixpkgs.legacyPackages.x86_64-linux`},
		{`import inputs.nixpkgs-unstable ({ config = u; } // { localSystem = "aarch64-darwin"; })`, `external inputs.nixpkgs-unstable.legacyPackages.aarch64-darwin`},
		{`import inputs.nixpkgs { system = u; }`, `?`}, {`import inputs.other { system = "x86_64-linux"; }`, `?`},
		{`(lib.makeOverridable (a: { x = a.y + 1; }) { y = 1; z = 2; }).x`, `2`},
		{`((lib.makeOverridable (a: { x = a.y + a.z; }) { y = 1; z = 2; }).override { y = 5; }).x`, `7`},
		{`((lib.makeOverridable (a: { x = a.y; }) { y = 1; }).override (old: { y = old.y + 1; })).x`, `2`},
		{`(((lib.makeOverridable (a: { x = a.y + a.z; }) { y = 1; z = 2; }).override { y = 5; }).override { z = 1; }).x`, `6`},
		{`lib.makeOverridable u 1`, `?`},
		{`inputs.haumea.lib.load { src = ../loaded; inputs = { who = "me"; }; }`, `{ a = { name = "me"; }; deep = { b = { n = 2; }; }; hidden = { }; }`},
		{`inputs.haumea.lib.load { src = ../loaded; transformer = u; }`, `?`}, {`inputs.haumea.lib.load { src = u; }`, `?`},
		{`import (self + /mods/a.nix)`, `{ x = 1; }`}, {`import (self + "/mods/a.nix")`, `{ x = 1; }`}, {`../. + /mods/a.nix`, `<mods/a.nix>`},
		{`"${modulesPath}/x.nix"`, `"/"…"/x.nix"`}, {`"${inputs.x}/y"`, `"/"…"/y"`}, {`"${inputs.x.y}/y"`, `""…"/y"`},
		{`lib.concatMapAttrs (n: v: { "${n}1" = v; }) { a = 1; b = 2; }`, `{ a1 = 1; b1 = 2; }`}, {`lib.mergeAttrs { a = 1; b = 1; } { b = 2; }`, `{ a = 1; b = 2; }`},
		{`lib.collect builtins.isString (lib.mapAttrsRecursive (p: v: lib.concatStringsSep "/" p) { a = "x"; b = { c = "y"; }; })`, `[ "a" "b/c" ]`},
		{`lib.collect builtins.isString { a = u; b = "x"; }`, `[ "x" … ]`},
		{`lib.attrsToList { a = 1; }`, `[ { name = "a"; value = 1; } ]`}, {`lib.unique [ 1 2 1 ]`, `[ 1 2 ]`}, {`lib.toList 1`, `[ 1 ]`}, {`lib.toList [ 1 ]`, `[ 1 ]`}, {`lib.toList u`, `?`},
		{`lib.foldlAttrs (acc: n: v: acc // { ${n} = v + 1; }) { } { a = 1; b = 2; }`, `{ a = 2; b = 3; }`},
		{`lib.foldAttrs (v: acc: [ v ] ++ acc) [ ] [ { a = 1; b = 2; } { a = 3; } ]`, `{ a = [ 1 3 ]; b = [ 2 ]; }`},
		{`(lib.makeExtensible (final: { a = 1; b = final.a; })).b`, `1`},
		{`lib.callPackageWith { a = 1; b = 2; } ({ a, b, c ? 5 }: [ a b c ]) { b = 3; }`, `[ 1 3 5 ]`},
		{`lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 ]; }`, `[ { a = 1; b = 3; } { a = 2; b = 3; } ]`}, {`lib.mapCartesianProduct (x: x.a + x.b) { a = [ 1 2 ]; b = [ 3 ]; }`, `[ 4 5 ]`},
		{`lib.fileset.toList (lib.fileset.fileFilter (f: f.hasExt "nix" && f.name != "default.nix") ../mods)`, `[ <mods/a.nix> ]`},
		{`lib.fileset.toList (lib.fileset.fileFilter (f: u) ../loaded/deep)`, `[ <loaded/deep/b.nix>~ ]`},
		// Lists that are known in part.
		{`lib.unique [ 1 u 1 ]`, `[ 1 ? ]`}, {`lib.subtractLists [ 1 ] [ 1 u 2 ]`, `[ ?~ 2 ]`}, {`lib.partition (x: x > 1) [ 1 u ]`, `{ right = [ ?~ ]; wrong = [ 1 ?~ ]; }`},
		{`builtins.sort (a: b: a < b) [ 1 u ]`, `?`}, {`lib.take u [ 1 ]`, `?`}, {`builtins.elemAt [ 1 ] 5`, `?`}, {`lib.range 1 u`, `?`}, {`lib.genList (x: x) 99999999`, `?`},
		{`lib.findFirst (x: x == u) 0 [ 1 ]`, `?`}, {`lib.fix (x: x)`, `?`}, {`lib.toList u`, `?`}, {`lib.cartesianProduct { a = u; }`, `?`},
		{`lib.zipAttrsWith (n: v: v) [ { a = 1; } u ]`, `?`}, {`builtins.catAttrs "a" [ u { a = 1; } ]`, `[ 1 … ]`}, {`builtins.isFunction u`, `?`},
		{`lib.mkRenamedOptionModule [ "a" ] [ "b" ]`, `{ !declares = [ "a" ]; }`},
	} {
		ev, v := evalText(c.text)
		if got := show(ev, v); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// pure expressions, without lib, that Nix must agree on.
var pure = []string{
	`let a = 1; b = a + 2; in a * b - 1`, `rec { a = b; b = 2; }`, `{ a.b = 1; a.c.d = 2; }`, `{ a = { b = 1; }; a.c = 2; }`,
	`let inherit ({ x = 1; y = { z = 2; }; }) x y; in [ x y.z ]`, `(x: y: x + y) 1 2`, `({ a, b ? a }@args: [ a b args.a ]) { a = 3; }`,
	`with { a = 1; }; let b = 2; in a + b`, `let a = 1; in with { a = 2; }; a`, `if 1 < 2 && !(2 >= 3) then "y" else "n"`,
	`builtins.map (x: x * 2) [ 1 2 3 ]`, `builtins.filter (x: x > 1) [ 1 2 3 ]`, `builtins.concatLists [ [ 1 ] [ 2 3 ] ]`,
	`builtins.attrNames { b = 1; a = 2; }`, `builtins.attrValues { b = 1; a = 2; }`, `builtins.listToAttrs [ { name = "a"; value = 1; } { name = "a"; value = 2; } ]`,
	`builtins.mapAttrs (n: v: n + toString v) { a = 1; b = true; }`, `builtins.foldl' (a: b: a + b) 0 [ 1 2 3 ]`,
	`builtins.concatStringsSep "," [ "a" "b" ]`, `builtins.replaceStrings [ "a" "b" ] [ "b" "c" ] "aabb"`, `builtins.elem 2 [ 1 2 ]`,
	`builtins.all (x: x > 0) [ 1 2 ]`, `builtins.any (x: x > 1) [ 1 2 ]`, `builtins.hasAttr "a" { a = 1; }`, `builtins.getAttr "a" { a = 1; }`,
	`builtins.intersectAttrs { a = 1; } { a = 2; b = 3; }`, `builtins.removeAttrs { a = 1; b = 2; } [ "a" ]`, `{ a = 1; b.c = 1; } // { b = 2; }`,
	`builtins.fromJSON "{\"a\": [1, 2.5, null]}"`, `builtins.head [ 1 2 ]`, `builtins.length [ 1 2 ]`, `builtins.isString "x"`, `builtins.isAttrs [ ]`,
	`{ a.b = 1; } ? a.b`, `{ a.b = 1; } ? a.c`, `{ a = 1; }.b or 2`, `"x${"y"}z" + "w"`, `7 / 2`, `-3`, `1.5 + 1`, `1 == 1.0`, `[ 1 { a = 2; } ] == [ 1 { a = 2; } ]`,
	`{ __functor = self: x: x + self.n; n = 1; } 2`, `let { a = 1; body = a; }`, `builtins.stringLength "abc"`, `true -> false`, `null == null`,
	`builtins.baseNameOf "a/b.c"`, `toString [ 1 "a" true ]`, `builtins.tail [ 1 2 3 ]`, `builtins.elemAt [ 1 2 ] 1`, `builtins.genList (n: n * n) 4`, `builtins.sort (a: b: a < b) [ 3 1 2 ]`,
	`builtins.sort builtins.lessThan [ "b" "a" ]`, `builtins.partition (x: x > 1) [ 1 2 3 ]`, `builtins.groupBy (x: if x > 1 then "big" else "small") [ 1 2 3 ]`,
	`builtins.catAttrs "a" [ { a = 1; } { b = 2; } { a = 3; } ]`, `builtins.substring 1 2 "abcd"`, `builtins.substring 2 (-1) "abcd"`, `builtins.isFunction 1`,
	`builtins.zipAttrsWith (n: vs: [ n vs ]) [ { a = 1; } { a = 2; b = 3; } ]`, `let f = { x ? 1, ... }: x; in f { }`, `rec { a = { b = c; }; c = 1; }.a.b`, `{ ${"a"} = 1; ${null} = 2; }`,
}

// TestAgainstNix: whatever the evaluator says it knows, Nix says too.
func TestAgainstNix(t *testing.T) {
	agree(t, pure, realnix.Require(t).EvalAll(pure))
}

func agree(t *testing.T, texts []string, said []realnix.Result) {
	t.Helper()
	for i, text := range texts {
		ev, v := evalText(text)
		got, known := plain(ev, v)
		if !known {
			t.Errorf("%s: not known: %s", text, show(ev, v))
			continue
		}
		if said[i].Err != nil {
			t.Errorf("%s: %v", text, said[i].Err)
			continue
		}
		var want any
		if err := json.Unmarshal(said[i].JSON, &want); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("%s: got %s, Nix says %s", text, a, b)
		}
	}
}

// ofLib are expressions that nixpkgs' own lib must agree on.
var ofLib = []string{
	`lib.mergeAttrs { a = 1; } { a = 2; b = 3; }`, `lib.concatMapAttrs (n: v: { ${n} = v; "${n}2" = v + 1; }) { a = 1; b = 2; }`,
	`lib.attrsToList { b = 1; a = 2; }`, `lib.unique [ 1 2 1 3 2 ]`, `lib.subtractLists [ 2 ] [ 1 2 3 2 ]`, `lib.intersectLists [ 2 3 ] [ 1 2 3 ]`,
	`lib.init [ 1 2 3 ]`, `lib.take 2 [ 1 2 3 ]`, `lib.take 9 [ 1 ]`, `lib.drop 1 [ 1 2 3 ]`, `lib.reverseList [ 1 2 3 ]`, `lib.toList 1`, `lib.toList [ 1 ]`,
	`lib.range 2 4`, `lib.range 4 2`, `lib.imap0 (i: x: [ i x ]) [ "a" "b" ]`, `lib.imap1 (i: x: [ i x ]) [ "a" "b" ]`, `lib.findFirst (x: x > 1) 0 [ 1 2 3 ]`,
	`lib.findFirst (x: x > 5) 0 [ 1 2 3 ]`, `lib.zipListsWith (a: b: a + b) [ 1 2 3 ] [ 10 20 ]`, `lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 4 ]; }`,
	`lib.mapCartesianProduct ({ a, b }: a + b) { a = [ 1 2 ]; b = [ 3 4 ]; }`, `lib.fix (self: { a = 1; b = self.a + 1; })`, `lib.getAttrFromPath [ "a" "b" ] { a.b = 1; }`,
	`lib.setAttrByPath [ "a" "b" ] 1`, `lib.concatMapStringsSep "," (x: x + "!") [ "a" "b" ]`, `lib.concatMapStrings (x: x + "!") [ "a" "b" ]`, `lib.toInt "12"`,
	`lib.foldl' lib.mergeAttrs { } (lib.attrValues (lib.mapAttrs (n: v: { ${n} = v; }) { a = 1; b = 2; }))`, `lib.pipe 1 [ (x: x + 1) (x: x * 2) ]`,
}

// TestAgainstLib: so does nixpkgs' lib.
func TestAgainstLib(t *testing.T) {
	nix := realnix.Require(t)
	dir := os.Getenv("NIXGEN_UPSTREAM")
	if dir == "" {
		t.Skip("NIXGEN_UPSTREAM is not set: nixpkgs' lib is not asked")
	}
	var texts []string
	for _, e := range ofLib {
		texts = append(texts, "let lib = import "+filepath.Join(dir, "nixpkgs.lib/lib")+"; in "+e)
	}
	agree(t, ofLib, nix.EvalAll(texts))
}

// plain is a value as JSON would have it; false if something is not known.
func plain(ev *Eval, v Value) (any, bool) {
	switch v := v.(type) {
	case Null:
		return nil, true
	case Bool:
		return bool(v), true
	case Integer:
		return int64(v), true
	case Real:
		return float64(v), true
	case Text:
		return v.Head, v.Whole
	case *Sequence:
		out, ok := []any{}, !v.Open
		for _, e := range v.Elems {
			x, known := plain(ev, e.Force(ev))
			ok = ok && known && !e.Maybe
			out = append(out, x)
		}
		return out, ok
	case *Attrs:
		out, ok := map[string]any{}, !v.Open
		for k, e := range v.Names {
			x, known := plain(ev, e.Force(ev))
			ok = ok && known
			out[k] = x
		}
		return out, ok
	}
	return nil, false
}

// FuzzEval: no expression makes the evaluator panic or run for ever.
func FuzzEval(f *testing.F) {
	for _, s := range pure {
		f.Add(s)
	}
	f.Add("let f = x: f (x ++ x); in f [ 1 ]")
	f.Add("rec { a = b; b = a; }")
	f.Add(`let f = s: f (s + s); in f "ab"`)
	f.Add("let f = x: f (map (y: x) x); in f [ 1 2 3 ]")
	f.Fuzz(func(t *testing.T, text string) {
		file := syntax.Parse("dir/x.nix", []byte(text))
		if !file.OK() {
			return
		}
		ev := NewEval(tree, &Common{}, nil)
		ev.Steps = 20_000
		low := Lower(file)
		ev.Expr(low.Root, ev.Root(low))
		Read(low)
	})
}
