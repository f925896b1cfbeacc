{ pkgs, ... }:
{
  users.defaultUserShell = pkgs.zsh;
  programs.command-not-found.enable = false;
  environment.systemPackages = [
    pkgs.pciutils
    pkgs.usbutils
  ];
}
