package nixgen_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/internal/realnix"
)

// judged is a fleet as `nixgen generate` leaves it in a folder of its own, and
// the upstream modules that judge it.
type judged struct {
	kit          *realnix.Kit
	nixgen, root string
	// env is nil for that of the test.
	env []string
}

// judge builds nixgen.
func judge(t *testing.T) *judged {
	t.Helper()
	j := &judged{kit: realnix.Upstream(t), nixgen: filepath.Join(t.TempDir(), "nixgen"), root: t.TempDir()}
	if out, err := exec.Command("go", "build", "-o", j.nixgen, "./nixgen").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return j
}

// open generates the fleet and makes its outputs ready for evaluation.
func (j *judged) open(t *testing.T, generated string) *realnix.Fleet {
	t.Helper()
	j.generate(t, j.root)
	f, err := j.kit.Fleet(j.root, filepath.Join(j.root, generated), "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestOwnFleet evaluates what this repository's fleet says about disks, and the
// fleet as a flake, under the upstream modules.
func TestOwnFleet(t *testing.T) {
	j := judge(t)
	if err := os.CopyFS(filepath.Join(j.root, "nix"), os.DirFS("nix")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(j.root, "nix", "generated")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hosts.toml", "package.nix", "vikunja-sync/package.nix"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(j.root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(j.root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := j.open(t, "nix/generated")
	t.Run("nixos", func(t *testing.T) { testNixOSHosts(t, f) })
	t.Run("homes", func(t *testing.T) { testHomes(t, f) })
	t.Run("twins", func(t *testing.T) { testHostTwins(t, f) })
	t.Run("secrets", func(t *testing.T) { testSecrets(t, f) })
	t.Run("stub", j.testStub)
	t.Run("untracked module", j.testUntracked)
	t.Run("unstaged output", j.testUnstaged)
}

// TestDiskForms evaluates a fleet of hosts with every form of disk.
func TestDiskForms(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/disks/forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	j := judge(t)
	var want string
	for _, file := range archive.Files {
		if file.Name == "expected" {
			want = string(file.Data)
			continue
		}
		name := filepath.Join(j.root, file.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := j.open(t, "generated")
	var all map[string]disks
	if err := f.Eval(&all, "lib.mapAttrs (_: "+disksOf+") fleet.nixosConfigurations"); err != nil {
		t.Fatal(err)
	}
	var without []string
	if err := f.Eval(&without, "lib.attrNames (lib.filterAttrs (_: c: !(c.options ? disko)) fleet.nixosConfigurations)"); err != nil || strings.Join(without, " ") != "old" {
		t.Errorf("hosts without disko: %q, %v; expected the adopted one", without, err)
	}
	var got []string
	for host, d := range all {
		if len(d.Failed)+len(d.Warnings) > 0 {
			t.Errorf("%s: failed assertions %q, warnings %q", host, d.Failed, d.Warnings)
		}
		for _, line := range d.lines() {
			got = append(got, host+": "+line)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, strings.Join(got, "\n")+"\n"); diff != "" {
		t.Error(diff)
	}
}

// generate runs `nixgen generate` in a folder.
func (j *judged) generate(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(j.nixgen, append([]string{"generate"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("nixgen generate: %v\n%s", err, out)
	}
	return string(out)
}

// repo is the fleet as a flake under git, which tracks nothing yet: its files
// come from git as in every flake, the inputs from the kit.
func (j *judged) repo(t *testing.T) *realnix.Repo {
	t.Helper()
	repo := realnix.NewRepo(t)
	if err := os.CopyFS(repo.Dir, os.DirFS(j.root)); err != nil {
		t.Fatal(err)
	}
	repo.Write(map[string]string{"flake.nix": fmt.Sprintf(`{
  # as contributors see the private input
  inputs.nix-secrets.url = "path:./nix/generated/secrets-stub";
  outputs = { self, nix-secrets }: import ./nix/generated (import %s/inputs.nix // { inherit self nix-secrets; });
}
`, j.kit.Dir)})
	return repo
}

// mounts are what each NixOS host of hosts.toml must mount, read from that file
// by a person.
var mounts = map[string]map[string]string{
	"malphas": {
		"/":        "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@",
		"/home":    "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@home",
		"/nix":     "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@nix",
		"/var/log": "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@log",
		"/.swap":   "/dev/mapper/crypt-main btrfs noatime,subvol=@swap",
		"/boot":    "/dev/disk/by-partlabel/disk-main-esp vfat umask=0077",
	},
	"vault": {
		"/":     "main/root zfs defaults",
		"/home": "main/home zfs defaults",
		"/nix":  "main/nix zfs defaults",
		"/var":  "main/var zfs defaults",
		"/boot": "/dev/disk/by-partlabel/disk-main_1-esp vfat umask=0077",
	},
	"beacon": {
		"/":              "/dev/disk/by-partlabel/disk-main-root ext4 noatime",
		"/boot/firmware": "/dev/disk/by-partlabel/disk-main-firmware vfat umask=0077,noauto,nofail",
	},
}

// disksOf reads what a NixOS configuration says about its disks.
const disksOf = `
configuration:
let inherit (configuration) config; in {
  inherit (complaints configuration) failed warnings;
  mounts = lib.mapAttrs (_: fs: "${fs.device} ${fs.fsType} ${lib.concatStringsSep "," fs.options}") config.fileSystems;
  luks = lib.mapAttrsToList (name: d: "${name} ${d.device}") config.boot.initrd.luks.devices;
  swap = map (s: s.device) config.swapDevices;
  hostId = config.networking.hostId;
  script =
    if config.disko.devices.disk or { } == { } then ""
    else builtins.unsafeDiscardStringContext config.system.build.formatScript.drvPath;
}`

// disks is what disksOf gives.
type disks struct {
	Failed, Warnings []string
	Mounts           map[string]string
	Luks, Swap       []string
	HostID, Script   string
}

// lines says the same, a line each.
func (d *disks) lines() []string {
	var out []string
	for point, fs := range d.Mounts {
		out = append(out, point+" "+fs)
	}
	for _, l := range d.Luks {
		out = append(out, "luks "+l)
	}
	for _, s := range d.Swap {
		out = append(out, "swap "+s)
	}
	if d.HostID != "" {
		out = append(out, "hostId "+d.HostID)
	}
	return out
}

// Every NixOS host of this repository's fleet comes to the disks that its
// hosts.toml describes, under the real disko, with no complaint.
func testNixOSHosts(t *testing.T, f *realnix.Fleet) {
	var names []string
	if err := f.Eval(&names, `lib.attrNames fleet.nixosConfigurations`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"beacon", "malphas", "vault"}, names); diff != "" {
		t.Fatal(diff)
	}
	want := map[string]disks{
		"malphas": {Luks: []string{"crypt-main /dev/disk/by-partlabel/disk-main-luks"}, Swap: []string{"/.swap/swapfile"}},
		"vault":   {Luks: []string{}, Swap: []string{}, HostID: "8425e349"},
		"beacon":  {Luks: []string{}, Swap: []string{}},
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var got disks
			if err := f.Eval(&got, "("+disksOf+") fleet.nixosConfigurations."+name); err != nil {
				t.Fatal(err)
			}
			expected := want[name]
			expected.Mounts, expected.Failed, expected.Warnings = mounts[name], []string{}, []string{}
			if !strings.HasSuffix(got.Script, ".drv") {
				t.Errorf("format script: %q", got.Script)
			}
			got.Script = ""
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The homes that are part of a system are complete, too.
func testHomes(t *testing.T, f *realnix.Fleet) {
	for _, host := range []string{"nixosConfigurations.malphas", "darwinConfigurations.macbook"} {
		var drv string
		err := f.Eval(&drv, "builtins.unsafeDiscardStringContext fleet."+host+".config.home-manager.users.tim.home.activationPackage.drvPath")
		if err != nil || !strings.HasSuffix(drv, ".drv") {
			t.Errorf("%s: home %q, %v", host, drv, err)
		}
	}
	const sync = "home-manager.users.tim.services.vikunja-sync.settings"
	const unit = ".config.home-manager.users.tim.systemd.user.services.vikunja-sync.Service.ReadWritePaths"
	for set, want := range map[string][]string{
		``: {"%h"},
		sync + `.taskdata = "/srv/100% tim"; ` + sync + `.state_dir = "~/state";`: {"%h", `"-/srv/100%% tim"`},
	} {
		var got []string
		if err := f.Eval(&got, "(extend fleet.nixosConfigurations.malphas { "+set+" })"+unit); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("where the sync may write: %s", diff)
		}
	}
}

// Their twins: one wrong value each.
func testHostTwins(t *testing.T, f *realnix.Fleet) {
	for _, twin := range []struct{ name, expr, says string }{
		{"a size that is none", `(extend fleet.nixosConfigurations.malphas { disko.devices.disk.main.content.partitions.esp.size = lib.mkForce "big"; }).config.system.build.formatScript.drvPath`, "is not of type"},
		{"a second device for a mount point", `(extend fleet.nixosConfigurations.beacon { fileSystems."/".device = "/dev/sda1"; }).config.fileSystems."/".device`, "conflicting definition"},
		{"a disk that disko does not know", `(extend fleet.nixosConfigurations.vault { disko.devices.disks.data1 = { }; }).config.fileSystems`, "does not exist"},
		{"a Mac with a disk", `drvPath (extend fleet.darwinConfigurations.macbook { fileSystems."/".device = "/dev/sda1"; })`, "does not exist"},
		{"a hostSpec that a host overrides", `(extend fleet.nixosConfigurations.vault { hostSpec.isServer = lib.mkForce false; }).config.assertions`, "read-only"},
	} {
		t.Run(twin.name, func(t *testing.T) {
			f.Twin(t, twin.name, twin.expr, twin.says)
		})
	}
}

// What the fleet says about secrets is there under sops-nix, on every platform.
func testSecrets(t *testing.T, f *realnix.Fleet) {
	for _, c := range []struct{ name, expr string }{
		{"a secret of all hosts", `lib.all (c: c.config.sops.secrets ? "nix/access-tokens") (lib.attrValues (fleet.nixosConfigurations // fleet.darwinConfigurations))`},
		{"its file", `lib.hasSuffix "/secrets-stub/sops/shared.yaml" fleet.darwinConfigurations.macbook.config.sops.secrets."nix/access-tokens".sopsFile`},
		{"the file of a host", `lib.hasSuffix "/secrets-stub/sops/vault.yaml" fleet.nixosConfigurations.vault.config.sops.secrets."backup/repository-key".sopsFile`},
		{"a Mac's key", `fleet.darwinConfigurations.macbook.config.sops.age.keyFile == "/var/lib/sops-nix/key.txt"`},
		{"a host's key", `fleet.nixosConfigurations.beacon.config.sops.age.sshKeyPaths == [ "/etc/ssh/ssh_host_ed25519_key" ]`},
		{"a password", `let c = fleet.nixosConfigurations.malphas.config; s = c.sops.secrets."passwords/tim"; in s.neededForUsers && c.users.users.tim.hashedPasswordFile == s.path`},
		{"a template", `let c = fleet.nixosConfigurations.malphas.config; in c.sops.templates."wifi.env".content == "HOME_PSK=${c.sops.placeholder."wifi/home"}\n"`},
		{"a service's token", `let c = fleet.nixosConfigurations.malphas.config; s = c.sops.secrets."vikunja/token"; in s.owner == "tim" && c.home-manager.users.tim.services.vikunja-sync.settings.token_file == s.path`},
		{"plain data", `fleet.nixosConfigurations.vault.config.services.restic.backups.home.repository == "stub"`},
		{"a home on NixOS", `fleet.nixosConfigurations.malphas.config.home-manager.users.tim.sops.secrets."forge/token".path == "/home/tim/.config/sops-nix/secrets/forge/token"`},
		{"a home on a Mac", `fleet.darwinConfigurations.macbook.config.home-manager.users.tim.sops.age.keyFile == "/Users/tim/.config/sops/age/keys.txt"`},
		{"nobody else's", `!(fleet.nixosConfigurations.beacon.config.sops.secrets ? "vikunja/token")`},
	} {
		var got bool
		if err := f.Eval(&got, c.expr); err != nil || !got {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

// Who cannot read the private repository evaluates with the stub in its place.
func (j *judged) testStub(t *testing.T) {
	repo := j.repo(t)
	repo.Write(map[string]string{"flake.nix": fmt.Sprintf(`{
  inputs.nix-secrets.url = "git+file:///nowhere/nix-secrets";
  outputs = { self, nix-secrets }: import ./nix/generated (import %s/inputs.nix // { inherit self nix-secrets; });
}
`, j.kit.Dir)})
	repo.Git("add", ".")
	const attr = "nixosConfigurations.vault.config.services.restic.backups.home.repository"
	var got string
	if err := repo.Eval(&got, attr); err == nil || !strings.Contains(err.Error(), "nowhere/nix-secrets") {
		t.Errorf("evaluates without the private repository: %q, %v", got, err)
	}
	if err := repo.Eval(&got, attr, "--override-input", "nix-secrets", "path:"+repo.Dir+"/nix/generated/secrets-stub"); err != nil || got != "stub" {
		t.Errorf("with the stub: %q, %v", got, err)
	}
}

// A flake sees what git's index lists. What nixgen leaves out because git does
// not know it is not missed, and what it lists is there.
func (j *judged) testUntracked(t *testing.T) {
	const module = "nix/modules/common/zz-new.nix"
	repo := j.repo(t)
	repo.Git("add", ".")
	repo.Write(map[string]string{module: "{ environment.variables.NEW = \"yes\"; }\n"})
	variable := func() (string, error) {
		var got map[string]any
		err := repo.Eval(&got, "nixosConfigurations.vault.config.environment.variables")
		return fmt.Sprint(got["NEW"]), err
	}
	if out := j.generate(t, repo.Dir); !strings.Contains(out, "git add -N "+module) {
		t.Errorf("nothing is said about the untracked module:\n%s", out)
	}
	if got, err := variable(); got != "<nil>" || err != nil {
		t.Errorf("an untracked module has effect: %s, %v", got, err)
	}
	repo.Git("add", "-N", module)
	j.generate(t, repo.Dir, "--stage")
	if got, err := variable(); got != "yes" || err != nil {
		t.Errorf("a module that git is to add: %s, %v", got, err)
	}
	// the twin: an import list that names what git does not know
	repo.Git("rm", "--cached", "-q", module)
	if got, err := variable(); err == nil || !strings.Contains(err.Error(), "zz-new.nix") {
		t.Errorf("an import of an untracked module evaluates: %s, %v", got, err)
	}
}

// What generate writes is new to git, so a flake misses it until it is staged.
func (j *judged) testUnstaged(t *testing.T) {
	repo := j.repo(t)
	repo.Git("add", "flake.nix", "hosts.toml", "nix/modules", "nix/hosts", "nix/home", "nix/overlay.nix")
	var checks map[string]any
	const attr = "checks.x86_64-linux"
	if err := repo.Eval(&checks, attr); err == nil || !strings.Contains(err.Error(), "nix/generated") {
		t.Errorf("evaluates without what was generated: %v", err)
	}
	j.generate(t, repo.Dir, "--stage")
	if err := repo.Eval(&checks, attr); err != nil {
		t.Fatal(err)
	}
	want := []string{"eval-beacon", "eval-macbook", "eval-malphas", "eval-vault"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(checks))); diff != "" {
		t.Error(diff)
	}
}
