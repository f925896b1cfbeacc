# Login shells by user. A shell is an attribute of pkgs; the modules of those
# that have one are enabled, since a login shell without it lacks its PATH.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault;
  shells = config.nixgen.loginShells;
  used = builtins.attrValues shells;

  package = name: if name == "bash" then pkgs.bashInteractive else pkgs.${name};
  enable = name: { ${name}.enable = mkDefault true; };
  withModule = [
    "bash"
    "fish"
    "zsh"
  ];
in
{
  options.nixgen.loginShells = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    default = { };
    description = "Login shell of each user, as an attribute of pkgs.";
  };

  config = {
    users.users = builtins.mapAttrs (_: name: { shell = mkDefault (package name); }) shells;
    programs = lib.mkMerge (map enable (lib.intersectLists withModule used));
    environment.shells = map package used;
  };
}
