{ hostSpec, ... }:
{
  services.samba = {
    enable = true;
    openFirewall = true;
    settings = {
      global."server string" = hostSpec.hostName;
      media = {
        path = "/srv/media";
        browseable = "yes";
        "read only" = "no";
        "valid users" = hostSpec.primaryUser;
      };
    };
  };
}
