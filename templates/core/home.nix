# A home on a machine that has home-manager alone.
{
  imports = [
    ./mirror.nix
    ./nixpkgs.nix
  ];

  programs.home-manager.enable = true;
}
