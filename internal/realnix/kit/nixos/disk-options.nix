# The options of NixOS that a disk must get right, typed as there.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    fileSystems = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            device = mkOption { type = types.nullOr types.nonEmptyStr; };
            fsType = mkOption { type = types.nonEmptyStr; };
            neededForBoot = mkOption {
              type = types.bool;
              default = false;
            };
            options = mkOption {
              type = types.nonEmptyListOf types.nonEmptyStr;
              default = [ "defaults" ];
            };
          };
        }
      );
    };
    swapDevices = mkOption {
      default = [ ];
      type = types.listOf (
        types.submodule {
          freeformType = types.attrsOf types.anything;
          options = {
            device = mkOption { type = types.nonEmptyStr; };
            randomEncryption = mkOption {
              type = types.coercedTo types.bool (enable: { inherit enable; }) (
                types.submodule {
                  freeformType = types.attrsOf types.anything;
                  options.enable = mkOption {
                    type = types.bool;
                    default = false;
                  };
                }
              );
              default = false;
            };
            size = mkOption {
              type = types.nullOr types.int;
              default = null;
            };
          };
        }
      );
    };
  };
}
