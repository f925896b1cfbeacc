# A home on a machine that has home-manager alone.
{ hostSpec, lib, ... }:
{
  imports = [
    ./mirror.nix
    ./nixpkgs.nix
  ];

  programs.home-manager.enable = true;
  targets.genericLinux.enable = lib.mkDefault (!hostSpec.isDarwin);
}
