# Login shells by user. A shell is an attribute of pkgs; the modules of those
# that have one are enabled, since a login shell without it lacks its PATH. It
# is stronger than mkDefault, with which NixOS gives everybody the default shell,
# and weaker than what a person writes.
{
  config,
  hostSpec,
  lib,
  pkgs,
  ...
}:
let
  shells = config.nixgen.loginShells;
  used = builtins.attrValues shells;

  package = name: if name == "bash" then pkgs.bashInteractive else pkgs.${name};
  login = _: name: { shell = lib.mkOverride 900 (package name); };
  enable = name: { ${name}.enable = lib.mkDefault true; };
  # NixOS configures bash anyway
  withModule = [
    "fish"
    "zsh"
  ]
  ++ lib.optional hostSpec.isDarwin "bash";
in
{
  options.nixgen.loginShells = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    default = { };
    description = "Login shell of each user, as an attribute of pkgs.";
  };

  config = {
    users.users = builtins.mapAttrs login shells;
    programs = lib.mkMerge (map enable (lib.intersectLists withModule used));
    environment.shells = map package used;
  };
}
