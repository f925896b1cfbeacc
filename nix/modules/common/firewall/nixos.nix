{ lib, ... }:
{
  networking = {
    nftables.enable = true;
    firewall = {
      enable = lib.mkDefault true;
      logRefusedConnections = false;
    };
  };
}
