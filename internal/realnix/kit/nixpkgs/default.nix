# A stand-in for nixpkgs: its real lib, and packages in name only. Whatever
# is written or built from values is a real derivation, so asking for its
# drvPath evaluates everything that goes into it.
{
  localSystem ? null,
  system ? null,
  config ? { },
  overlays ? [ ],
  ...
}:
let
  lib = import ./lib;
  wanted = if localSystem != null then localSystem else system;
  platform = if wanted ? parsed then wanted else lib.systems.elaborate wanted;

  package = import ./package.nix { inherit lib platform; };
  builders = import ./builders.nix { inherit lib package platform; };
  formats = import ./formats.nix { inherit lib package; };

  # every identifier of the trees answers as a package of that name
  named = lib.genAttrs (builtins.fromJSON (builtins.readFile ./names.json)) package.fake;

  sets = lib.genAttrs [
    "emacsPackages"
    "fishPlugins"
    "gnome"
    "gnomeExtensions"
    "haskellPackages"
    "kdePackages"
    "libsForQt5"
    "linuxPackages"
    "linuxPackages_latest"
    "linuxPackages_rpi4"
    "llvmPackages"
    "mpvScripts"
    "nerd-fonts"
    "nixosTests"
    "nodePackages"
    "ocamlPackages"
    "perlPackages"
    "python3Packages"
    "qt6Packages"
    "rubyPackages"
    "tmuxPlugins"
    "vimPlugins"
    "xorg"
  ] (_: named // { recurseForDerivations = true; });

  base =
    final:
    # the set of all packages is no package
    removeAttrs named [
      "outPath"
      "outputs"
    ]
    // sets
    // builders final
    // {
      inherit
        config
        formats
        lib
        overlays
        ;
      inherit (platform) system;
      path = ./.;
      _type = "pkgs";

      __splicedPackages = final;
      buildPackages = final;
      pkgsBuildBuild = final;
      pkgsBuildHost = final;
      pkgsi686Linux = final;
      targetPackages = final;
      appendOverlays =
        more:
        import ./. {
          localSystem = platform;
          overlays = overlays ++ more;
          inherit config;
        };
      extend = overlay: final.appendOverlays [ overlay ];
    };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
