package fleet

// The shape of hosts.toml. What a key means to a reader is said here, once: the
// reference in the docs and the descriptions in hosts.schema.json are made from
// these words.

// Names known from the file itself or from Env.
var (
	roleName  = name("role", func(w *walker) *nameSet { return w.tableNames("roles") })
	userName  = name("user", func(w *walker) *nameSet { return w.tableNames("users") })
	hostName  = name("host", func(w *walker) *nameSet { return w.tableNames("hosts") })
	optInName = name("opt-in module", func(w *walker) *nameSet {
		return w.once("optIn()", func() []string { return namesOf(w.env.OptIn) })
	})
	homeOptIn = name("home module", (*walker).homeOptIns)
	inputName = name("flake input", (*walker).inputs)
	ruleName  = name("lint rule", func(w *walker) *nameSet {
		return w.once("rules()", func() []string { return w.env.Rules })
	})
	tagName    = matching(nameRE, "letters, digits, `-` and `_`")
	systemName = enum("system", Systems...)
	kindName   = enum("kind", Kinds...)
	roleKind   = enum("kind", "desktop", "laptop", "server")
	moduleRef  = text(checkModuleRef)
	treeFile   = text(checkTreePath)
	glob       = text(checkGlob)
	line       = text(checkOneLine)
	severity   = enum("severity", "error", "warning", "info")
)

func namesOf[V any](m map[string]V) []string {
	if m == nil {
		return nil
	}
	return append([]string{}, sortedKeys(m)...)
}

// homeOptIns are those of any user; which user has which is judged per host.
func (w *walker) homeOptIns() *nameSet {
	return w.once("homeOptIn()", func() []string {
		if w.env.Home == nil {
			return nil
		}
		all := map[string]bool{}
		for _, h := range w.env.Home {
			for n := range h.OptIn {
				all[n] = true
			}
		}
		return namesOf(all)
	})
}

// rootShape is the whole file.
var rootShape = table(
	key("fleet", fleetShape, "what holds for the whole fleet; also every setting of a role, as the default for all hosts"),
	key("inputs", inputsShape, "names of flake inputs, where they differ from the usual ones"),
	key("layout", layoutShape, "where the hand-written modules are"),
	key("nixpkgs", nixpkgsShape, "packages of all hosts; also on roles and hosts"),
	key("nix", nixShape, "how all hosts use Nix; also on roles and hosts"),
	key("fields", mapOf("FIELD", checkFieldName, fieldShape), "the fleet's own hostSpec fields"),
	key("users", mapOf("USER", keyMatches(userRE, "user name", "at most 31 letters, digits, `_`, `.` and `-`, beginning with a letter or `_`"), userShape), "people and the accounts they get"),
	key("roles", mapOf("ROLE", keyMatches(nameRE, "role name", "letters, digits, `-` and `_`"), roleShape), "bundles of subscriptions and settings for hosts to share"),
	key("hosts", mapOf("HOST", checkHostName, hostShape), "the machines"),
	key("secrets", secretsShape, "the private input that holds secrets"),
	key("sops", sopsShape, "secrets of all hosts, decrypted by sops-nix; also on roles and hosts"),
	key("keys", mapOf("NAME", keyMatches(nameRE, "key name", "letters, digits, `-` and `_`"), text(checkRecipient)), "recipients besides hosts and users, such as administrators"),
	key("updates", updatesShape, "automatic updates of all hosts; also on roles and hosts"),
	key("services", servicesShape, "parameters of nixgen's own service modules; also on roles and hosts"),
	key("ci", ciShape, "what a forge does with every change; the table alone asks for it"),
	key("lint", lintShape, "what lint reports"),
)

var fleetShape = table(concat([]*keyDef{
	key("nixgen", matching(pinRE, "a version such as `>=0.1`"), "versions of nixgen that may write this fleet, so that two people do not undo each other"),
	key("flake", text(checkFlakeRef), "reference under which machines find the fleet, such as `github:me/fleet`"),
	key("checkSystems", listOf(systemName), "systems that get `checks`").or("the systems of the hosts"),
	key("description", line, "one line about the fleet"),
}, settingKeys())...)

// settingKeys may stand on the fleet, on roles and on hosts.
func settingKeys() []*keyDef {
	return []*keyDef{
		key("optIn", listOf(optInName), "opt-in modules to subscribe to, by their path below the tier's folder"),
		key("users", listOf(userName), "users of the host; the first one is the primary user"),
		key("tags", listOf(tagName), "labels for selecting hosts"),
		key("hostSpec", specShape, "values of hostSpec fields"),
		key("modules", listOf(moduleRef), "modules of flake inputs, such as `stylix.nixosModules.stylix`; those of the attributes `darwinModules` and `homeModules` go to Macs and to home-manager"),
		key("files", listOf(treeFile), "further module files to import"),
		key("specialArgs", mapOf("NAME", checkArgName, free()), "further arguments for modules"),
		key("binfmt", listOf(systemName), "foreign systems to run by emulation").on(NixOS),
		key("homebrew", homebrewShape, "Homebrew packages").on(Darwin),
		key("defaults", defaultsShape, "macOS defaults, as `system.defaults` of nix-darwin").on(Darwin),
		key("touchIdSudo", boolean(), "sudo asks for a fingerprint").on(Darwin).or("false"),
		key("rosetta", boolean(), "build and run x86_64 programs").on(Darwin).or("false"),
		key("linuxBuilder", either(boolean(), linuxBuilderShape), "a virtual machine that builds for Linux").on(Darwin).or("false"),
		key("home", mapOf("USER", checkUserKey, homeShape), "home-manager modules per user"),
	}
}

// ownSettingKeys stand on roles and hosts; for the fleet they are tables of
// their own.
func ownSettingKeys() []*keyDef {
	return append(settingKeys(),
		key("nixpkgs", nixpkgsShape, "as `[nixpkgs]`"),
		key("nix", nixShape, "as `[nix]`"),
		key("updates", updatesShape, "as `[updates]`").on(NixOS, Darwin),
		key("services", servicesShape, "as `[services]`"),
		key("sops", sopsShape, "as `[sops]`").on(NixOS, Darwin),
		key("deploy", deployShape, "how deployment tools reach the host"),
	)
}

var roleShape = table(concat([]*keyDef{
	key("description", line, "one line about the role"),
	key("kind", roleKind, "kind of the hosts that have the role"),
}, ownSettingKeys())...)

var hostShape = table(concat([]*keyDef{
	key("system", systemName, "the host's Nix system, such as `x86_64-linux`").must(),
	key("kind", kindName, "what sort of machine it is; `home` has home-manager alone"),
	key("description", line, "one line about the host"),
	key("stateVersion", stateVersionShape, "the release the host was installed with, such as `\"25.11\"`; on a Mac an integer from 1 to 7. Written once, never changed").must(),
	key("homeStateVersion", text(checkRelease), "the home-manager release that the homes were made with; it switches home-manager on for the host").on(NixOS, Darwin),
	key("hostId", matching(hostIDRE, "8 lower-case hex digits"), "`networking.hostId`, which ZFS needs").on(NixOS),
	key("roles", listOf(roleName), "roles of the host; a later one wins over an earlier one"),
	key("optOut", listOf(optInName), "opt-in modules that a role or the fleet brings and this host does not want"),
	key("primaryUser", userName, "the main user").or("the first of `users`"),
	key("accounts", mapOf("USER", checkUserKey, accountShape), "what is different about a user on this host"),
	key("hardware", treeFile, "the host's hardware-configuration.nix").on(NixOS).or("found beside the host's entry"),
	key("facter", treeFile, "the host's facter.json").on(NixOS).or("found beside the host's entry"),
	key("disks", mapOf("DISK", keyMatches(diskRE, "disk name", "at most 16 lower-case letters, digits and `-`, beginning with a letter"), diskShape), "disks by a name that the host's partition labels keep").on(NixOS),
	key("address", text(checkAddress), "IP address or DNS name"),
	key("ageKey", text(checkRecipient), "the host's recipient for secrets"),
	key("computerName", line, "name shown by macOS").on(Darwin).or("the host's name"),
	key("localHostName", matching(hostRE, "letters, digits and inner hyphens"), "name on the local network").on(Darwin).or("the host's name"),
}, ownSettingKeys())...)

var inputsShape = table(
	key("nixpkgs", inputName, "nixpkgs").or("nixpkgs"),
	key("nixDarwin", inputName, "nix-darwin").or("nix-darwin"),
	key("homeManager", inputName, "home-manager").or("home-manager"),
	key("disko", inputName, "disko").or("disko"),
	key("sopsNix", inputName, "sops-nix").or("sops-nix"),
	key("colmena", inputName, "colmena").or("colmena"),
	key("deployRs", inputName, "deploy-rs").or("deploy-rs"),
	key("nixosFacterModules", inputName, "nixos-facter-modules").or("nixos-facter-modules"),
	key("nixosAnywhere", inputName, "nixos-anywhere").or("nixos-anywhere"),
)

var layoutShape = table(
	key("common", oneOrMore(glob), "modules for every host of their platform").or("modules/common"),
	key("optIn", oneOrMore(glob), "modules that hosts subscribe to").or("modules/opt-in"),
	key("modules", oneOrMore(glob), "option libraries, imported everywhere").or("modules/lib"),
	key("hosts", oneOrMore(glob), "folders of hosts; `{host}` is added when absent").or("hosts"),
	key("home", oneOrMore(glob), "folders of home modules; `{user}` is added when absent").or("home"),
	key("generated", treeFile, "the folder that nixgen writes").or("generated"),
	key("groups", mapOf("GROUP", keyMatches(nameRE, "group name", "letters, digits, `-` and `_`"), table(
		key("paths", oneOrMore(glob), "folders of the group").must(),
		key("hosts", listOf(hostName), "hosts that share them").must(),
	)), "modules shared by a set of hosts"),
	key("ignore", listOf(glob), "files that are none of these"),
	key("wiring", enum("wiring", "generated", "manual"), "`manual` for a fleet whose flake wires its own hosts: nothing but facts is generated").or("generated"),
	key("platformNames", table(
		key("nixos", listOf(line), "names that mean NixOS").or("nixos"),
		key("darwin", listOf(line), "names that mean macOS").or("darwin"),
	), "file and folder names that mean a platform"),
	key("args", freeTable(), "specialArgs of a manually wired fleet and their values, for lint"),
)

var nixpkgsShape = table(
	key("input", inputName, "the flake input that the system is built from").or("`nixpkgs` of `[inputs]`"),
	key("allowUnfree", boolean(), "allow unfree packages").or("false"),
	key("allowUnfreePackages", listOf(line), "names of the unfree packages to allow"),
	key("allowBroken", boolean(), "allow packages marked broken").or("false"),
	key("permittedInsecurePackages", listOf(line), "insecure packages to allow, with their version"),
	key("config", freeTable(), "further nixpkgs configuration"),
	key("overlays", listOf(text(checkOverlay)), "`inputs.NAME.overlays.default` or a file such as `./overlays`"),
	key("channels", mapOf("NAME", checkArgName, inputName), "further nixpkgs: `unstable = \"nixpkgs-unstable\"` gives `pkgs.unstable`"),
)

var nixShape = table(
	key("enable", boolean(), "let the configuration manage Nix; `false` where Determinate does").or("true"),
	key("substituters", listOf(text(checkSubstituter)), "binary caches"),
	key("trustedPublicKeys", listOf(text(checkCacheKey)), "keys of binary caches"),
	key("trustedUsers", listOf(line), "users who may do anything with the store"),
	key("experimentalFeatures", listOf(line), "experimental features to switch on"),
	key("settings", freeTable(), "further nix.conf settings"),
	key("builders", mapOf("NAME", keyMatches(nameRE, "builder name", "letters, digits, `-` and `_`"), builderShape), "remote builders; the name of a host of the fleet supplies its address and system"),
)

var builderShape = table(
	key("hostName", text(checkAddress), "where it is").or("the address or name of the host of that name"),
	key("systems", listOf(systemName), "what it builds for").or("the system of the host of that name"),
	key("sshUser", line, "user to log in as"),
	key("sshKey", text(checkAbsolute), "private key on the machine that builds remotely"),
	key("publicHostKey", line, "the builder's host key in base64"),
	key("protocol", enum("protocol", "ssh-ng", "ssh"), "how to talk to it").or("ssh-ng"),
	key("maxJobs", integer(1, 1024), "jobs at once").or("1"),
	key("speedFactor", integer(1, 1024), "preference among builders").or("1"),
	key("supportedFeatures", listOf(line), "features it has, such as `kvm`"),
	key("mandatoryFeatures", listOf(line), "features a build must ask for"),
)

var fieldShape = table(
	key("type", line, "`bool`, `int`, `float`, `string`, `enum`, `path`, or `listOf`, `attrsOf`, `nullable` before one of them").must(),
	key("values", listOf(line), "values of an `enum`"),
	key("default", free(), "value of hosts that say none; without one each host must, unless the field is nullable"),
	key("min", typeShape(&Type{Kind: Int}), "smallest value of an `int`, or length of a `listOf`"),
	key("max", typeShape(&Type{Kind: Int}), "largest value of an `int`, or length of a `listOf`"),
	key("description", line, "what the field says about a host").must(),
)

func userKeys() []*keyDef {
	return append(accountKeys(),
		key("handle", line, "short public name, as on a code forge"),
		key("email", either(line, mapOf("PURPOSE", nil, line)), "mail address, or addresses by purpose"),
		key("ageKey", text(checkRecipient), "the user's recipient for secrets"),
		key("sops", homeSopsShape, "secrets of the user's home, decrypted by sops-nix wherever home-manager is on"),
		key("optIn", listOf(homeOptIn), "opt-in modules of the user's home, wherever home-manager is on"),
		key("modules", listOf(moduleRef), "home-manager modules of flake inputs"),
		key("files", listOf(treeFile), "further home-manager module files"),
	)
}

// accountKeys may differ from host to host.
func accountKeys() []*keyDef {
	return []*keyDef{
		key("fullName", line, "full name"),
		key("admin", boolean(), "may use sudo").or("false"),
		key("sshKeys", listOf(text(checkSSHKey)), "public keys that may log in"),
		key("shell", matching(identRE, "the name of a package"), "login shell, such as `zsh`"),
		key("uid", integer(0, 1<<31), "number of the user"),
		key("home", text(checkAbsolute), "home folder").or("`/home/USER`, on a Mac `/Users/USER`"),
		key("extraGroups", listOf(matching(userRE, "a group name")), "further groups").on(NixOS),
		key("hashedPassword", text(checkPassword), "hash of the password; everybody who can read the fleet can read it").on(NixOS),
		key("initialHashedPassword", text(checkPassword), "hash of the first password").on(NixOS),
		key("hashedPasswordFile", text(checkAbsolute), "file on the host that holds the hash").on(NixOS),
		key("hashedPasswordSecret", secretName, "secret that holds the hash, decrypted before users exist").on(NixOS),
	}
}

var (
	userShape    = table(userKeys()...)
	accountShape = table(accountKeys()...)
)

var homeShape = table(
	key("optIn", listOf(homeOptIn), "opt-in modules of the user's home"),
	key("modules", listOf(moduleRef), "home-manager modules of flake inputs"),
	key("files", listOf(treeFile), "further home-manager module files"),
	key("sops", homeSopsShape, "secrets of the user's home"),
)

var homebrewShape = table(
	key("taps", listOf(either(line, brewItem("taps"))), "taps"),
	key("brews", listOf(either(line, brewItem("brews"))), "formulae"),
	key("casks", listOf(either(line, brewItem("casks"))), "casks"),
	key("masApps", mapOf("NAME", nil, integer(1, 1<<40)), "App Store applications and their numbers"),
	key("cleanup", enum("value", "none", "check", "uninstall", "zap"), "what becomes of packages not listed").or("none"),
	key("autoUpdate", boolean(), "update Homebrew itself on activation").or("false"),
	key("upgrade", boolean(), "upgrade packages on activation").or("false"),
)

var linuxBuilderShape = table(
	key("ephemeral", boolean(), "start from a fresh disk each time").or("false"),
	key("maxJobs", integer(1, 1024), "jobs at once").or("1"),
	key("systems", listOf(systemName), "what it builds for"),
)

var deployShape = table(
	key("user", matching(userRE, "a user name"), "user to log in as").or("root"),
	key("port", integer(1, 65535), "SSH port"),
	key("buildOnTarget", boolean(), "build on the host itself").or("false"),
	key("wave", tagName, "group of hosts deployed together"),
	key("dependsOn", listOf(hostName), "hosts to deploy first"),
)

var secretsShape = table(
	key("input", inputName, "the flake input").or("nix-secrets"),
	key("shared", treeFile, "path in the input of the file for all hosts").or("sops/shared.yaml"),
	key("perHost", glob, "path in the input of the file of one host").or("sops/{host}.yaml"),
	key("url", text(checkFlakeRef), "reference of the input, such as `git+ssh://git@example.org/me/nix-secrets`, for messages"),
	key("plain", plainTable, "attributes of the input that are not encrypted, each with its type: modules read them as `secrets.ATTR`"),
)

var lintShape = table(
	key("disable", listOf(ruleName), "rules not to run"),
	key("enable", listOf(ruleName), "rules to run that are off by default"),
	key("severity", mapOf("RULE", checkRuleKey, severity), "severity of a rule"),
	key("ignore", listOf(glob), "files to say nothing about"),
	key("options", listOf(line), "further option roots that exist though no catalog knows them"),
	key("paths", mapOf("GLOB", nil, table(
		key("disable", listOf(ruleName), "rules not to run there"),
		key("enable", listOf(ruleName), "rules to run there"),
	)), "rules by place"),
)
