# The options that all three platforms share.
{ lib, pkgs, ... }:
let
  settings = import ./settings.nix { inherit lib; };
in
{
  options.services.vikunja-sync = {
    enable = lib.mkEnableOption "the two-way sync of Taskwarrior and Vikunja";
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.vikunja-sync;
      defaultText = lib.literalExpression "pkgs.vikunja-sync";
      description = "The package that has the binary.";
    };
    taskwarrior = lib.mkOption {
      type = lib.types.package;
      default = pkgs.taskwarrior3;
      defaultText = lib.literalExpression "pkgs.taskwarrior3";
      description = "The Taskwarrior whose tasks are synced.";
    };
    settings = lib.mkOption {
      type = lib.types.submodule { inherit (settings) options; };
      default = { };
      description = "Settings of vikunja-sync; the token is named by its file.";
    };
  };
}
