# What other modules read of NixOS' own ones, and those of its assertions
# that a wrong fleet runs into.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) types;
  stub = import ../nixpkgs;
  usesZfs = lib.any (fs: fs.fsType == "zfs") (lib.attrValues config.fileSystems);
  loaders = [
    config.boot.loader.systemd-boot.enable
    config.boot.loader.grub.enable
    config.boot.loader.generic-extlinux-compatible.enable
  ];
in
{
  imports = [
    ../nixpkgs/nixos/modules/misc/assertions.nix
    ../nixpkgs/nixos/modules/misc/meta.nix
  ];

  options = {
    lib = lib.mkOption {
      type = types.attrsOf types.attrs;
      default = { };
    };
    nixpkgs = {
      config = lib.mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      hostPlatform = lib.mkOption {
        type = types.either types.str types.attrs;
        apply = lib.systems.elaborate;
      };
      overlays = lib.mkOption {
        type = types.listOf (types.functionTo (types.functionTo types.raw));
        default = [ ];
      };
    };
    passthru = lib.mkOption {
      type = types.raw;
      default = { };
    };
    system.build = lib.mkOption {
      type = types.lazyAttrsOf types.raw;
      default = { };
    };
  };

  config = {
    _module.args = {
      pkgs = lib.mkDefault (stub {
        localSystem = config.nixpkgs.hostPlatform;
        inherit (config.nixpkgs) config overlays;
      });
      utils.escapeSystemdPath =
        path: lib.replaceStrings [ "/" ] [ "-" ] (lib.removePrefix "/" (toString path));
    };
    # refuses what NixOS refuses, and forces what an installed machine is made of
    system.build.toplevel =
      let
        failed = lib.filter (entry: !entry.assertion) config.assertions;
      in
      if failed != [ ] then
        throw "Failed assertions:\n${lib.concatMapStringsSep "\n" (entry: entry.message) failed}"
      else
        pkgs.runCommand "nixos-system-${config.networking.hostName}" {
          parts = builtins.toJSON {
            inherit (config) fileSystems swapDevices;
            inherit (config.environment) systemPackages variables;
            etc = lib.mapAttrs (_: file: file.text) config.environment.etc;
            loader = config.boot.loader;
            services = lib.attrNames config.systemd.services;
            timers = lib.mapAttrs (_: timer: timer.timerConfig) config.systemd.timers;
            users = config.users.users;
          };
        } "";
    networking.proxy.envVars = lib.mkDefault { };
    system.build.nixos-rebuild = pkgs.nixos-rebuild;
    i18n.glibcLocales = lib.mkDefault (stub { localSystem = "x86_64-linux"; }).glibcLocales;

    assertions =
      lib.mapAttrsToList (name: user: {
        assertion = lib.xor user.isNormalUser user.isSystemUser;
        message = "users.users.${name}: exactly one of isNormalUser and isSystemUser must be set";
      }) (removeAttrs config.users.users [ "root" ])
      ++ lib.mapAttrsToList (name: user: {
        assertion = user.isNormalUser || user.group != "" || name == "root";
        message = "users.users.${name}.group is unset";
      }) config.users.users
      ++ [
        {
          assertion = config.fileSystems ? "/";
          message = "fileSystems does not specify your root file system";
        }
        {
          assertion = lib.any (enabled: enabled) loaders;
          message = "no boot loader is enabled";
        }
        {
          assertion = usesZfs -> config.networking.hostId != null;
          message = "ZFS requires networking.hostId to be set";
        }
        {
          assertion = options.system.stateVersion.isDefined && config.system.stateVersion != "";
          message = "system.stateVersion is not set";
        }
      ];
  };
}
