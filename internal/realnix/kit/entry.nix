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
    // secrets
    // extraInputs known;
  inherit (inputs.nixpkgs) lib;

  # the private input is its stub, as with --override-input
  stub = toString generated + "/secrets-stub";
  secrets =
    if generated != null && builtins.pathExists (stub + "/flake.nix") then
      {
        nix-secrets = (import (stub + "/flake.nix")).outputs { } // {
          _type = "flake";
          outPath = stub;
        };
      }
    else
      { };
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
  drvPath =
    configuration: pathOf (configuration.system or configuration.activationPackage).drvPath;

  # a configuration with one more module: for twins with a wrong value
  extend = configuration: module: configuration.extendModules { modules = [ module ]; };

  # A module that describes disks, with disko and without the rest of NixOS:
  # what comes of it, and the texts of disko's scripts.
  disk =
    module:
    let
      diskoLib = import (import ./upstream.nix + "/disko/lib") { inherit lib; };
      free = lib.mkOption {
        type = lib.types.attrsOf lib.types.anything;
        default = { };
      };
      eval = lib.evalModules {
        modules = [
          module
          ./nixos/disk-options.nix
          {
            options = {
              boot = free;
              environment = free;
              networking = free;
              services = free;
              zramSwap = free;
              disko.devices = lib.mkOption {
                type = diskoLib.toplevel;
                default = { };
              };
            };
          }
          (
            { config, ... }:
            {
              boot = config.disko.devices._config.boot or { };
              fileSystems = config.disko.devices._config.fileSystems or { };
              swapDevices = config.disko.devices._config.swapDevices or [ ];
            }
          )
        ];
      };
      scripts = eval.config.disko.devices._scripts {
        pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
        checked = false;
      };
    in
    {
      config = removeAttrs eval.config [ "disko" ];
      # without disks disko has no scripts
      format = if eval.config.disko.devices.disk == { } then "" else scripts.format.text;
      mount = if eval.config.disko.devices.disk == { } then "" else scripts.mount.text;
    };
}
