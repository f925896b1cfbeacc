{ lib, pkgs, ... }:
{
  # A mkIf does not protect: the option must exist wherever it is written.
  services.openssh.settings = lib.mkIf pkgs.stdenv.isLinux {
    PasswordAuthentication = false;
  };
}
