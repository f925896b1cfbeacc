{ config, lib, ... }:
{
  networking = {
    firewall.enable = true;
  }
  // lib.mkIf config.services.openssh.enable { nftables.enable = true; };
}
