# What nixpkgs' file of this name does, with the options that the kit knows; the
# host's own nixpkgs.hostPlatform decides on the system.
{
  modules,
  specialArgs ? { },
  ...
}:
(import ../../../inputs.nix).nixpkgs.lib.nixosSystem { inherit modules specialArgs; }
