{ pkgs, ... }:
{
  programs = {
    steam = {
      enable = true;
      remotePlay.openFirewall = true;
    };
    gamemode.enable = true;
  };
  hardware.graphics.enable32Bit = true;
  environment.systemPackages = [ pkgs.mangohud ];
}
