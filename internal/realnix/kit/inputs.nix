# The inputs of a flake without flakes: the outputs of the real flake.nix
# files, applied to the checkouts and to the stand-in for nixpkgs.
let
  lib = import ./nixpkgs/lib;

  flake =
    name: args:
    let
      path = import ./upstream.nix + "/${name}";
      self =
        (import (path + "/flake.nix")).outputs ({ inherit self nixpkgs; } // args)
        // {
          _type = "flake";
          outPath = toString path;
          sourceInfo = { };
        };
    in
    self;

  nixpkgs = {
    _type = "flake";
    outPath = toString ./nixpkgs;
    rev = "0000000000000000000000000000000000000000";
    shortRev = "0000000";
    lastModified = 1767225600;
    lastModifiedDate = "20260101000000";
    narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    lib = lib // {
      inherit nixosSystem;
    };
    legacyPackages = lib.genAttrs [
      "aarch64-darwin"
      "aarch64-linux"
      "x86_64-darwin"
      "x86_64-linux"
    ] (system: import ./nixpkgs { localSystem = system; });
    nixosModules = { };
  };

  nixosSystem =
    {
      modules,
      specialArgs ? { },
      ...
    }:
    let
      withPkgs =
        eval:
        eval
        // {
          inherit (eval._module.args) pkgs;
          extendModules = args: withPkgs (eval.extendModules args);
        };
    in
    withPkgs (
      lib.evalModules {
        class = "nixos";
        specialArgs = {
          modulesPath = toString ./nixpkgs/nixos/modules;
        }
        // specialArgs;
        modules = modules ++ [
          ./nixos/base.nix
          ./nixos/options.nix
        ];
      }
    );
in
{
  inherit nixpkgs;
  disko = flake "disko" { };
  home-manager = flake "home-manager" { };
  nix-darwin = flake "nix-darwin" { };
  sops-nix = flake "sops-nix" { };
}
