{ hostSpec, ... }:
{
  services.tailscale = {
    openFirewall = true;
    useRoutingFeatures = if hostSpec.isServer then "both" else "client";
  };
  networking.firewall.trustedInterfaces = [ "tailscale0" ];
}
