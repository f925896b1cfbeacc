# Settings of Nix that hold on every machine.
{ hostSpec, ... }:
{
  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    trusted-users = [
      "root"
      hostSpec.primaryUser
    ];
    warn-dirty = false;
  };
}
