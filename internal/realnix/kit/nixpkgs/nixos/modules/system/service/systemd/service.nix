# Modular services: their systemd options exist and take anything.
{ lib, ... }:
{
  options.systemd = lib.mkOption {
    type = lib.types.attrsOf lib.types.anything;
    default = { };
  };
}
