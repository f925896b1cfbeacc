package catalog

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tableRows(t testing.TB) []Row {
	var rows []Row
	seen := map[string]bool{}
	for _, name := range []string{"overlay.tsv", "options.tsv"} { // what is laid over goes first
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		more, err := ReadRows(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range more {
			if key := r.Class.String() + " " + JoinPath(r.Path); !seen[key] {
				seen[key] = true
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// TestBuiltinHoldsTheTables looks every row up, and near every row a name that
// is not listed.
func TestBuiltinHoldsTheTables(t *testing.T) {
	rows := tableRows(t)
	if len(rows) < 34846 {
		t.Fatalf("%d rows, want at least the 34,845 of options.tsv and one of the overlay", len(rows))
	}
	c := Builtin()
	wrong := 0
	for _, r := range rows {
		o, ok := c.Lookup(r.Class, r.Path)
		want, err := flagBits(r.Flags)
		if err != nil || !ok || !o.Listed() || o.Class() != r.Class || o.TypeText() != r.Type || o.Flags() != want || o.c.flagText(o.c.info(o.node)) != r.Flags {
			t.Errorf("%v %s: got %v %q %q, want %q %q", r.Class, JoinPath(r.Path), ok, o.TypeText(), o.c.flagText(o.c.info(o.node)), r.Type, r.Flags)
			wrong++
		}
		for _, path := range nearMisses(c, r) {
			if _, ok := c.Lookup(r.Class, path); ok {
				t.Errorf("%v: found `%s`, which is not listed", r.Class, JoinPath(path))
				wrong++
			}
		}
		if wrong > 20 {
			t.Fatal("…")
		}
	}
}

// nearMisses are paths beside and below a row that nothing matches.
func nearMisses(c *Catalog, r Row) [][]string {
	var misses [][]string
	dir, last := r.Path[:len(r.Path)-1], r.Path[len(r.Path)-1]
	if last != AnyName && !anyNameIn(c, r.Class, dir) {
		misses = append(misses, append(slices.Clone(dir), last+"~"))
	}
	o, _ := c.Lookup(r.Class, r.Path)
	if o.Recurse() == "" && o.Variants() == nil && !anyNameIn(c, r.Class, r.Path) {
		misses = append(misses, append(slices.Clone(r.Path), "~"))
	}
	return misses
}

func anyNameIn(c *Catalog, class Platform, path []string) bool {
	p := c.Nearest(class, append(slices.Clone(path), "~"))
	return p.Depth > len(path)
}

func TestBuiltinIsFresh(t *testing.T) {
	data, err := Encode(tableRows(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != builtin {
		t.Error("catalog.bin does not match its tables: run go generate ./catalog")
	}
	if len(builtin) > 700_000 {
		t.Errorf("catalog.bin has %d bytes", len(builtin))
	}
}

func TestLookup(t *testing.T) {
	c := Builtin()
	for _, tt := range []struct {
		p     Platform
		path  string
		class Platform // 0: not found
		typ   string
	}{
		{NixOS, "services.openssh.enable", NixOSClass, "boolean"},
		{Darwin, "services.openssh.enable", DarwinClass, "null or boolean"},
		{Home, "services.openssh.enable", 0, ""},
		{NixOS, "services.openssh.enabel", 0, ""},
		{NixOS, "services", 0, ""},
		{NixOS, "system.stateVersion", NixOSClass, "string"},
		{NixOS, "disko.devices.disk.main.device", DiskoClass, "path"},
		{NixOS, "disko.devices.disk.main.content.content.content.content.type", DiskoClass, `one of "bcachefs"`},
		{NixOS, "disko.devices.disk.main.content.content.content.content.subvolumes.x.mountpoint", DiskoClass, ""},
		{NixOS, "sops.secrets.x.restartUnits", SopsNixOSClass, ""},
		{Darwin, "sops.secrets.x.restartUnits", 0, ""},
		{NixOS, "users.users.tim.shell", NixOSClass, ""},
		{NixOS, "home-manager.users.tim.programs.git.enable", HomeClass, "boolean"},
		{Darwin, "home-manager.users.tim.sops.age.keyFile", SopsHomeClass, ""},
		{NixOS, "home-manager.users.tim.services.openssh.enable", 0, ""},
		{NixOS, "specialisation.a.configuration.specialisation.b.configuration.disko.devices.disk.x.device", DiskoClass, "path"},
		{NixOS, "boot.initrd.luks.devices.root.crypttabExtraOpts", NixOSClass, "list of single-line string"},
		{NixOS, "virtualisation.vmVariantWithDisko.services.openssh.enable", NixOSClass, "boolean"},
		{Any, "homebrew.casks", DarwinClass, ""},
		{Home, `programs.firefox.profiles.x.bookmarks.settings.*.bookmarks.*.bookmarks.*.bookmarks.*.name`, HomeClass, ""},
	} {
		o, ok := c.LookupText(tt.p, tt.path)
		if ok != (tt.class != 0) || o.Class() != tt.class || tt.typ != "" && o.TypeText() != tt.typ {
			t.Errorf("Lookup(%v, %s) = %v in %v, type %q; want %v, %q", tt.p, tt.path, ok, o.Class(), o.TypeText(), tt.class, tt.typ)
		}
	}
}

func TestNearest(t *testing.T) {
	c := Builtin()
	for _, tt := range []struct {
		p     Platform
		path  string
		depth int
		open  bool
		flags Flags // wanted among those on the way
	}{
		{NixOS, "services.openssh.nope", 2, false, 0},
		{NixOS, "nope.nope", 0, false, 0},
		{NixOS, "services.openssh.settings.Nope", 3, true, Freeform},
		{NixOS, "environment.variables.EDITOR", 2, true, Freeform},
		{Darwin, "nix.gc.dates", 3, false, Removed},
		{Darwin, "services.nix-daemon.enable.x", 3, false, Removed},
		{Home, "xsession.windowManager.i3.enable", 4, false, LinuxOnly},
		{NixOS, "home-manager.users.tim.nope", 3, false, 0},
		{NixOS, "home-manager.users.tim.programs.nope", 4, false, 0},
	} {
		path, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		p := c.Nearest(tt.p, path)
		if p.Depth != tt.depth || p.Open != tt.open || p.Flags&tt.flags != tt.flags || p.Removed.Listed() != (tt.flags&Removed != 0) {
			t.Errorf("Nearest(%v, %s) = depth %d, open %v, flags %b, removed %v; want %d, %v, %b", tt.p, tt.path, p.Depth, p.Open, p.Flags, p.Removed.Listed(), tt.depth, tt.open, tt.flags)
		}
	}
}

func TestArguments(t *testing.T) {
	c := Builtin()
	o, _ := c.LookupText(NixOS, "boot.loader.gummiboot.timeout")
	if got := o.RenamedTo(); got != "boot.loader.timeout" {
		t.Errorf("RenamedTo = %q", got)
	}
	o, _ = c.LookupText(Home, "home.services.x.systemd.service")
	if got := o.AliasOf(); got != `home.services.<name>.systemd.services.""` {
		t.Errorf("AliasOf = %q", got)
	}
	o, _ = c.LookupText(DiskoClass, "@disko.lvm_vg.lvs.<name>.content")
	if got := strings.Join(o.Variants(), " "); got != "bcachefs btrfs filesystem luks lvm_pv mdraid swap zfs" {
		t.Errorf("Variants = %q", got)
	}
	for class, path := range map[Platform]string{NixOSClass | DarwinClass: "networking.hostName", DarwinClass: "homebrew.enable", 0: "nope"} {
		names, _ := ParsePath(path)
		if got := c.Listing(names); got != class {
			t.Errorf("Listing(%s) = %v, want %v", path, got, class)
		}
	}
}

func TestNamesAndWalk(t *testing.T) {
	c := Builtin()
	if got := c.Names(Darwin, []string{"system", "defaults", "dock"}); !slices.Contains(got, "autohide") || slices.Contains(got, AnyName) {
		t.Errorf("Names(system.defaults.dock) = %q", got)
	}
	if got := c.Names(NixOS, []string{"home-manager", "users", "tim"}); !slices.Contains(got, "programs") || !slices.Contains(got, "sops") {
		t.Errorf("Names below a home-manager user = %q", got)
	}
	top := c.Names(NixOS, nil)
	if !slices.Contains(top, "disko") || !slices.Contains(top, "sops") || !slices.Contains(top, "boot") || slices.ContainsFunc(top, func(s string) bool { return s[0] == '@' }) {
		t.Errorf("Names of the root = %q", top)
	}
	var got []string
	c.Walk(Darwin, []string{"system", "defaults", "screensaver"}, func(path []string, o Option) bool {
		got = append(got, JoinPath(path)+": "+o.TypeText())
		return true
	})
	want := []string{"system.defaults.screensaver.askForPassword: null or boolean", "system.defaults.screensaver.askForPasswordDelay: null or signed integer"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Walk (-want +got):\n%s", d)
	}
	n := 0
	c.All(func([]string, Option) bool { n++; return true })
	if want := len(tableRows(t)); n != want {
		t.Errorf("All gave %d options, want %d", n, want)
	}
	c.All(func([]string, Option) bool { n--; return n%7 != 0 })
	if n%7 != 0 {
		t.Error("All did not stop")
	}
}

func TestPaths(t *testing.T) {
	for _, r := range tableRows(t) {
		p, err := ParsePath(JoinPath(r.Path))
		if err != nil || !slices.Equal(p, r.Path) {
			t.Fatalf("%q -> %q, %v", r.Path, p, err)
		}
	}
	for _, bad := range []string{"", ".", "a.", ".a", `"a`, `"a"b`, "a..b"} {
		if p, err := ParsePath(bad); err == nil {
			t.Errorf("ParsePath(%q) = %q", bad, p)
		}
	}
}

func TestReadRowsRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"nixos\ta\tb":              "line 1: 3 columns, want at least 4",
		"# x\nbeos\ta\tb\t":        "line 2: unknown class `beos`",
		"nixos\ta.\tb\t":           "line 1: path `a.`: empty name",
		"nixos\ta\tb\topen,purple": "line 1: unknown flag `purple`",
	} {
		if _, err := ReadRows(strings.NewReader(in)); err == nil || err.Error() != want {
			t.Errorf("ReadRows(%q) = %v, want %s", in, err, want)
		}
	}
}

// TestOpenRefusesDamage flips every byte of a small catalog in turn: it is
// refused or read, and what is read can be walked.
func TestOpenRefusesDamage(t *testing.T) {
	rows, err := ReadRows(strings.NewReader("nixos\ta.b\tboolean\topen\nnixos\ta.<name>\tstring\trecurse=a\ndarwin\tc\tlines\trenamed-to=a.b\n"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.bin")
	open := func(data []byte) (*Catalog, error) {
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return Open(file)
	}
	if c, err := open(data); err != nil {
		t.Fatal(err)
	} else if o, ok := c.LookupText(Any, "a.x.b"); !ok || o.TypeText() != "boolean" {
		t.Errorf("a.x.b = %q", o.TypeText())
	}
	refused := 0
	for i := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(data)
			bad[i] ^= flip
			if c, err := open(bad); err != nil {
				refused++
			} else {
				c.All(func(path []string, o Option) bool { _, _ = o.Type(), c.Nearest(Any, path); return true })
			}
		}
		if _, err := open(data[:i]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", i, len(data))
		}
	}
	if refused < len(data) {
		t.Errorf("only %d of %d damaged files were refused", refused, 3*len(data))
	}
	if _, err := Open(file + ".none"); err == nil {
		t.Error("a missing file was opened")
	}
}

func BenchmarkLookup(b *testing.B) {
	rows := tableRows(b)
	c := Builtin()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		for _, r := range rows {
			if _, ok := c.Lookup(r.Class, r.Path); !ok {
				b.Fatal(r.Path)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/lookup")
	b.ReportMetric(float64(len(builtin)), "bytes")
}
