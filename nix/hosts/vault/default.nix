{ config, secrets, ... }:
{
  services = {
    nfs.server = {
      enable = true;
      exports = ''
        /srv/media 192.168.178.0/24(ro,no_subtree_check)
      '';
    };
    restic.backups.home = {
      inherit (secrets.backup) repository;
      passwordFile = config.sops.secrets."backup/repository-key".path;
      paths = [ "/home" ];
    };
  };
  networking.firewall.allowedTCPPorts = [ 2049 ];
}
