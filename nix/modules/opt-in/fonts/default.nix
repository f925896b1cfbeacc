{ pkgs, ... }:
{
  fonts.packages = [
    pkgs.inter
    pkgs.noto-fonts
    pkgs.nerd-fonts.jetbrains-mono
  ];
}
