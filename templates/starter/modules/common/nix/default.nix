# Nix itself, the same on every machine.
{
  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
}
