{
  services.nfs.server = {
    enable = true;
    exports = ''
      /srv/media 192.168.178.0/24(ro,no_subtree_check)
    '';
  };
  networking.firewall.allowedTCPPorts = [ 2049 ];
}
