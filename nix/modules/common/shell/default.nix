{ pkgs, ... }:
{
  programs.zsh.enable = true;
  environment.systemPackages = builtins.attrValues {
    inherit (pkgs)
      bat
      curl
      fd
      git
      htop
      jq
      ripgrep
      rsync
      tree
      ;
  };
}
