# Who maintains a module: taken, and not looked at.
{ lib, ... }:
{
  options.meta = lib.mkOption {
    type = lib.types.submodule {
      freeformType = lib.types.attrsOf lib.types.raw;
      options.maintainers = lib.mkOption {
        type = lib.types.listOf lib.types.raw;
        default = [ ];
      };
    };
    default = { };
  };
}
