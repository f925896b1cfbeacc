# Desktops and laptops roam, so NetworkManager; what stays on a shelf does not.
{ hostSpec, lib, ... }:
lib.mkMerge [
  (lib.mkIf (hostSpec.isDesktop || hostSpec.isLaptop) {
    networking.networkmanager.enable = true;
  })
  (lib.mkIf hostSpec.isServer {
    networking.useDHCP = lib.mkDefault true;
  })
]
