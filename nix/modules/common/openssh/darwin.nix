# macOS starts sshd by Remote Login; nix-darwin can switch that and add settings.
{
  services.openssh = {
    enable = true;
    extraConfig = ''
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PermitRootLogin no
    '';
  };
}
