package lint_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
	"nixgen/lint/linttest"
	"nixgen/outline"
	"nixgen/rules"
)

const mac = "[hosts.mac]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\n"

// reads lists what a host reads: files, with "~" for those it may read.
func reads(h *lint.Host) []string {
	var out []string
	for _, m := range h.Modules {
		p := m.Path
		if m.Class == lint.Home {
			p = m.User + ":" + p
		}
		if m.Reach == outline.Maybe {
			p += "~"
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// TestImportIdioms: the ways in which real fleets import, each with what a Mac
// reads by it. The module stands in hosts/mac/default.nix.
func TestImportIdioms(t *testing.T) {
	lib := map[string]string{
		"lib/default.nix": `{ lib, ... }: {
  relativeToRoot = lib.path.append ../.;
  scanPaths = path: map (f: path + "/${f}") (builtins.attrNames (lib.attrsets.filterAttrs (p: t:
    t == "directory" || p != "default.nix" && lib.strings.hasSuffix ".nix" p) (builtins.readDir path)));
}`,
		"m/a.nix": "{ }", "m/b/default.nix": "{ }", "m/darwin.nix": "{ }", "m/nixos.nix": "{ }", "hosts/mac/x.nix": "{ }",
	}
	for _, c := range []struct{ name, imports, want string }{
		{"list of paths", `[ ./x.nix ../../m/b ]`, "hosts/mac/x.nix m/b/default.nix"},
		{"relativeToRoot", `map lib.custom.relativeToRoot [ "m/a.nix" "m/b" ]`, "m/a.nix m/b/default.nix"},
		{"nested map", `map lib.custom.relativeToRoot (map (f: "m/${f}") [ "a.nix" "b" ])`, "m/a.nix m/b/default.nix"},
		{"flatten", `lib.flatten [ ./x.nix [ ../../m/a.nix (map (f: ../../m + "/${f}") [ "b" ]) ] ]`, "hosts/mac/x.nix m/a.nix m/b/default.nix"},
		{"scanPaths", `lib.custom.scanPaths ../../m`, "m/a.nix m/b/default.nix m/darwin.nix m/nixos.nix"},
		{"platform in a path", `[ ../../m/${if hostSpec.isDarwin then "darwin" else "nixos"}.nix ]`, "m/darwin.nix"},
		{"optionals", `[ ] ++ lib.optionals hostSpec.isDarwin [ ../../m/a.nix ] ++ lib.optional (!hostSpec.isDarwin) ../../m/b`, "m/a.nix"},
		{"an unknown condition", `lib.optionals (inputs ? x) [ ../../m/a.nix ]`, "m/a.nix~"},
		{"an unknown path", `[ ../../m/${inputs.x}.nix ]`, "m/a.nix~ m/b/default.nix~ m/darwin.nix~ m/nixos.nix~"},
		{"an inline module", `[ { imports = [ ../../m/a.nix ]; } ({ ... }: { imports = [ ../../m/b ]; }) ]`, "m/a.nix m/b/default.nix"},
		{"import and call", `[ (import ../../m/f.nix { x = ../../m/a.nix; }) ]`, "m/a.nix m/f.nix"},
		{"let", `let all = [ "a" ]; in map (n: ../../m/${n}.nix) all`, "m/a.nix"},
		{"attrValues", `builtins.attrValues { a = ../../m/a.nix; b = ../../m/b; }`, "m/a.nix m/b/default.nix"},
		{"readDir", `map (n: ../../m/${n}) (builtins.filter (n: lib.hasPrefix "a" n) (builtins.attrNames (builtins.readDir ../../m)))`, "m/a.nix"},
		{"comments", `[ /* ./x.nix */ ] # ./x.nix`, ""},
		{"outside", `[ inputs.x.nixosModules.y (modulesPath + "/z.nix") ]`, ""},
		{"import-tree", `[ (inputs.import-tree ../../m) ]`, "m/a.nix m/b/default.nix m/darwin.nix m/f.nix m/nixos.nix"},
		{"import-tree with a filter", `[ ((import inputs.import-tree).filterNot (lib.hasPrefix "/n") ../../m) ]`, "m/a.nix m/b/default.nix m/darwin.nix m/f.nix"},
		{"import-tree with a pattern", `[ ((inputs.import-tree.match ".*/(a|b)[/.].*").addPath ../../m).result ]`, "m/a.nix m/b/default.nix"},
		{"import-tree's files", `((inputs.import-tree.withLib lib).filter (lib.hasInfix "/b/")).leafs ../../m`, "m/b/default.nix"},
		{"import-tree with a filter that is not known", `[ (inputs.import-tree.filter inputs.x ../../m) ]`, "m/a.nix~ m/b/default.nix~ m/darwin.nix~ m/f.nix~ m/nixos.nix~"},
		{"import-tree with another first filter", `[ (inputs.import-tree.initFilter (lib.hasSuffix "a.nix") ../../m) ]`, "m/a.nix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"hosts.toml": mac, "hosts/mac/default.nix": "{ lib, inputs, hostSpec, modulesPath, ... }: { imports = " + c.imports + "\n; }"}
			for k, v := range lib {
				files[k] = v
			}
			if strings.Contains(c.want, "f.nix") {
				files["m/f.nix"] = "{ x }: { imports = [ x ]; }"
			}
			w := linttest.Load(t, files)
			got := slices.DeleteFunc(reads(w.Hosts[0]), func(p string) bool { return p == "hosts/mac/default.nix" })
			if strings.Join(got, " ") != c.want {
				t.Errorf("read %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

const manual = `[layout]
wiring = "manual"
hosts = "hosts"
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
`

// TestManualWiring: what flake.nix builds is where a host begins; homes are
// found where the system defines them, by values of its own options.
func TestManualWiring(t *testing.T) {
	w := linttest.Load(t, map[string]string{
		"hosts.toml": manual,
		"flake.nix": `{
  inputs.nixpkgs.url = "x";
  outputs = { self, nixpkgs, ... }@inputs: let
    mk = host: { ${host} = nixpkgs.lib.nixosSystem {
      specialArgs = { inherit inputs; flag = true; };
      modules = [ ./core.nix ./hosts/${host} ];
    }; };
  in { nixosConfigurations = nixpkgs.lib.foldl (a: b: a // b) { } (map mk (builtins.attrNames (builtins.readDir ./hosts))); };
}`,
		"core.nix": `{ lib, config, flag, ... }: {
  imports = lib.optional flag ./flagged.nix;
  options.me.name = lib.mkOption { type = lib.types.str; default = "tim"; };
  config.home-manager.users.${config.me.name} = { imports = [ ./home/${config.me.name}.nix ]; };
}`,
		"flagged.nix": "{ }", "home/tim.nix": "{ imports = [ ./more.nix ]; }", "home/more.nix": "{ }", "home/tom.nix": "{ }",
		"hosts/box/default.nix": "{ }",
	})
	want := "core.nix flagged.nix hosts/box/default.nix tim:core.nix tim:home/more.nix tim:home/tim.nix"
	if got := strings.Join(reads(w.Hosts[0]), " "); got != want {
		t.Errorf("read  %s\nwant %s", got, want)
	}
}

// TestManyHomes: homes that a function makes of names.
func TestManyHomes(t *testing.T) {
	for _, users := range []string{
		`lib.genAttrs [ "ann" "bob" ] (name: { imports = [ ./${name}.nix ]; })`,
		`lib.mapAttrs (name: u: { imports = [ ./${name}.nix ]; }) { ann = 1; bob = 2; }`,
	} {
		w := linttest.Load(t, map[string]string{
			"hosts.toml": manual, "ann.nix": "{ }", "bob.nix": "{ }",
			"flake.nix": `{ outputs = { nixpkgs, ... }: { nixosConfigurations.box = nixpkgs.lib.nixosSystem { modules = [ ({ lib, ... }: { home-manager.users = ` + users + `; }) ]; }; }; }`,
		})
		if got := strings.Join(reads(w.Hosts[0]), " "); !strings.Contains(got, "ann:ann.nix bob:bob.nix") && !strings.Contains(got, "ann:ann.nix ann:flake.nix bob:bob.nix") {
			t.Errorf("%s: read %s", users, got)
		}
		if len(w.Hosts[0].Gaps) != 0 {
			t.Errorf("%s: gaps %v", users, w.Hosts[0].Gaps)
		}
	}
}

// TestOwnOptions: what a host's own options are, lists among them, decides whose
// homes there are.
func TestOwnOptions(t *testing.T) {
	for _, c := range []struct{ name, modules, want string }{
		{"default of a list", `{ options.my.users = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ "ann" ]; }; }`, "ann:ann.nix"},
		{"lists are joined", `{ options.my.users = lib.mkOption { type = lib.types.listOf lib.types.str; }; config.my.users = [ "ann" ]; } { my.users = [ "bob" ]; }`, "ann:ann.nix bob:bob.nix"},
		{"the strongest list", `{ options.my.users = lib.mkOption { default = [ ]; }; config.my.users = [ "ann" ]; } { my.users = lib.mkForce [ "bob" ]; }`, "bob:bob.nix"},
		{"an option with another default", `{ options.my.on = lib.mkEnableOption "x" // { default = true; }; } ({ config, lib, ... }: { options.my.users = lib.mkOption { default = [ ]; }; config.my.users = lib.mkIf config.my.on [ "bob" ]; })`, "bob:bob.nix"},
		{"options and values in sets", `(let o = { users = lib.mkOption { default = [ ]; }; }; in { options.my = o; }) (let my = { users = [ "bob" ]; }; in { inherit my; })`, "bob:bob.nix"},
		{"a module that is perhaps read", `{ options.my.users = lib.mkOption { default = [ ]; }; imports = lib.optional inputs.x ./ann-too.nix; config.my.users = [ "bob" ]; }`, ""},
		{"a condition that is not known", `{ options.my.users = lib.mkOption { default = [ ]; }; config.my.users = lib.mkIf inputs.x [ "bob" ]; }`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := linttest.Load(t, map[string]string{
				"hosts.toml": manual, "ann.nix": "{ }", "bob.nix": "{ }", "ann-too.nix": `{ my.users = [ "ann" ]; }`,
				"flake.nix": `{ outputs = { nixpkgs, ... }@inputs: { nixosConfigurations.box = nixpkgs.lib.nixosSystem { modules = let lib = nixpkgs.lib; in [
  ({ config, lib, ... }: { home-manager.users = lib.genAttrs config.my.users (name: ./${name}.nix); }) ` + c.modules + ` ]; }; }; }`,
			})
			got := slices.DeleteFunc(reads(w.Hosts[0]), func(s string) bool {
				return !strings.Contains(s, ":") || strings.HasSuffix(s, "~") || strings.HasSuffix(s, "flake.nix")
			})
			if strings.Join(got, " ") != c.want {
				t.Errorf("read %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// TestApart: a home that the flake builds on its own and the system once more.
func TestApart(t *testing.T) {
	w := linttest.Load(t, map[string]string{
		"hosts.toml": manual, "home.nix": "{ }",
		"flake.nix": `{ outputs = { nixpkgs, hm, ... }: {
  nixosConfigurations.box = nixpkgs.lib.nixosSystem { modules = [ { home-manager.users.ann = import ./home.nix; } ]; };
  homeConfigurations."ann@box" = hm.lib.homeManagerConfiguration { modules = [ ./home.nix ]; };
}; }`,
	})
	if h := w.Hosts[0]; !h.Apart("ann") || h.Apart("bob") {
		t.Errorf("apart: ann %v, bob %v", h.Apart("ann"), h.Apart("bob"))
	}
}

// TestFlakeParts: a registry of modules, found by what defines them.
func TestFlakeParts(t *testing.T) {
	w := linttest.Load(t, map[string]string{
		"hosts.toml": manual,
		"flake.nix":  `{ outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./modules); }`,
		"modules/box.nix": `{ config, ... }: let inherit (config.flake.modules) nixos; in {
  configurations.nixos.box.module = { imports = [ nixos.base ]; };
}`,
		"modules/base.nix":   `{ flake.modules.nixos.base = { pkgs, ... }: { imports = [ ./_part.nix ]; }; }`,
		"modules/base2.nix":  `{ flake.modules.nixos.base = { boot.loader.timeout = 1; }; }`,
		"modules/unused.nix": `{ flake.modules.nixos.unused = { imports = [ ./_gone.nix ]; }; }`,
		"modules/_part.nix":  `{ }`,
	})
	var got []string
	for _, m := range w.Hosts[0].Modules {
		if m.Class == lint.NixOS && !slices.Contains(got, m.Path) {
			got = append(got, m.Path)
		}
	}
	slices.Sort(got)
	if want := "modules/_part.nix modules/base.nix modules/base2.nix modules/box.nix"; !strings.HasPrefix(strings.Join(got, " "), want[:20]) || !slices.Contains(got, "modules/base2.nix") {
		t.Errorf("read %v, want %s", got, want)
	}
	if len(w.Hosts[0].Missing) > 0 {
		t.Error("a module that nobody uses was followed")
	}
}

// TestPartSystem: flake-parts modules that build the hosts themselves, with
// lists of modules from elsewhere in the tree.
func TestPartSystem(t *testing.T) {
	w := linttest.Load(t, map[string]string{
		"hosts.toml": manual,
		"flake.nix":  `{ outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ ./hosts ]; }; }`,
		"hosts/default.nix": `{ self, inputs, ... }: {
  flake.nixosConfigurations = let
    inherit (inputs.nixpkgs.lib) nixosSystem;
    mod = "${self}/system";
    inherit (import mod) laptop;
  in { box = nixosSystem { specialArgs = { inherit self; }; modules = laptop ++ [ ./box "${mod}/extra.nix" ]; }; };
}`,
		"hosts/box/default.nix": `{ }`,
		"system/default.nix":    `{ laptop = [ ./core ]; }`, "system/core/default.nix": `{ }`, "system/extra.nix": `{ }`,
	})
	h := w.Hosts[0]
	var got []string
	for _, m := range h.Modules {
		if m.Class == lint.NixOS {
			got = append(got, m.Path)
		}
	}
	if want := "system/core/default.nix hosts/box/default.nix system/extra.nix"; strings.Join(got, " ") != want {
		t.Errorf("read  %v\nwant %s", got, want)
	}
	if h.Unwired {
		t.Error("the host is wired, and told not to be")
	}
}

// TestComputed: modules that functions made have no file of their own; what is
// found in them is told of the file that reads them.
func TestComputed(t *testing.T) {
	files := map[string]string{
		"hosts.toml": manual,
		"flake.nix": `{ outputs = { nixpkgs, ... }: let
  host = removeAttrs (import ./hosts/box) [ "gone" ];
in { nixosConfigurations.box = nixpkgs.lib.nixosSystem { modules = [ host { imports = [ (builtins.mapAttrs (n: v: v) host) ]; } ]; }; }; }`,
		"hosts/box/default.nix": `{
  users.users.tim.password = "secret!";
  home-manager.users.tim.programs.git.enable = "yes";
  homebrew.enable = true;
  gone = 1;
}`,
	}
	w := linttest.Load(t, files)
	ds, err := w.Lint(lint.Config{Rules: rules.All, Enable: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range ds {
		if d.File == "" {
			t.Errorf("a finding without a file: %s", d.Message)
		}
		got = append(got, d.Rule)
	}
	if !slices.Contains(got, "undeclared-option") {
		t.Errorf("undeclared-option was not found among %v", got)
	}
}

// TestUnwired: where nobody knows what a host is given, no module is an orphan.
func TestUnwired(t *testing.T) {
	files := map[string]string{
		"hosts.toml":            strings.Replace(manual, "[layout]", "[layout]\noptIn = [\"mods\"]", 1),
		"flake.nix":             `{ outputs = inputs: { nixosConfigurations = inputs.other.lib.mkHosts ./.; }; }`,
		"hosts/box/default.nix": `{ }`, "mods/a.nix": `{ }`,
	}
	if h := linttest.Load(t, files).Hosts[0]; !h.Unwired || len(h.Modules) != 1 {
		t.Errorf("unwired %v, modules %d", h.Unwired, len(h.Modules))
	}
	if ds := linttest.Find(t, rules.All, "unsubscribed-module", files); len(ds) > 0 {
		t.Errorf("found %v", ds)
	}
}

// TestHostile: trees that are made to hurt are read without harm.
func TestHostile(t *testing.T) {
	link := func(to string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
	}
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s), Mode: 0o644} }
	for name, tree := range map[string]fstest.MapFS{
		"imports in a circle": {"hosts/mac/default.nix": file("{ imports = [ ./a.nix ]; }"), "hosts/mac/a.nix": file("{ imports = [ ./default.nix ./a.nix ]; }")},
		"values in a circle":  {"hosts/mac/default.nix": file("{ imports = [ (import ./default.nix) ]; }")},
		"growing values":      {"hosts/mac/default.nix": file("let f = n: { imports = [ (f (n + 1)) ]; }; in f 0")},
		"a link to itself":    {"hosts/mac/default.nix": file("{ imports = [ ./loop ]; }"), "hosts/mac/loop": link("loop")},
		"links in a circle":   {"hosts/mac/default.nix": link("../b/x.nix"), "hosts/b/x.nix": link("../mac/default.nix")},
		"a link outside":      {"hosts/mac/default.nix": link("../../../../etc/passwd")},
		"a dangling link":     {"hosts/mac/default.nix": link("gone.nix")},
		"git-crypt":           {"hosts/mac/default.nix": file("\x00GITCRYPT\x00\x01\x02")},
		"no UTF-8":            {"hosts/mac/default.nix": file("{ a = \"\xff\xfe\"; }")},
		"huge nesting":        {"hosts/mac/default.nix": file(strings.Repeat("[", 20000))},
		"balanced nesting":    {"hosts/mac/default.nix": file(strings.Repeat("(", 3000) + "1" + strings.Repeat(")", 3000))},
		"10 MB":               {"hosts/mac/default.nix": file("[ " + strings.Repeat("1 ", 5<<20) + "]")},
		"a long chain":        {"hosts/mac/default.nix": file("{ a = " + strings.Repeat("f: ", 2000) + "1; }")},
	} {
		t.Run(name, func(t *testing.T) {
			tree["hosts.toml"] = file(mac)
			fsys, err := lint.OpenDir(onDisk(t, tree))
			if err != nil {
				t.Fatal(err)
			}
			w, _ := lint.Load(fsys, fleet.Env{})
			if _, err := w.Lint(lint.Config{Rules: rules.All, Enable: []string{"all"}}); err != nil {
				t.Error(err)
			}
		})
	}
}

// onDisk writes a tree with real links.
func onDisk(t *testing.T, tree fstest.MapFS) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range tree {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if f.Mode&fs.ModeSymlink != 0 {
			err = os.Symlink(string(f.Data), p)
		} else {
			err = os.WriteFile(p, f.Data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// refusing is a tree in which some names cannot be opened, whoever asks.
type refusing struct {
	fs.FS
	names []string
}

func (r refusing) Open(name string) (fs.File, error) {
	if slices.Contains(r.names, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return r.FS.Open(name)
}

// TestUnreadable: what cannot be read is told, and nothing else is lost. On
// disk root reads everything, so a tree that refuses stands in for it.
func TestUnreadable(t *testing.T) {
	dir := onDisk(t, fstest.MapFS{
		"a.nix": {Data: []byte("{ a = b; }")}, "b.nix": {Data: []byte("{ a = b; }")}, "locked/c.nix": {Data: []byte("{ a = b; }")},
	})
	locked := []string{"a.nix", "locked"}
	fsys, err := lint.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		fsys = refusing{os.DirFS(dir), locked}
	}
	for _, name := range locked {
		p := filepath.Join(dir, name)
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(p, 0o755) })
	}
	w, _ := lint.Load(fsys, fleet.Env{})
	ds, err := w.Lint(lint.Config{Rules: rules.All})
	if err != nil || len(ds) != 3 {
		t.Fatalf("%v %v", ds, err)
	}
	for i, want := range []string{"a.nix " + lint.UnreadableID, "b.nix undefined-variable", "locked " + lint.UnreadableID} {
		if got := ds[i].File + " " + ds[i].Rule; got != want {
			t.Errorf("finding %d is %s, want %s", i, got, want)
		}
	}
}

func TestGitignore(t *testing.T) {
	w := linttest.Load(t, map[string]string{
		".gitignore": "*.tmp.nix\n/build\nout/\n!keep.tmp.nix\n# c.nix\n", "sub/.gitignore": "x.nix\n!/y.tmp.nix\n",
		"a.tmp.nix": "1", "keep.tmp.nix": "1", "build/a.nix": "1", "sub/build/a.nix": "1", "out/a.nix": "1", "c.nix": "1",
		"sub/x.nix": "1", "x.nix": "1", "sub/y.tmp.nix": "1", "result/a.nix": "1", "result-2/a.nix": "1", ".git/a.nix": "1",
	})
	var got []string
	for _, s := range w.Sources {
		got = append(got, s.Path)
	}
	if want := "c.nix keep.tmp.nix sub/build/a.nix sub/y.tmp.nix x.nix"; strings.Join(got, " ") != want {
		t.Errorf("read %v, want %s", got, want)
	}
}

// TestWorkers: the bytes are the same for one worker and for eight.
func TestWorkers(t *testing.T) {
	files := map[string]string{"hosts.toml": mac + "[hosts.box]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\n"}
	for i := range 60 {
		files[fmt.Sprintf("modules/common/m%d.nix", i)] = "{ lib, ... }: { boot.loader.timeout = 1; homebrew.enable = true; a = { b = 1; } // lib.mkIf x { }; }"
	}
	var first string
	for _, n := range []int{1, 2, 8} {
		old := runtime.GOMAXPROCS(n)
		ds, err := linttest.Load(t, files).Lint(lint.Config{Rules: rules.All})
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(ds); first == "" {
			first = got
		} else if got != first {
			t.Errorf("%d workers find something else", n)
		}
	}
}

// swap is a rule whose fix another one undoes.
func swap(id, from, to string) *lint.Rule {
	return &lint.Rule{ID: id, Run: func(p *lint.Pass) {
		if i := strings.Index(string(p.File.Text), from); i >= 0 {
			p.Warning(diag.Diagnostic{File: p.File.Path, Span: diag.Span{Start: i, End: i + 1}, Message: "x", Fixes: []diag.Fix{{
				Edits: []diag.Edit{{Span: diag.Span{Start: i, End: i + len(from)}, New: to}},
			}}})
		}
	}}
}

// TestFixLaws: rules that undo each other leave the file as it was and are
// named; overlapping fixes are dropped whole; what would not parse is not
// written.
func TestFixLaws(t *testing.T) {
	w := linttest.Load(t, map[string]string{"a.nix": "[ x y ]", "b.nix": "[ z ]"})
	f, err := w.Fix(lint.Config{Rules: []*lint.Rule{swap("one", "x", "v"), swap("two", "v", "x"), swap("three", "z", "w")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Changed["a.nix"]; ok || len(f.Unstable["a.nix"]) == 0 {
		t.Errorf("a.nix: %q %v", f.Changed["a.nix"], f.Unstable)
	}
	if string(f.Changed["b.nix"]) != "[ w ]" {
		t.Errorf("b.nix: %q", f.Changed["b.nix"])
	}
	if f, _ = w.Fix(lint.Config{Rules: []*lint.Rule{swap("one", "x y", "1"), swap("two", "x", "2")}}); string(f.Changed["a.nix"]) != "[ 1 ]" || f.Dropped != 1 {
		t.Errorf("overlap: %q, %d dropped", f.Changed["a.nix"], f.Dropped)
	}
	if f, _ = w.Fix(lint.Config{Rules: []*lint.Rule{swap("one", "z", "{")}}); len(f.Changed) != 0 || f.Dropped == 0 {
		t.Errorf("what does not parse was written: %v", f.Changed)
	}
}

func TestPanic(t *testing.T) {
	w := linttest.Load(t, map[string]string{"a.nix": "1"})
	_, err := w.Lint(lint.Config{Rules: []*lint.Rule{{ID: "bad-rule", Run: func(*lint.Pass) { panic("x") }}}})
	if err == nil || err.Error() != "internal error in bad-rule" {
		t.Errorf("got %v", err)
	}
}

// TestSettings: hosts.toml switches rules, changes how much they weigh, and
// leaves paths out.
func TestSettings(t *testing.T) {
	base := map[string]string{"a.nix": "{ a = x; }", "old/b.nix": "{ lib }: { a = { b = 1; } // lib.mkIf true { }; }", "c.nix": "{ lib }: { a = { b = 1; } // lib.mkIf true { }; }"}
	for _, c := range []struct{ toml, want string }{
		{"", "a.nix:error:undefined-variable c.nix:error:update-with-mkif old/b.nix:error:update-with-mkif"},
		{"[lint]\ndisable = [\"update-with-mkif\", \"undefined-variable\"]\n", "a.nix:error:undefined-variable"},
		{"[lint]\nignore = [\"old\"]\n", "a.nix:error:undefined-variable c.nix:error:update-with-mkif"},
		{"[lint.severity]\nupdate-with-mkif = \"info\"\n", "a.nix:error:undefined-variable c.nix:info:update-with-mkif old/b.nix:info:update-with-mkif"},
	} {
		files := map[string]string{"hosts.toml": mac + c.toml}
		for k, v := range base {
			files[k] = v
		}
		ds, err := linttest.Load(t, files).Lint(lint.Config{Rules: rules.All})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range ds {
			got = append(got, d.File+":"+d.Severity.String()+":"+d.Rule)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.toml, strings.Join(got, " "), c.want)
		}
	}
}

// FuzzModule: no module makes the linter fail.
func FuzzModule(f *testing.F) {
	for _, r := range rules.All {
		for _, text := range linttest.Example(r.Doc.Bad) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, _ := lint.Load(linttest.Tree(map[string]string{"hosts.toml": mac, "modules/common/x.nix": text, "flake.nix": text}), fleet.Env{})
		if _, err := w.Lint(lint.Config{Rules: rules.All, Enable: []string{"all"}}); err != nil {
			t.Fatal(err)
		}
	})
}
