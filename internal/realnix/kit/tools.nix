# Deployment tools as inputs of a flake: their real flake.nix, where the
# checkouts are there.
let
  known = import ./inputs.nix;
  inherit (known.nixpkgs) lib;

  eachSystem =
    systems: f:
    lib.zipAttrsWith (_: lib.mergeAttrsList) (
      map (system: lib.mapAttrs (_: value: { ${system} = value; }) (f system)) systems
    );
  flake =
    name: args:
    let
      path = import ./upstream.nix + "/${name}";
      self =
        (import (path + "/flake.nix")).outputs ({ inherit self; inherit (known) nixpkgs; } // args)
        // {
          _type = "flake";
          outPath = toString path;
        };
    in
    self;
in
{
  colmena = flake "colmena" {
    stable = known.nixpkgs;
    nix-github-actions.lib.mkGithubMatrix = _: { };
    # what it builds itself is of no interest
    flake-utils.lib.eachSystem = _: _: { };
  };
  deploy-rs = flake "deploy-rs" {
    utils.lib = {
      inherit eachSystem;
      defaultSystems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    };
  };
  nixos-anywhere = flake "nixos-anywhere" { };
}
