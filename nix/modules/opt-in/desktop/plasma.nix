{ pkgs, ... }:
{
  services = {
    displayManager.sddm = {
      enable = true;
      wayland.enable = true;
    };
    desktopManager.plasma6.enable = true;
    libinput.enable = true;
  };
  environment.systemPackages = [
    pkgs.firefox
    pkgs.wl-clipboard
  ];
}
