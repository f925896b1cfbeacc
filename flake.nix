{
  description = "one hosts.toml for every machine you own: typed Nix, and a linter that keeps the Mac unbroken";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    nix-darwin = {
      url = "github:nix-darwin/nix-darwin";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    home-manager = {
      url = "github:nix-community/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    nixos-hardware.url = "github:NixOS/nixos-hardware";
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    # A fleet of yours has its private repository here:
    # git+ssh://git@example.org/me/nix-secrets. This one shows the stub.
    nix-secrets.url = "path:./nix/generated/secrets-stub";
  };

  outputs =
    inputs@{ self, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});

      # The one line a fleet needs: every host, home and evaluation check.
      fleet = import ./nix/generated inputs;

      mkCheck =
        {
          pkgs,
          src,
          nixgen ? self.packages.${pkgs.stdenv.hostPlatform.system}.nixgen,
        }:
        pkgs.runCommandLocal "nixgen-check" { nativeBuildInputs = [ nixgen ]; } ''
          cp -r ${src} fleet
          chmod -R u+w fleet
          nixgen -C fleet generate --check
          nixgen -C fleet lint
          touch $out
        '';
    in
    fleet
    // {
      packages = eachSystem (pkgs: {
        default = self.packages.${pkgs.stdenv.hostPlatform.system}.nixgen;
        nixgen = pkgs.callPackage ./package.nix { };
        vikunja-sync = pkgs.callPackage ./vikunja-sync/package.nix { };
      });

      overlays.default = import ./nix/overlay.nix;

      # One more line for a flake that has checks of its own.
      checks = lib.recursiveUpdate fleet.checks (
        eachSystem (pkgs: {
          nixgen = mkCheck {
            inherit pkgs;
            src = self;
          };
        })
      );

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.go
            pkgs.gopls
            pkgs.nixfmt
            pkgs.shellcheck
            pkgs.taskwarrior3
          ];
        };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt-tree);

      lib = { inherit mkCheck; };

      flakeModules.default = import ./flake-module.nix { inherit mkCheck; };

      templates.default = {
        path = ./templates/starter;
        description = "a fleet of one NixOS machine and one Mac";
      };
    };
}
