package generate

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"nixgen/internal/realnix"
)

var nixBlock = regexp.MustCompile("(?s)```nix\n(outputs =.*?)```")

// TestDocumentedFlakes evaluates the outputs of every flake.nix in
// docs/generated.md over the smallest sample.
func TestDocumentedFlakes(t *testing.T) {
	doc, err := os.ReadFile("../docs/generated.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := nixBlock.FindAllSubmatch(doc, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d flakes in docs/generated.md, want 3", len(blocks))
	}
	k := realnix.Upstream(t)
	root := load(t, archive(t, "small")).write(t)
	writeFile(t, filepath.Join(root, "colours.nix"), []byte("{ red = 1; }\n"))
	f, err := k.Fleet(root, filepath.Join(root, "generated"), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`o.checks.x86_64-linux ? eval-macbook && o.darwinConfigurations.macbook.config.networking.hostName == "macbook"`,
		`builtins.attrNames o.checks.x86_64-linux == [ "eval-macbook" "eval-malphas" "mine" ]`,
		`(extend o.darwinConfigurations.macbook ({ colours, ... }: { system.defaults.dock.tilesize = colours.red; })).config.system.defaults.dock.tilesize == 1
		 && !o.darwinConfigurations.macbook.config.documentation.enable`,
	} {
		name := filepath.Join(root, "flake"+string(rune('1'+i))+".nix")
		writeFile(t, name, bytes.Join([][]byte{[]byte("{\n"), blocks[i][1], []byte("}\n")}, nil))
		var got bool
		if err := f.Eval(&got, "let o = (import "+name+").outputs inputs; in "+want); err != nil || !got {
			t.Errorf("flake %d of docs/generated.md: %v, %v", i+1, got, err)
		}
	}
}
