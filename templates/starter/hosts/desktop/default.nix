# What only this machine has. `nixos-generate-config` writes a
# hardware-configuration.nix; beside this file it is found by itself.
{
  boot.kernelModules = [ "kvm-amd" ];
}
