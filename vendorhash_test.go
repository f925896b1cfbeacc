package nixgen_test

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/nix-community/go-nix/pkg/nar"

	"nixgen/internal/golden"
)

// vendorHash of a module as buildGoModule computes it: the NAR hash of the
// folder that `go mod vendor` writes, each module by itself.
func vendorHash(t *testing.T, module string) string {
	t.Helper()
	vendor := filepath.Join(t.TempDir(), "vendor")
	cmd := exec.Command("go", "mod", "vendor", "-o", vendor)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go mod vendor: %v\n%s", err, out)
	}
	h := sha256.New()
	if err := nar.DumpPath(h, vendor); err != nil {
		t.Fatal(err)
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

var vendorHashLine = regexp.MustCompile(`vendorHash = "([^"]*)";`)

// The network may be needed here: modules that tests alone import are vendored
// too. That is why package.nix runs the tests with -short.
func TestVendorHashIsFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no network")
	}
	for _, module := range []string{".", "vikunja-sync"} {
		t.Run(module, func(t *testing.T) {
			file := filepath.Join(module, "package.nix")
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := vendorHashLine.FindSubmatchIndex(src)
			if m == nil {
				t.Fatalf("%s: no vendorHash", file)
			}
			fresh := append(append(append([]byte(nil), src[:m[2]]...), vendorHash(t, module)...), src[m[3]:]...)
			golden.File(t, file, fresh)
		})
	}
}
