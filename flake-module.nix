# For flakes built with flake-parts: `imports = [ inputs.nixgen.flakeModules.default ];`
# adds the check `nixgen` to every system.
{ mkCheck }:
{
  lib,
  self,
  flake-parts-lib,
  ...
}:
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    {
      config,
      pkgs,
      ...
    }:
    let
      cfg = config.nixgen;
    in
    {
      options.nixgen = {
        check.enable = lib.mkOption {
          type = lib.types.bool;
          default = true;
          description = "Whether to check that generated files are fresh and that the fleet lints clean.";
        };
        src = lib.mkOption {
          type = lib.types.path;
          default = self;
          defaultText = lib.literalExpression "self";
          description = "The folder that holds hosts.toml.";
        };
      };
      config.checks = lib.mkIf cfg.check.enable {
        nixgen = mkCheck {
          inherit pkgs;
          inherit (cfg) src;
        };
      };
    }
  );
}
