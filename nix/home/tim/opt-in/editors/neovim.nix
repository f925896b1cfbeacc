{ pkgs, ... }:
{
  programs.neovim = {
    enable = true;
    defaultEditor = true;
    viAlias = true;
    plugins = [
      pkgs.vimPlugins.nvim-lspconfig
      pkgs.vimPlugins.telescope-nvim
    ];
    extraPackages = [ pkgs.nil ];
  };
}
