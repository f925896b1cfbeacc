# The Pi at the router: name service for the house.
{
  services.unbound = {
    enable = true;
    settings.server = {
      interface = [ "0.0.0.0" ];
      access-control = [ "192.168.178.0/24 allow" ];
    };
  };
  networking.firewall.allowedUDPPorts = [ 53 ];
}
