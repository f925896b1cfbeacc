{
  services.tailscale.overrideLocalDns = false;
}
