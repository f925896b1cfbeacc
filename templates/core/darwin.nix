# What every Mac takes from hostSpec.
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
  system = {
    inherit (hostSpec) primaryUser stateVersion;
  };

  time.timeZone = mkIf (hostSpec.timeZone != null) (mkDefault hostSpec.timeZone);
}
