# What every NixOS host takes from hostSpec. What a person overrides in a module
# of his own is mkDefault; what identifies the machine is not.
{ hostSpec, lib, ... }:
let
  inherit (lib) mkDefault mkIf;
in
{
  imports = [
    ./mirror.nix
    ./nixpkgs.nix
    ./shells.nix
  ];

  networking = {
    inherit (hostSpec) hostName;
    domain = mkIf (hostSpec.domain != null) (mkDefault hostSpec.domain);
  };
  nixpkgs.hostPlatform = hostSpec.system;
  system.stateVersion = hostSpec.stateVersion;

  time.timeZone = mkIf (hostSpec.timeZone != null) (mkDefault hostSpec.timeZone);
  i18n.defaultLocale = mkDefault hostSpec.locale;
  console.keyMap = mkDefault hostSpec.keyboard;
  services.xserver.xkb.layout = mkDefault hostSpec.keyboard;
}
