# What hosts.toml says about secrets beyond the options of sops-nix: which file
# of the private input each one is in, and templates by the names of the secrets
# in them.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (builtins) isString mapAttrs;
  inherit (lib) mkOption types;

  cfg = config.nixgen.sops;
  inherit (import ./inputs.nix inputs) need;
  root = need "secrets" cfg.input;

  # A part of a template is its text, or the secret that stands there.
  part = x: if isString x then x else config.sops.placeholder.${x.secret};
in
{
  options.nixgen.sops = {
    input = mkOption {
      type = types.str;
      description = "The flake input that holds the encrypted files.";
    };
    defaultFile = mkOption {
      type = types.str;
      description = "The file, in the input, of secrets that name none.";
    };
    files = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "The files, in the input, of secrets by name.";
    };
    templates = mkOption {
      type = types.attrsOf (types.listOf (types.either types.str (types.attrsOf types.str)));
      default = { };
      description = "The parts of templates by name.";
    };
  };

  config.sops = {
    defaultSopsFile = lib.mkDefault "${root}/${cfg.defaultFile}";
    secrets = mapAttrs (_: file: { sopsFile = "${root}/${file}"; }) cfg.files;
    templates = mapAttrs (_: parts: { content = lib.concatMapStrings part parts; }) cfg.templates;
  };
}
