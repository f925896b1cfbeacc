# What hosts.toml says about nixpkgs, as options: a ready-made `pkgs` would
# silently drop the overlays and settings of every other module.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (import ./inputs.nix inputs) need resolve;
  inherit (lib) mkOption types;
  cfg = config.nixgen.nixpkgs;

  overlay = value: if builtins.isString value then resolve "nixpkgs.overlays" value else import value;

  # A second nixpkgs with the settings of the first, as pkgs.NAME.
  channels =
    final: _prev:
    builtins.mapAttrs (
      name: input:
      import (need "nixpkgs.channels.${name}" input) {
        inherit (final.stdenv.hostPlatform) system;
        config = if config.nixpkgs.config == null then { } else config.nixpkgs.config;
      }
    ) cfg.channels;
in
{
  options.nixgen.nixpkgs = {
    overlays = mkOption {
      type = types.listOf (types.either types.path types.str);
      default = [ ];
      description = "Files, or attributes of flake inputs such as `foo.overlays.default`.";
    };
    channels = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Further nixpkgs by name, each the name of a flake input.";
    };
    allowUnfreePackages = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Names of the unfree packages that are allowed.";
    };
  };

  config.nixpkgs = {
    overlays = lib.optional (cfg.channels != { }) channels ++ map overlay cfg.overlays;
    config = lib.mkIf (cfg.allowUnfreePackages != [ ]) {
      allowUnfreePredicate = package: builtins.elem (lib.getName package) cfg.allowUnfreePackages;
    };
  };
}
