{ config, ... }:
{
  programs.gh.enable = true;
  home.sessionVariables.FORGE_TOKEN_FILE = config.sops.secrets."forge/token".path;
}
