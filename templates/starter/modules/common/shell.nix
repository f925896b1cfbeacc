# The programs you miss when they are not there.
{ pkgs, ... }:
{
  environment.systemPackages = [
    pkgs.curl
    pkgs.git
    pkgs.htop
    pkgs.ripgrep
    pkgs.vim
  ];
}
