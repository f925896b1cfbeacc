{ lib, config, ... }:
lib.optionalAttrs config.services.openssh.enable {
  services.fail2ban.enable = true;
}
