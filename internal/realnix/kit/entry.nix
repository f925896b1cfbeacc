# What an expression of a test has in scope: the inputs, the stand-in
# packages, the outputs of a generated folder, and how to read a result.
{
  generated ? null,
  extraInputs ? _: { },
}:
let
  known = import ./inputs.nix;
  inputs =
    known
    // {
      nixpkgs-unstable = known.nixpkgs;
      darwin = known.nix-darwin;
      self = {
        _type = "flake";
        outPath = toString generated + "/..";
        inherit inputs;
      };
    }
    // extraInputs known;
  inherit (inputs.nixpkgs) lib;
  pathOf = drv: builtins.unsafeDiscardStringContext drv;
in
{
  inherit inputs lib;
  pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
  fleet = import generated inputs;

  # the messages of failed assertions, and the warnings, of one configuration
  complaints =
    configuration:
    let
      inherit (configuration) config;
      failed = lib.filter (entry: !entry.assertion) config.assertions;
    in
    {
      failed = map (entry: entry.message) failed;
      inherit (config) warnings;
    };

  # the complete system of a Mac, the complete generation of a home
  drvPath = configuration: pathOf (configuration.system or configuration.activationPackage).drvPath;

  # a configuration with one more module: for twins with a wrong value
  extend = configuration: module: configuration.extendModules { modules = [ module ]; };

  # a disk's configuration under disko alone: what it adds to NixOS, and the
  # texts of its scripts
  disk =
    configuration:
    let
      disko = import (import ./upstream.nix + "/disko") { inherit lib; };
      anything =
        default:
        lib.mkOption {
          type = if default == [ ] then lib.types.listOf lib.types.anything else lib.types.anything;
          inherit default;
        };
      eval = lib.evalModules {
        modules = [
          {
            options = {
              boot = anything { };
              fileSystems = lib.mkOption {
                type = lib.types.lazyAttrsOf lib.types.anything;
                default = { };
              };
              swapDevices = anything [ ];
            };
            config = disko.config configuration;
          }
        ];
      };
      stub = inputs.nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      inherit (eval.config) boot fileSystems swapDevices;
      format = (disko._cliFormat configuration stub).text;
      mount = (disko._cliMount configuration stub).text;
    };
}
