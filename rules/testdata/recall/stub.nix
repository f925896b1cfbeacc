# Options of three platforms, few but real, and a pkgs that is made from config
# as the real ones are: what recall_test.go evaluates its cases with.
{ lib, class, module }:
let
  inherit (lib) mkOption types;
  opt = type: default: mkOption { inherit type default; };
  shared = {
    services.openssh.enable = opt types.bool false;
    documentation.enable = opt types.bool false;
    environment.variables = opt (types.attrsOf types.str) { };
    environment.systemPackages = opt (types.listOf types.anything) [ ];
  };
  user = extra: opt (types.attrsOf (types.submodule { options = { home = opt types.str "/"; } // extra; })) { };
  options = {
    nixos = lib.recursiveUpdate shared {
      services.fwupd.enable = opt types.bool false;
      boot.loader.timeout = opt types.int 5;
      users.users = user { extraGroups = opt (types.listOf types.str) [ ]; };
      networking.hosts = opt (types.attrsOf (types.listOf types.str)) { };
      system.stateVersion = opt types.str "25.11";
    };
    darwin = lib.recursiveUpdate shared {
      homebrew.enable = opt types.bool false;
      homebrew.casks = opt (types.listOf types.str) [ ];
      system.defaults.dock.autohide = opt types.bool false;
      users.users = user { isHidden = opt types.bool false; };
      system.stateVersion = opt types.int 6;
    };
    home = {
      programs.git.enable = opt types.bool false;
      home.packages = opt (types.listOf types.anything) [ ];
      home.sessionVariables = opt (types.attrsOf types.str) { };
      services.dunst.enable = opt types.bool false;
    };
  };
  isDarwin = class == "darwin";
  system = if isDarwin then "aarch64-darwin" else "x86_64-linux";
  eval = lib.evalModules {
    specialArgs.hostSpec = { inherit isDarwin; isServer = false; };
    modules = [
      { options = options.${class} // { nixpkgs.config = opt (types.attrsOf types.anything) { }; }; }
      ({ config, ... }: {
        _module.args.pkgs = builtins.seq config.nixpkgs.config {
          stdenv = { inherit isDarwin; isLinux = !isDarwin; hostPlatform = { inherit isDarwin system; isLinux = !isDarwin; }; };
        };
      })
      module
    ];
  };
in
builtins.removeAttrs eval.config [ "_module" ]
