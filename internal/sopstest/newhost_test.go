package sopstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fleetOf is the starter fleet beside its repository of secrets, with nixgen and
// sops as programs.
type fleetOf struct {
	*repo
	dir string // of the fleet
	env []string
}

func newFleet(t *testing.T) *fleetOf {
	root := t.TempDir()
	bin := filepath.Join(root, "bin")
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "nixgen"), "./nixgen")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Symlink(sops, filepath.Join(bin, "sops")); err != nil {
		t.Fatal(err)
	}
	r := newRepo(t)
	r.dir = filepath.Join(root, "nix-secrets")
	f := &fleetOf{repo: r, dir: filepath.Join(root, "fleet")}
	admin := r.age("admin")
	f.env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + filepath.Join(root, "home")}, r.keys["admin"]...)
	f.nixgen("-C", root, "init", "fleet")
	hosts := filepath.Join(f.dir, "hosts.toml")
	text, err := os.ReadFile(hosts)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"desktop", "macbook"} {
		header := "[hosts." + host + "]\n"
		text = []byte(strings.Replace(string(text), header, header+"ageKey = \""+r.age(host)+"\"\n", 1))
	}
	text = append(text, "\n[keys]\nadmin = \""+admin+"\"\n\n[secrets]\n\n[sops.secrets.\"wifi/home\"]\n[sops.secrets.token]\nsopsFile = \"shared\"\n"...)
	if err := os.WriteFile(hosts, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return f
}

// nixgen runs it in the fleet; it must succeed.
func (f *fleetOf) nixgen(args ...string) string {
	f.t.Helper()
	out, err := f.try(args...)
	if err != nil {
		f.t.Fatalf("nixgen %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (f *fleetOf) try(args ...string) (string, error) {
	cmd := exec.Command("nixgen", args...)
	cmd.Path = filepath.Join(filepath.Dir(f.dir), "bin", "nixgen")
	cmd.Err = nil
	cmd.Dir, cmd.Env = f.dir, f.env
	if _, err := os.Stat(f.dir); err != nil {
		cmd.Dir = ""
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestNewHost: `host add` makes the key, the rules and the skeleton; once sops has
// encrypted that, the check is green, and the key on its way to the new machine
// opens its secrets and no other host's. `host retire` leaves nothing behind.
func TestNewHost(t *testing.T) {
	f := newFleet(t)
	f.nixgen("generate")
	f.nixgen("secrets", "init")
	write(t, filepath.Join(f.repo.dir, "sops", "shared.yaml"), "token: replace me\n")
	for _, host := range []string{"desktop", "macbook"} {
		write(t, filepath.Join(f.repo.dir, "sops", host+".yaml"), "wifi:\n    home: replace me\n")
	}
	f.nixgen("secrets", "sync", "--run")
	before, rules := f.files(f.dir), f.files(f.repo.dir)[".sops.yaml"]

	out := f.nixgen("host", "add", "attic", "--system", "x86_64-linux", "--disk", "desktop-btrfs", "--device", "/dev/disk/by-id/a")
	if !strings.Contains(out, "nixgen secrets sync --run ../nix-secrets") {
		t.Errorf("the step that encrypts is not told:\n%s", out)
	}
	if out, err := f.try("secrets", "check"); err == nil {
		t.Errorf("the check is green before anything is encrypted:\n%s", out)
	}
	f.nixgen("secrets", "sync", "--run")
	if out := f.nixgen("secrets", "check"); strings.Contains(out, "attic") {
		t.Errorf("the check says:\n%s", out)
	}

	key, err := os.ReadFile(filepath.Join(filepath.Dir(f.dir), "home/.local/share/nixgen/host-keys/attic/etc/ssh/ssh_host_ed25519_key"))
	if err != nil {
		t.Fatal(err)
	}
	f.keys["attic"] = []string{"SOPS_AGE_KEY=" + sshToAge(t, key)}
	for file, opens := range map[string]bool{"sops/attic.yaml": true, "sops/shared.yaml": true, "sops/desktop.yaml": false} {
		if text, err := f.as("attic", "decrypt", file); (err == nil) != opens {
			t.Errorf("attic opens %s: %v, want %v\n%v", file, err == nil, opens, err)
		} else if file == "sops/attic.yaml" && !strings.Contains(text, "home: replace me") {
			t.Errorf("%s holds:\n%s", file, text)
		}
	}

	f.nixgen("host", "retire", "attic", "--force")
	f.nixgen("secrets", "sync", "--run")
	f.nixgen("secrets", "check")
	if _, err := f.as("attic", "decrypt", "sops/shared.yaml"); err == nil {
		t.Error("a retired host still opens the shared file")
	}
	after := f.files(f.dir)
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("%s is not what it was", name)
		}
	}
	if len(before) != len(after) || f.files(f.repo.dir)[".sops.yaml"] != rules {
		t.Error("not every byte is what it was")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files is every file below a folder, by name.
func (f *fleetOf) files(dir string) map[string]string {
	out := map[string]string{}
	old := f.repo.dir
	f.repo.dir = dir
	for name, text := range f.tree().Files {
		out[name] = string(text)
	}
	f.repo.dir = old
	return out
}
