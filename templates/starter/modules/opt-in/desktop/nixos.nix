# For hosts that subscribe: optIn = ["desktop"].
{
  services = {
    desktopManager.plasma6.enable = true;
    displayManager.sddm.enable = true;
    pipewire = {
      enable = true;
      pulse.enable = true;
    };
  };
  networking.networkmanager.enable = true;
}
