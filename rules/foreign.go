package rules

import (
	"slices"
	"strings"

	"nixgen/lint"
)

// foreignRoots are option roots that well-known modules from outside declare,
// by a word of the input's or module's name. Dotted roots reach deeper.
var foreignRoots = []struct {
	word  string
	roots []string
}{
	{"impermanence", []string{"environment.persistence", "home.persistence"}},
	{"persistence", []string{"environment.persistence", "home.persistence"}},
	{"preservation", []string{"preservation"}},
	{"stylix", []string{"stylix"}},
	{"nixvim", []string{"programs.nixvim", "nixvim"}},
	{"nvf", []string{"programs.nvf", "vim"}},
	{"homebrew", []string{"nix-homebrew"}},
	{"lanzaboote", []string{"boot.lanzaboote"}},
	{"agenix", []string{"age"}},
	{"ragenix", []string{"age"}},
	{"sops", []string{"sops"}},
	{"determinate", []string{"determinate", "determinateNix", "determinate-nix", "nix"}},
	{"wsl", []string{"wsl", "vscode-remote-workaround"}},
	{"nix-index", []string{"programs.nix-index", "programs.nix-index-database", "programs.command-not-found"}},
	{"mac-app-util", []string{"targets.darwin.mac-app-util", "services.mac-app-util"}},
	{"catppuccin", []string{"catppuccin"}},
	{"mailserver", []string{"mailserver"}},
	{"minecraft", []string{"services.minecraft-servers", "services.minecraft-server"}},
	{"hyprland", []string{"programs.hyprland", "wayland.windowManager.hyprland"}},
	{"chaotic", []string{"chaotic", "drivers", "services.scx", "boot", "nyx"}},
	{"flatpak", []string{"services.flatpak"}},
	{"vscode-server", []string{"services.vscode-server"}},
	{"nix-gaming", []string{"services.pipewire", "programs.steam", "programs.gamemode", "programs.nix-gaming"}},
	{"solaar", []string{"services.solaar"}},
	{"nixvirt", []string{"virtualisation.libvirt"}},
	{"microvm", []string{"microvm"}},
	{"nix-colors", []string{"colorScheme", "colorscheme"}},
	{"spicetify", []string{"programs.spicetify"}},
	{"plasma", []string{"programs.plasma"}},
	{"niri", []string{"programs.niri", "niri-flake"}},
	{"facter", []string{"facter", "hardware.facter"}},
	{"xremap", []string{"services.xremap"}},
	{"comin", []string{"services.comin"}},
	{"nur", []string{"nur"}},
	{"kolide", []string{"services.kolide-launcher"}},
	{"zen-browser", []string{"programs.zen-browser"}},
	{"ags", []string{"programs.ags"}},
	{"walker", []string{"programs.walker", "services.walker"}},
	{"jovian", []string{"jovian"}},
	{"cosmic", []string{"services.desktopManager.cosmic", "services.displayManager.cosmic-greeter"}},
	{"arion", []string{"virtualisation.arion"}},
	{"attic", []string{"services.atticd"}},
	{"nixos-wsl", []string{"wsl"}},
	{"raspberry-pi", []string{"raspberry-pi-nix", "boot.loader.raspberryPi", "boot.loader.raspberry-pi", "hardware.raspberry-pi"}},
	{"home-manager", []string{"home-manager"}},
}

// outside decides which options may come from modules outside of the tree.
type outside struct {
	roots [][]string
	// words are the names of inputs and modules that no list knows: an option
	// with such a name in its path is theirs.
	words []string
}

func newOutside(h *lint.Host) *outside {
	o := &outside{}
	if f := h.Work.Fleet; f != nil {
		for _, r := range f.Lint.Options {
			o.roots = append(o.roots, strings.Split(r, "."))
		}
	}
	for _, e := range h.Foreign {
		o.module(e.Path)
	}
	if h.Spec != nil {
		for _, m := range slices.Concat(h.Spec.Modules, h.Spec.HomeModules) {
			o.module("inputs." + m.Input + "." + strings.Join(m.Attrs, "."))
		}
	}
	return o
}

// module notes what one module from outside may declare.
func (o *outside) module(path string) {
	path = strings.TrimPrefix(path, "inputs.")
	lower := strings.ToLower(path)
	for _, f := range foreignRoots {
		if strings.Contains(lower, f.word) {
			for _, r := range f.roots {
				o.roots = append(o.roots, strings.Split(r, "."))
			}
		}
	}
	if knownWhole[inputOf(path)] {
		return
	}
	for _, w := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '/' || r == ' ' }) {
		switch w {
		case "nixosModules", "darwinModules", "homeModules", "homeManagerModules", "modules", "default", "inputs", "self",
			"import", "nixos", "darwin", "lib", "flakeModules", "nixosModule", "homeManagerModule", "overlays":
			continue
		}
		n := plain(w)
		if n == "home" && w == inputOf(path) {
			o.roots = append(o.roots, []string{n}) // an input that makes homes of its own
		}
		if len(n) > 2 && !commonRoots[n] {
			o.words = append(o.words, n)
		}
	}
}

// knownWhole are inputs whose modules declare what foreignRoots says, and
// nothing else.
var knownWhole = map[string]bool{
	"home-manager": true, "nix-homebrew": true, "sops-nix": true, "agenix": true, "disko": true, "lanzaboote": true,
	"impermanence": true, "preservation": true, "mac-app-util": true, "nixos-wsl": true,
}

// inputOf is the name of the input that a module's path begins with.
func inputOf(path string) string {
	name, _, _ := strings.Cut(path, ".")
	return name
}

// commonRoots belong to everyone: folders and inputs called so declare options
// below names of their own.
var commonRoots = map[string]bool{
	"programs": true, "services": true, "environment": true, "home": true, "boot": true, "networking": true, "users": true,
	"security": true, "hardware": true, "system": true, "virtualisation": true, "fonts": true, "xdg": true, "config": true,
	"options": true, "common": true, "profiles": true, "desktop": true,
}

// plain drops what names of inputs and of options spell differently.
func plain(s string) string {
	s = strings.ToLower(s)
	s = strings.TrimSuffix(s, ".nix")
	s = joiners.Replace(s)
	s = strings.TrimPrefix(s, "nixos")
	return strings.TrimSuffix(strings.TrimPrefix(s, "nix"), "nix")
}

var joiners = strings.NewReplacer("-", "", "_", "")

// covers reports whether an option may be declared outside.
func (o *outside) covers(path []string) bool {
	for _, r := range o.roots {
		if n := min(len(r), len(path)); slices.Equal(r[:n], path[:n]) && len(path) >= len(r) {
			return true
		}
	}
	if len(o.words) == 0 {
		return false
	}
	for _, c := range path {
		if slices.Contains(o.words, plain(c)) {
			return true
		}
	}
	return false
}
