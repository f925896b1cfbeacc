# What this repository builds, as attributes of pkgs.
final: _prev: {
  nixgen = final.callPackage ../package.nix { };
  vikunja-sync = final.callPackage ../vikunja-sync/package.nix { };
}
