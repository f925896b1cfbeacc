package rules

// recallValues are modules of one option each whose value, not whose name,
// evaluation may refuse. They are evaluated to the whole system of a Mac.
func recallValues() []recallCase {
	var out []recallCase
	for _, of := range []struct {
		class string
		texts []string
	}{
		{"darwin", []string{
			`system.stateVersion = "25.11"`, `system.stateVersion = 6`, `system.stateVersion = 99`, `system.stateVersion = lib.mkForce "6"`,
			`system.defaults.dock.autohide = "yes"`, `system.defaults.dock.autohide = true`, `system.defaults.dock.orientation = "top"`,
			`system.defaults.dock.orientation = "left"`, `system.defaults.dock.tilesize = "48"`, `system.defaults.dock.tilesize = 48`,
			`system.defaults.NSGlobalDomain.KeyRepeat = 1.5`, `system.defaults.NSGlobalDomain.KeyRepeat = 2`,
			`system.defaults.NSGlobalDomain.AppleInterfaceStyle = "Light"`, `system.defaults.NSGlobalDomain.AppleInterfaceStyle = "Dark"`,
			`system.defaults.finder.FXPreferredViewStyle = "list"`,
			`environment.variables.X = 1`, `environment.variables.X = "1"`, `environment.variables.X = [ "a" "b" ]`, `environment.variables.X = null`,
			`environment.variables = { X = true; }`, `environment.shellAliases.ll = null`, `environment.shellAliases.ll = "ls -l"`,
			`environment.shellAliases = { ll = 1; }`, `environment.systemPath = "x"`, `environment.systemPath = [ "x" ]`, `environment.systemPath = [ 1 ]`,
			`environment.etc.x.text = 1`, `environment.etc.x.text = "1"`, `environment.etc.x.enable = "no"`, `environment.etc.x = { text = ""; source = 1; }`,
			`services.openssh.enable = 1`, `services.openssh.enable = true`, `services.openssh.enable = lib.mkIf false "x"`,
			`services.openssh.enable = lib.mkMerge [ true "x" ]`, `services.openssh = { enable = if true then "a" else "b"; }`,
			`programs.zsh.enable = null`, `programs.zsh.enable = lib.mkDefault "yes"`, `networking.hostName = 5`, `networking.hostName = "mac"`,
			`networking.dns = "1.1.1.1"`, `networking.dns = [ "1.1.1.1" ]`, `networking.dns = [ 1 ]`, `networking.knownNetworkServices = [ true ]`,
			`homebrew.enable = "true"`, `homebrew.onActivation.cleanup = "all"`, `homebrew.onActivation.cleanup = "zap"`, `homebrew.onActivation.cleanup = true`,
			`homebrew.casks = [ "firefox" 1 ]`, `homebrew.casks = [ "firefox" { name = "x"; greedy = "no"; } ]`, `homebrew.masApps.X = "1"`, `homebrew.masApps.X = 1`,
			`nix.settings.cores = "4"`, `nix.settings.max-jobs = "auto"`, `nix.gc.automatic = "weekly"`, `nix.gc.interval = "weekly"`,
			`users.users.tim.uid = "501"`, `users.users.tim.home = 1`, `users.users.tim.isHidden = 0`, `users.users.tim.shell = "/bin/zsh"`,
			`time.timeZone = true`, `time.timeZone = "Europe/Berlin"`, `documentation.enable = "no"`,
			`networking.fqdnOrHostName = "x"`, `system.nixpkgsRelease = "x"`, `system.darwinRelease = "x"`, `homebrew.brewfile = ""`,
			`nix.gc.dates = "weekly"`, `services.nix-daemon.enable = true`, `security.pam.enableSudoTouchIdAuth = true`, `fonts.fontDir.enable = true`,
			`nix.useDaemon = true`, `nix.gc.dates = lib.mkIf false "weekly"`, `services = { nix-daemon = { enable = false; }; }`, `environment.loginShell = "x"`,
			`fonts.fonts = [ ]`, `nix.readOnlyStore = true`, `nix.optimise.dates = [ ]`, `nix.configureBuildUsers = true`,
			`launchd.user.agents.x.serviceConfig.KeepAlive = "x"`, `launchd.user.agents.x.serviceConfig.RunAtLoad = "x"`,
			`launchd.daemons.x.serviceConfig.StartInterval = "60"`, `launchd.daemons.x.serviceConfig.StartInterval = 60`, `launchd.agents.x.command = 1`,
			`fonts.packages = "x"`, `environment.systemPackages = [ "vim" ]`, `environment.systemPackages = pkgs.hello`, `power.sleep.display = "soon"`, `power.sleep.display = "never"`,
			`power.sleep.display = 0`, `power.sleep.display = 5`, `networking.applicationFirewall.enable = 1`, `security.sudo.extraConfig = [ ]`,
		}},
		{"home", []string{
			`services.dunst.enable = true`, `services.dunst.enable = false`, `programs.waybar.enable = true`, `programs.waybar.enable = lib.mkIf false true`,
			`wayland.windowManager.sway.enable = true`, `services.gammastep.enable = true`, `programs.rofi.enable = true`, `gtk.enable = 1`,
			`programs.git.enable = "yes"`, `programs.git.enable = true`, `home.stateVersion = lib.mkForce 25`, `home.stateVersion = lib.mkForce "99.99"`,
			`home.sessionVariables.X = [ "a" ]`, `home.sessionVariables.X = 1`, `home.sessionVariables.X = true`, `home.shellAliases.ll = 1`,
			`home.packages = "vim"`, `home.packages = [ "vim" ]`, `home.file.x.text = 1`, `home.file.x.text = "1"`, `home.file.x.enable = 0`,
			`home.profileDirectory = "/x"`, `programs.bash.historySize = "100"`, `programs.bash.historySize = 100`, `programs.zsh.history.size = true`,
			`programs.fzf.enableZshIntegration = 1`, `programs.starship.settings = [ ]`, `programs.starship.settings.add_newline = false`,
			`programs.direnv.nix-direnv.enable = "x"`, `services.mako.enable = true`, `services.kanshi.enable = true`, `programs.swaylock.enable = true`,
			`programs.tmux.keyMode = "nano"`, `programs.tmux.keyMode = "vi"`, `programs.tmux.baseIndex = "1"`, `programs.tmux.escapeTime = 1.5`,
			`xdg.enable = "x"`, `home.keyboard.layout = 1`, `home.sessionPath = "x"`, `home.sessionPath = [ 1 ]`, `home.username = lib.mkForce 1`,
		}},
	} {
		for _, text := range of.texts {
			out = append(out, recallCase{
				name: of.class + "/value/" + text, class: of.class, whole: true, module: "{ lib, pkgs, ... }:\n{ " + text + "; }\n",
			})
		}
	}
	return out
}
