{ config, ... }:
{
  boot.binfmt.emulatedSystems = [ "aarch64-linux" ];
  services.fwupd.enable = true;
  networking.networkmanager.ensureProfiles = {
    environmentFiles = [ config.sops.templates."wifi.env".path ];
    profiles.home = {
      connection = {
        id = "home";
        type = "wifi";
      };
      wifi.ssid = "home";
      wifi-security = {
        key-mgmt = "wpa-psk";
        psk = "$HOME_PSK";
      };
    };
  };
}
