package templates_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// facts are what an installed machine shows of its disks. They are computed
// twice: by real disko and the module system from disk.nix, and by the
// functions below from the parameters alone.
type facts struct {
	Mounts      map[string]string // mount point → device, type, options
	Early       []string          // mount points that the first stage needs
	LUKS        map[string]string // name → device and settings
	Crypttab    string
	Swap        []string
	Zram        bool
	Loader      string
	Systemd     bool // systemd in the first stage
	Units       []string
	HostID      string
	KernelParam []string
	Formats     bool // disko has something to format
}

func newFacts(c combo) *facts {
	return &facts{Mounts: map[string]string{}, LUKS: map[string]string{}, Formats: c["disk.adopt"] == false}
}

func (f *facts) mount(point, device, fsType string, options ...string) {
	f.Mounts[point] = device + " " + fsType + " " + strings.Join(options, ",")
}

func (c combo) text(name string) string {
	s, _ := c[name].(string)
	return s
}

func (c combo) on(name string) bool { return c[name] == true }

// list gives a list of strings.
func (c combo) list(name string) []string {
	var out []string
	for _, v := range c[name].([]any) {
		out = append(out, v.(string))
	}
	return out
}

// places gives a parameter of type attrsOf mountPoint.
func (c combo) places(name string) map[string]string {
	out := map[string]string{}
	for k, v := range c[name].(map[string]any) {
		out[k] = v.(string)
	}
	return out
}

// either gives a when cond, else b.
func either(cond bool, a, b string) string {
	if cond {
		return a
	}
	return b
}

// sized reports whether a swap parameter gives a size.
func (c combo) sized() bool { return c.text("swap") != "none" && c.text("swap") != "zram" }

// expectations knows what each profile must come to. A profile without an
// entry fails the tests.
var expectations = map[string]func(name string, c combo) *facts{
	"desktop-btrfs": expectDesktop,
	"server-zfs":    expectServer,
	"pi-simple":     expectPi,
	"data":          expectData,
}

// luks expects an opened LUKS when the combo asks for one, and gives the
// device that holds the file system.
func (f *facts) luks(name string, c combo, plain string, options ...string) string {
	if c.text("encryption") != "luks" {
		return either(c.on("disk.adopt"), c.text("adoptRoot"), plain)
	}
	mapper := either(c["luksName"] != nil, c.text("luksName"), "crypt-"+name)
	below := either(c.on("disk.adopt"), c.text("adoptRoot"), "/dev/disk/by-partlabel/disk-"+name+"-luks")
	if c.text("unlock") == "keyFile" {
		f.Crypttab = fmt.Sprintf("%s %s %s luks,discard%s\n", mapper, below, c.text("keyFile"), either(c.on("nofail"), ",nofail", ""))
		return "/dev/mapper/" + mapper
	}
	f.Systemd = true
	if unlock := c.text("unlock"); unlock != "passphrase" {
		options = append([]string{unlock + "-device=auto"}, options...)
	}
	discard := c["discard"] != false
	f.LUKS[mapper] = fmt.Sprintf("%s discard=%t [%s]", below, discard, strings.Join(options, " "))
	return "/dev/mapper/" + mapper
}

func expectDesktop(name string, c combo) *facts {
	f := newFacts(c)
	root := f.luks(name, c, "/dev/disk/by-partlabel/disk-"+name+"-root")
	f.mount("/boot", either(c.on("disk.adopt"), c.text("adoptBoot"), "/dev/disk/by-partlabel/disk-"+name+"-esp"), "vfat", "umask=0077")

	var options []string
	if compression := c.text("compression"); compression != "none" {
		if level, ok := c["compressionLevel"].(int64); ok {
			compression += fmt.Sprint(":", level)
		}
		options = append(options, "compress="+compression)
	}
	options = append(options, "noatime")
	for subvolume, point := range c.places("subvolumes") {
		f.mount(point, root, "btrfs", append(slices.Clone(options), "subvol="+subvolume)...)
	}
	if c["impermanence"] != nil {
		f.mount(c.text("impermanence"), root, "btrfs", append(slices.Clone(options), "subvol=@persist")...)
		for point := range f.Mounts {
			if point != "/" && point != "/boot" {
				f.Early = append(f.Early, point)
			}
		}
		f.Units = []string{"rollback-root"}
	}
	if c.sized() {
		f.mount("/.swap", root, "btrfs", "noatime", "subvol=@swap")
		f.Swap = []string{"/.swap/swapfile"}
	}
	f.Zram = c.text("swap") == "zram"
	f.Systemd = f.Systemd || c.on("hibernation") || c["impermanence"] != nil
	f.Loader = either(c.text("bootLoader") == "systemd-boot", "systemd-boot efi=true", "")
	return f
}

func expectServer(name string, c combo) *facts {
	f := newFacts(c)
	pool := either(c["pool"] != nil, c.text("pool"), name)
	for dataset, point := range c.places("datasets") {
		f.mount(point, pool+"/"+dataset, "zfs", "defaults")
	}
	esps := c.list("adoptBoot")
	if !c.on("disk.adopt") {
		esps = nil
		for i := range c.list("devices") {
			esps = append(esps, fmt.Sprintf("/dev/disk/by-partlabel/disk-%s_%d-esp", name, i+1))
		}
	}
	if !c.on("bootMirror") {
		esps = esps[:1]
		f.Loader = "systemd-boot efi=true"
	} else {
		f.Loader = "grub removable"
	}
	for i, esp := range esps {
		point := "/boot" + either(i > 0, fmt.Sprintf("-%d", i+1), "")
		if c.on("bootMirror") {
			f.Loader += " " + point
			f.mount(point, esp, "vfat", "umask=0077", "nofail")
		} else {
			f.mount(point, esp, "vfat", "umask=0077")
		}
	}
	swap := either(c.on("disk.adopt"), c.text("adoptSwap"), either(c.sized(), "/dev/disk/by-partlabel/disk-"+name+"_1-swap", ""))
	if swap != "" {
		f.Swap = []string{swap + either(c.text("encryption") == "zfs", " random", "")}
	}
	f.Zram = c.text("swap") == "zram"
	f.HostID = "8425e349"
	limits := map[string]string{"1G": "1073741824", "1M": "1048576"}
	if c["arcMax"] != nil {
		f.KernelParam = []string{"zfs.zfs_arc_max=" + limits[c.text("arcMax")]}
	}
	return f
}

func expectPi(name string, c combo) *facts {
	f := newFacts(c)
	label := "/dev/disk/by-partlabel/disk-" + name + "-"
	root := either(c.on("disk.adopt"), c.text("adoptRoot"), label+"root")
	firmware := either(c.on("disk.adopt"), c.text("adoptBoot"), label+"firmware")
	switch c.text("firmware") {
	case "uefi":
		f.mount("/boot", firmware, "vfat", "umask=0077")
		f.Loader = "systemd-boot efi=false"
	case "extlinux":
		f.mount("/boot/firmware", firmware, "vfat", "umask=0077", "noauto", "nofail")
		f.Loader = "extlinux"
	default:
		f.mount("/boot/firmware", firmware, "vfat", "umask=0077")
	}
	options := []string{"noatime"}
	if c.text("compression") != "none" {
		options = append(options, "compress="+c.text("compression"))
	}
	sizes := map[string]int{"1G": 1024, "1M": 1}
	switch {
	case c.text("filesystem") == "ext4":
		f.mount("/", root, "ext4", options...)
		if c.sized() {
			f.Swap = []string{fmt.Sprintf("/var/swapfile %d", sizes[c.text("swap")])}
		}
	default:
		f.mount("/", root, "btrfs", append(options, "subvol=@")...)
		if c.sized() {
			f.mount("/.swap", root, "btrfs", "noatime", "subvol=@swap")
			f.Swap = []string{"/.swap/swapfile"}
		}
	}
	f.Zram = c.text("swap") == "zram"
	return f
}

func expectData(name string, c combo) *facts {
	f := newFacts(c)
	var nofail []string
	if c.on("nofail") {
		nofail = []string{"nofail"}
	}
	device := f.luks(name, c, "/dev/disk/by-partlabel/disk-"+name+"-data", nofail...)
	options := []string{"noatime"}
	if c.text("compression") != "none" {
		options = append(options, "compress="+c.text("compression"))
	}
	f.mount(c.text("mountPoint"), device, c.text("filesystem"), append(options, nofail...)...)
	return f
}

// outcome is what the kit's `disk` gives.
type outcome struct {
	Config struct {
		FileSystems map[string]struct {
			Device, FsType string
			Options        []string
			NeededForBoot  bool
		}
		SwapDevices []struct {
			Device           string
			Size             *int
			RandomEncryption struct{ Enable bool }
		}
		Boot struct {
			Initrd struct {
				Luks    struct{ Devices map[string]luksDevice }
				Systemd struct {
					Enable   bool
					Services map[string]struct{ Script string }
				}
			}
			KernelParams []string
			Loader       loader
		}
		Networking  struct{ HostID string }
		Environment struct {
			Etc struct{ Crypttab struct{ Text string } }
		}
		ZramSwap struct{ Enable bool }
	}
	Format, Mount string
}

type luksDevice struct {
	Device            string
	AllowDiscards     bool
	CrypttabExtraOpts []string
}

type loader struct {
	SystemdBoot struct{ Enable bool } `json:"systemd-boot"`
	Extlinux    struct{ Enable bool } `json:"generic-extlinux-compatible"`
	Efi         struct{ CanTouchEfiVariables bool }
	Grub        struct {
		Enable, EfiSupport, EfiInstallAsRemovable bool
		MirroredBoots                             []struct{ Path string }
	}
}

func (l loader) String() string {
	switch {
	case l.Grub.Enable && l.Grub.EfiSupport && l.Grub.EfiInstallAsRemovable:
		text := "grub removable"
		for _, boot := range l.Grub.MirroredBoots {
			text += " " + boot.Path
		}
		return text
	case l.Extlinux.Enable:
		return "extlinux"
	case l.SystemdBoot.Enable:
		return fmt.Sprint("systemd-boot efi=", l.Efi.CanTouchEfiVariables)
	}
	return ""
}

// facts reads an outcome.
func (o *outcome) facts() *facts {
	c := &o.Config
	f := &facts{
		Mounts: map[string]string{}, LUKS: map[string]string{},
		Crypttab: c.Environment.Etc.Crypttab.Text, Zram: c.ZramSwap.Enable, HostID: c.Networking.HostID,
		Loader: c.Boot.Loader.String(), Systemd: c.Boot.Initrd.Systemd.Enable,
		Units: slices.Sorted(maps.Keys(c.Boot.Initrd.Systemd.Services)), KernelParam: c.Boot.KernelParams,
		Formats: o.Format != "",
	}
	for point, fs := range c.FileSystems {
		f.mount(point, fs.Device, fs.FsType, fs.Options...)
		if fs.NeededForBoot {
			f.Early = append(f.Early, point)
		}
	}
	for name, d := range c.Boot.Initrd.Luks.Devices {
		f.LUKS[name] = fmt.Sprintf("%s discard=%t [%s]", d.Device, d.AllowDiscards, strings.Join(d.CrypttabExtraOpts, " "))
	}
	for _, s := range c.SwapDevices {
		text := s.Device + either(s.RandomEncryption.Enable, " random", "")
		if s.Size != nil {
			text += fmt.Sprint(" ", *s.Size)
		}
		f.Swap = append(f.Swap, text)
	}
	return f
}

// sorted puts lists whose order means nothing in order.
func (f *facts) sorted() *facts {
	for _, list := range [][]string{f.Early, f.Units} {
		sort.Strings(list)
	}
	return f
}
