package realnix

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// kitFiles is the Nix side of the kit: a stand-in for nixpkgs, the inputs of
// a flake made of the checkouts, and what NixOS' own modules would declare.
//
//go:embed kit
var kitFiles embed.FS

// checkouts are the folders that NIXGEN_UPSTREAM must hold.
var checkouts = []string{"nixpkgs.lib", "disko", "nix-darwin", "home-manager", "sops-nix"}

// Kit evaluates against the real modules of disko, nix-darwin, home-manager
// and sops-nix. Of NixOS it knows the options (rough types, neutral defaults)
// and a few assertions; of nixpkgs the lib, and packages in name only.
// Whatever is built from values is a real derivation, so a drvPath forces
// everything that went into it.
type Kit struct {
	*Nix
	// Dir holds the kit; its files may be named in expressions.
	Dir string
}

// Upstream gives the kit. The test is skipped, saying so, when
// NIXGEN_UPSTREAM is unset; it fails when that names no checkouts, or when
// Nix is older than 2.18.
func Upstream(t testing.TB) *Kit {
	t.Helper()
	root := os.Getenv(EnvUpstream)
	if root == "" {
		t.Skipf("needs checkouts of the upstream modules: %s is unset", EnvUpstream)
	}
	n := Require(t)
	if err := n.newEnough(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := writeKit(dir, root); err != nil {
		t.Fatal(err)
	}
	return &Kit{Nix: n, Dir: dir}
}

// newEnough says why this Nix cannot read the upstream modules, if so: they
// use builtins such as readFileType.
func (n *Nix) newEnough() error {
	if n.AtLeast(2, 18) {
		return nil
	}
	return fmt.Errorf("%s needs Nix >= 2.18, %s is %d.%d (%s names a folder with another)",
		EnvUpstream, n.Dir, n.Major, n.Minor, EnvFolder)
}

// upstreamNames holds every identifier of the checkouts, read once a process.
var upstreamNames = sync.OnceValues(func() ([]string, error) {
	root := os.Getenv(EnvUpstream)
	var folders []string
	for _, name := range checkouts {
		folders = append(folders, filepath.Join(root, name))
	}
	return names(folders...)
})

// writeKit lays the kit out in dir, with links to the checkouts under root.
func writeKit(dir, root string) error {
	for _, name := range checkouts {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return fmt.Errorf("%s=%s: %w", EnvUpstream, root, err)
		}
	}
	sub, err := fs.Sub(kitFiles, "kit")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, sub); err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return err
	}
	// a path, not a link: modules ask git about the folder they stand in
	if err := writeFile(filepath.Join(dir, "upstream.nix"), []byte(root+"\n")); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join(root, "nixpkgs.lib", "lib"), filepath.Join(dir, "nixpkgs/lib")); err != nil {
		return err
	}
	return writeData(dir)
}

// writeData writes the parts of the kit that are computed.
func writeData(dir string) error {
	for _, name := range []string{"style.css", "overrides.css", "anchor.min.js", "anchor-use.js"} {
		if err := writeFile(filepath.Join(dir, "nixpkgs/doc", name), nil); err != nil {
			return err
		}
	}
	idents, err := upstreamNames()
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "nixpkgs/names.json"), idents); err != nil {
		return err
	}
	tree, err := nixosOptions()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "nixos/options.json"), tree)
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// Packages makes every identifier of the Nix files below the folders known as
// a package, as those of the checkouts are.
func (k *Kit) Packages(folders ...string) error {
	old, err := upstreamNames()
	if err != nil {
		return err
	}
	found, err := names(folders...)
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(k.Dir, "nixpkgs/names.json"), append(found, old...))
}

// Expr wraps an expression so that it has the kit in scope: `inputs`, `lib`,
// `pkgs`, `complaints`, `drvPath`, `extend`, `disk` (see kit/entry.nix).
func (k *Kit) Expr(expr string) string {
	return fmt.Sprintf("with import %s/entry.nix { };\n(%s\n)", k.Dir, expr)
}

// Eval evaluates an expression that has the kit in scope and decodes its
// JSON into v.
func (k *Kit) Eval(v any, expr string) error {
	return k.EvalInto(v, k.Expr(expr))
}

// Fleet is a generated folder under the kit.
type Fleet struct {
	kit   *Kit
	scope string
}

// Fleet opens the folder that holds the generated default.nix. Packages that
// the Nix files below root use become known. extra is a Nix function from the
// kit's inputs to more of them, or empty.
func (k *Kit) Fleet(root, generated, extra string) (*Fleet, error) {
	if err := k.Packages(root); err != nil {
		return nil, err
	}
	if extra == "" {
		extra = "_: { }"
	}
	scope := fmt.Sprintf("with import %s/entry.nix {\n  generated = %s;\n  extraInputs = %s;\n};\n",
		k.Dir, strings.TrimSuffix(generated, "/"), extra)
	return &Fleet{kit: k, scope: scope}, nil
}

// Eval evaluates an expression that has the kit in scope, and as `fleet` the
// outputs of the generated folder, such as `fleet.nixosConfigurations`.
func (f *Fleet) Eval(v any, expr string) error {
	return f.kit.EvalInto(v, f.scope+"("+expr+"\n)")
}

// Twin evaluates what a mistake was put into: it must fail and Nix must say
// `says`, or, where that is empty, it is no mistake and must evaluate.
func (f *Fleet) Twin(t testing.TB, name, expr, says string) {
	t.Helper()
	said, err := f.EvalFails(expr)
	switch {
	case says == "" && err == nil:
		t.Errorf("%s fails: %s", name, said)
	case says != "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case !strings.Contains(said, says):
		t.Errorf("%s: the error does not say %q:\n%s", name, says, said)
	}
}

// EvalFails evaluates an expression that must fail, and gives what Nix said.
// It is an error when the evaluation succeeds.
func (f *Fleet) EvalFails(expr string) (string, error) {
	var got json.RawMessage
	if err := f.Eval(&got, expr); err != nil {
		return err.Error(), nil
	}
	return "", fmt.Errorf("evaluates to %.200s, and should fail:\n%s", got, expr)
}
