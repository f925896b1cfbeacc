package rules

import (
	"fmt"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var linuxOnlyPackage = &lint.Rule{
	ID: "linux-only-package", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a package that nixpkgs has for Linux only, on a Mac",
		Why: `nixpkgs refuses to evaluate a package on a platform that its meta.platforms does
not list. The list of packages here is short and hand-picked: programs of the
Linux desktop, of its kernel interfaces and of its audio and display servers.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/packages.nix --
{ pkgs, ... }: { environment.systemPackages = with pkgs; [ git pavucontrol ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/packages.nix --
{ pkgs, lib, ... }:
{ environment.systemPackages = [ pkgs.git ] ++ lib.optional pkgs.stdenv.isLinux pkgs.pavucontrol; }
`,
	},
	Run: func(p *lint.Pass) {
		if linux(p.Host) {
			return
		}
		eachOption(p, func(o *optionPass, s *setting, at *spot) {
			if at.verdict == leaf && packageLists[s.String()] && s.active(nil) == outline.True {
				o.linuxPackages(s)
			}
		})
	},
}

var packageLists = map[string]bool{"environment.systemPackages": true, "home.packages": true, "fonts.packages": true}

// linuxPackages have meta.platforms = platforms.linux in nixpkgs' package
// files (pkgs/by-name/<ab>/<name>/package.nix, or the folder named by
// all-packages.nix), as read in 2025 and 2026.
var linuxPackages = words(`
	pavucontrol pwvucontrol pulsemixer helvum qpwgraph easyeffects alsa-utils alsa-tools pamixer ponymix
	brightnessctl playerctl light ddcutil acpi acpid powertop tlp
	waybar wofi rofi-wayland fuzzel mako dunst swaybg swayidle swaylock swaylock-effects hyprlock hypridle hyprpaper
	hyprpicker hyprshot wl-clipboard wl-clip-persist cliphist grim slurp wlogout wlr-randr wdisplays kanshi wayvnc
	wtype ydotool xdotool xclip xsel xrandr arandr
	networkmanagerapplet networkmanager blueman bluez bluetui iwd iw wirelesstools
	gnome-tweaks gnome-shell nautilus thunar gparted lxqt.lxqt-policykit
	usbutils pciutils lshw dmidecode efibootmgr efivar cryptsetup parted-gui util-linuxMinimal
	strace ltrace perf-tools sysstat iotop iotop-c nethogs
	lm_sensors nvtopPackages.full radeontop intel-gpu-tools libva-utils vulkan-tools-lunarg
	steam-run lutris mangohud gamescope gamemode protonup-qt bottles
	libnotify-send notify-osd systemd systemctl-tui udiskie
	libvirt virt-viewer-gtk looking-glass-client distrobox snapper btrfs-progs bcachefs-tools
`)

func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[w] = true
	}
	for _, w := range notLinuxOnly {
		delete(out, w)
	}
	return out
}

// notLinuxOnly build on macOS too, whatever one may think.
var notLinuxOnly = []string{
	"usbutils", "pciutils", "xclip", "xsel", "xdotool", "xrandr", "arandr", "wl-clipboard", "libvirt", "sysstat", "nethogs", "cliphist",
	"strace", "util-linuxMinimal", "nvtopPackages.full", "networkmanager", "dmidecode", "lshw", "parted-gui", "vulkan-tools-lunarg",
	"virt-viewer-gtk", "libnotify-send", "systemctl-tui", "iotop", "perf-tools", "distrobox", "notify-osd", "wofi", "dunst", "pulsemixer", "rofi-wayland", "ponymix", "pamixer", "acpi",
	"systemd", "bluez", "wirelesstools", "bcachefs-tools", "btrfs-progs", "steam-run", "iw", "iwd", "snapper", "alsa-tools", "alsa-utils",
}

func (o *optionPass) linuxPackages(s *setting) {
	for _, l := range s.def.Leaves {
		if s.module.Truth(l.Guards) != outline.True {
			continue
		}
		list, ok := s.module.In.Value(l.X, l.Scope).(*outline.Sequence)
		if !ok {
			continue
		}
		for _, e := range list.Elems {
			v, ok := e.Force(s.host.Eval).(outline.External)
			name, isPkg := strings.CutPrefix(v.Path, "pkgs.")
			if !ok || e.Maybe || !isPkg || !linuxPackages[name] {
				continue
			}
			file, at := e.Where()
			if file == "" {
				continue
			}
			o.Warning(diag.Diagnostic{
				File: file, Span: at, Chain: s.module.Chain(),
				Message: fmt.Sprintf("nixpkgs has `%s` for Linux only", name),
				Why:     "evaluation refuses a package whose meta.platforms does not list the host's",
			})
		}
	}
}
