{ hostSpec, ... }:
{
  programs.zsh.enable = !hostSpec.isMinimul;
}
