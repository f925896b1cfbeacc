package fleet

import "nixgen/diag"

// Platforms of a host. A nixos host has a NixOS system, a darwin host a
// nix-darwin one, a home host home-manager alone.
const (
	NixOS  = "nixos"
	Darwin = "darwin"
	Home   = "home"
)

// Value is what a table of free form holds after decoding: nil, bool, int64,
// float64, string, Path, []any or map[string]any, the last two of Values. It
// has no dates; TOML's nan and inf are refused.
type Value = any

// Path is a Value that names a file or folder of the tree; it prints as a Nix
// path, where a string prints as a string. Slash-separated, cleaned, relative
// to hosts.toml, without a leading "./".
type Path string

// Fleet is everything hosts.toml says.
type Fleet struct {
	// File is the name given to Load, as it appears in diagnostics.
	File string
	// Pin is the version constraint of [fleet] nixgen, such as ">=0.1"; Load has
	// checked it against Env.Version.
	Pin string
	// Flake is the reference under which machines find this fleet,
	// "github:me/fleet"; empty when not said.
	Flake, Description string
	// CheckSystems are the systems that get `checks`, sorted; by default the
	// Linux and Darwin systems of the hosts.
	CheckSystems []string
	// Inputs names the flake's inputs.
	Inputs Inputs
	Layout Layout
	// Fields are all hostSpec fields, those of schema.toml and those of
	// [fields], sorted by name.
	Fields []*Field
	Users  []*User // sorted by name
	Roles  []*Role // sorted by name
	Hosts  []*Host // sorted by name
	// Waves are those of [updates] in their order, then the hosts' further ones,
	// sorted.
	Waves []string
	Lint  Lint
	// CI is nil without [ci].
	CI *CI
	// Secrets is nil without [secrets]; Keys holds [keys] (admin recipients),
	// sorted by name.
	Secrets *Secrets
	Keys    []Key
	doc     *Document
}

// Host returns the host of that exact name, or nil.
func (f *Fleet) Host(name string) *Host {
	return find(f.Hosts, name, func(h *Host) string { return h.Name })
}

// User returns the user of that exact name, or nil.
func (f *Fleet) User(name string) *User {
	return find(f.Users, name, func(u *User) string { return u.Name })
}

// Role returns the role of that exact name, or nil.
func (f *Fleet) Role(name string) *Role {
	return find(f.Roles, name, func(r *Role) string { return r.Name })
}

// Field returns the hostSpec field of that exact name, or nil.
func (f *Fleet) Field(name string) *Field {
	return find(f.Fields, name, func(x *Field) string { return x.Name })
}

// Inputs maps what nixgen needs to the names of the flake's inputs. Each has
// the usual name as default ("nixpkgs", "nix-darwin", "home-manager", "disko",
// "sops-nix", "colmena", "deploy-rs", "nixos-facter-modules", "nixos-anywhere").
type Inputs struct {
	Nixpkgs, NixDarwin, HomeManager, Disko, SopsNix string
	Colmena, DeployRs, NixosFacterModules           string
	NixosAnywhere                                   string
}

// Host is one machine with everything resolved (see the package comment).
type Host struct {
	// Name is a safe folder and DNS label.
	Name string
	// Span is the host's name in its table header.
	Span diag.Span
	// System is "x86_64-linux", "aarch64-linux", "aarch64-darwin", …;
	// Platform follows from it and Kind: NixOS, Darwin or Home.
	System, Platform string
	// Kind is one of Kinds: "desktop", "laptop", "server", "home", or "" when
	// not said.
	Kind        string
	Description string
	// StateVersion is a string on NixOS and home hosts, an int64 on Darwin.
	StateVersion Value
	// HomeStateVersion turns home-manager on; empty means that this host has
	// none. On home hosts it equals StateVersion.
	HomeStateVersion string
	// HostID is 8 lower-case hex digits; empty when not said.
	HostID string
	// Roles in the host's order; Tags sorted.
	Roles, Tags []string
	// OptIn are the subscribed opt-in modules that exist for this platform, in
	// order of subscription, less those in optOut.
	OptIn []string
	// Users in the order of subscription: the primary user first.
	Users []*Account
	// Spec holds the built-in hostSpec fields, typed; SpecValues lists all.
	Spec HostSpec
	// Declared holds the values of the fleet's own fields ([fields]), complete.
	Declared map[string]Value
	// Modules are flake inputs' modules for the system, those for other
	// platforms left out; HomeModules those for home-manager, shared by all
	// users of the host.
	Modules, HomeModules []ModuleRef
	// Files are further module files of the tree.
	Files []string
	// SpecialArgs reach modules beside inputs and hostSpec.
	SpecialArgs map[string]Value
	Nixpkgs     Nixpkgs
	Nix         Nix
	// Binfmt lists foreign systems a NixOS host runs by emulation, sorted.
	Binfmt []string
	// HardwareFile and Facter are set where hosts.toml names them; empty means:
	// those that layout finds beside the host's entry.
	HardwareFile, Facter string
	// Disks sorted by name; NixOS only.
	Disks []*Disk
	// Darwin is set on Darwin hosts only.
	Darwin *DarwinSettings
	// Address is an IP address or DNS name; empty when not said.
	Address string
	Deploy  Deploy
	// AgeKey is the host's recipient ("age1…" or an ssh-ed25519 public key);
	// empty when not said.
	AgeKey string
	// Sops is nil where no level declares secrets for the system.
	Sops *Sops
	// Updates is nil where no level switches updates on.
	Updates *Updates
	// Services are nixgen's own service templates by name, each with its
	// parameters, as [hosts.H.services.NAME].
	Services map[string]map[string]Value
}

// Kinds are the values of `kind`.
var Kinds = []string{"desktop", "laptop", "server", "home"}

// Account is a user as he is on one host: [users.NAME] with what
// [hosts.H.accounts.NAME] changes. What the platform does not have is empty.
type Account struct {
	Name     string
	Primary  bool
	FullName string
	// Home is absolute: by default /home/NAME, /Users/NAME on Darwin, /root.
	Home string
	// Shell is an attribute of pkgs ("zsh"); empty leaves the platform's own.
	Shell string
	// UID is nil when not said.
	UID *int64
	// Admin means wheel on NixOS; on Darwin the user is made administrator by
	// macOS, and a trusted user of Nix by us.
	Admin   bool
	SSHKeys []string
	// NixOS only.
	ExtraGroups                                               []string
	HashedPassword, InitialHashedPassword, HashedPasswordFile string
	passwordSecret                                            string
	// HomeManager is nil where home-manager does not manage this user.
	HomeManager *AccountHome
}

// AccountHome is what home-manager gets for one user of one host, beside the
// common modules of home/USER and the file for the host, which layout knows.
type AccountHome struct {
	StateVersion string
	OptIn        []string
	Modules      []ModuleRef
	Files        []string
	// Sops is nil where the home has no secrets.
	Sops *Sops
	sops *node
}

// User is [users.NAME] as written, not bound to a host.
type User struct {
	Name string
	Span diag.Span
	// FullName, Handle and Email are the person's; Email maps a purpose to an
	// address, a plain string being `{ default = … }`.
	FullName, Handle string
	Email            map[string]string
	// Home is empty unless written.
	Home, Shell                                               string
	UID                                                       *int64
	Admin                                                     bool
	SSHKeys, ExtraGroups                                      []string
	HashedPassword, InitialHashedPassword, HashedPasswordFile string
	AgeKey                                                    string
	OptIn                                                     []string
	Modules                                                   []ModuleRef
	Files                                                     []string
	account                                                   account
	sops                                                      *node
}

// Role is [roles.NAME]: hosts carry its settings merged; here is what a reader
// of the table wants to see.
type Role struct {
	Name        string
	Span        diag.Span
	Description string
	Kind        string
	OptIn       []string
	Users       []string
	Tags        []string
	// Hosts that have it, sorted.
	Hosts []string
}

// ModuleRef is an attribute of a flake input: "nixos-hardware.nixosModules.x".
type ModuleRef struct {
	Input string
	Attrs []string // at least one
	// Class is NixOS, Darwin or Home when the first attribute says so
	// (nixosModules, darwinModules, homeModules, homeManagerModules), else "".
	Class string
	// Key and Span are where it was written: "hosts.malphas.modules[0]".
	Key  string
	Span diag.Span
}

// String is how hosts.toml writes it.
func (r ModuleRef) String() string {
	s := quoteAttr(r.Input)
	for _, a := range r.Attrs {
		s += "." + quoteAttr(a)
	}
	return s
}

func quoteAttr(a string) string {
	if identRE.MatchString(a) {
		return a
	}
	return `"` + a + `"`
}

// Overlay is either an attribute of an input or a file of the tree.
type Overlay struct {
	Ref  *ModuleRef // nil for a file
	File string
}

// String is how hosts.toml writes it.
func (o Overlay) String() string {
	if o.Ref != nil {
		return "inputs." + o.Ref.String()
	}
	return "./" + o.File
}

// Nixpkgs is emitted as nixpkgs.* options.
type Nixpkgs struct {
	// Input is the flake input the system is built from; never empty.
	Input                     string
	AllowUnfree, AllowBroken  bool
	AllowUnfreePackages       []string
	PermittedInsecurePackages []string
	Config                    map[string]Value // further nixpkgs.config
	Overlays                  []Overlay
	Channels                  []Channel // sorted by name
}

// Channel is a second nixpkgs, reached as pkgs.NAME.
type Channel struct{ Name, Input string }

// Nix is how a host uses Nix.
type Nix struct {
	// Enable is false on a Mac whose Nix is managed elsewhere (Determinate).
	Enable                                        bool
	Substituters, TrustedPublicKeys, TrustedUsers []string
	ExperimentalFeatures                          []string
	Settings                                      map[string]Value // further nix.settings
	Builders                                      []Builder        // sorted by name; never the host itself
}

// Builder is a remote builder, a row of nix.buildMachines.
type Builder struct {
	Name string
	// HostName is as written, or the address or name of the host of the fleet
	// that Name says.
	HostName                             string
	Systems                              []string
	SSHUser, SSHKey, PublicHostKey       string
	Protocol                             string // "ssh-ng" or "ssh"
	MaxJobs, SpeedFactor                 int64
	SupportedFeatures, MandatoryFeatures []string
}

// Disk is one entry of hosts.H.disks. Exactly one of Profile and File is set.
type Disk struct {
	Name    string
	Span    diag.Span
	Profile string
	// File is the host's own disko file.
	File string
	// Adopt means an installed machine: mounts by device, never formatted.
	Adopt bool
	// Params has every parameter of the profile, defaults filled in.
	Params map[string]Value
	// Provides are the mount points, sorted.
	Provides []string
	// Devices are all values of parameters of type device, sorted.
	Devices []string
	// Steps are left to do by hand after the installation, in the profile's
	// order.
	Steps []string
}

// DarwinSettings is what only nix-darwin has.
type DarwinSettings struct {
	ComputerName, LocalHostName string // by default the host's name
	PrimaryUser                 string
	TouchIDSudo                 bool
	Rosetta                     bool
	LinuxBuilder                *LinuxBuilder // nil when off
	Homebrew                    *Homebrew     // nil when not used
	// Defaults are system.defaults, nested as there.
	Defaults map[string]Value
}

// LinuxBuilder is nix.linux-builder.
type LinuxBuilder struct {
	Ephemeral bool
	MaxJobs   int64
	Systems   []string
}

// Homebrew is nix-darwin's homebrew.*.
type Homebrew struct {
	Taps, Brews, Casks []HomebrewItem
	MasApps            map[string]int64
	Cleanup            string // "none", "check", "uninstall" or "zap"
	AutoUpdate         bool
	Upgrade            bool
}

// HomebrewItem is a name, with options where it was written as a table.
type HomebrewItem struct {
	Name    string
	Options map[string]Value // nil when written as a string
}

// Deploy is how tools reach a host.
type Deploy struct {
	User          string
	Port          int64 // 0: not said
	BuildOnTarget bool
	Wave          string
	DependsOn     []string
}

// Layout is [layout] with defaults filled in. Patterns are globs with
// {platform}, {host}, {user}; MODULES says which file a folder stands for.
type Layout struct {
	Common, OptIn, Modules, Hosts, Home []string
	Generated                           string
	// Wiring is "generated" or "manual".
	Wiring string
	Groups []Group // sorted by name
	Ignore []string
	// PlatformNames maps NixOS and Darwin to the file and folder names that mean
	// them.
	PlatformNames map[string][]string
	// Args are the fleet's own specialArgs and their values, for lint.
	Args map[string]Value
}

// Group is a folder shared by a set of hosts.
type Group struct {
	Name  string
	Paths []string
	Hosts []string
}

// Lint is [lint].
type Lint struct {
	// Disable lists rule ids; Severity maps a rule id to "error", "warning" or
	// "info".
	Disable  []string
	Enable   []string
	Severity map[string]string
	Ignore   []string
	// Options are further option roots that exist though no catalog knows them.
	Options []string
	Paths   []LintPath
}

// LintPath changes rules below a glob.
type LintPath struct {
	Glob    string
	Disable []string
	Enable  []string
}

// Key is a recipient of [keys], such as an administrator's.
type Key struct{ Name, Recipient string }

// Secrets is [secrets].
type Secrets struct {
	Input string
	// Shared and PerHost are paths inside the input; PerHost holds {host}.
	Shared, PerHost string
	// URL is the input's flake reference; empty when not said.
	URL string
	// Plain is what else the input has: attributes that are not encrypted.
	Plain []PlainField
}
