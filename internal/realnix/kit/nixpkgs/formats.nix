# pkgs.formats: the type takes what the format can say, and generate forces it.
{ lib, package }:
let
  inherit (lib) types;
  value =
    format:
    let
      self =
        types.nullOr (
          types.oneOf [
            types.bool
            types.int
            types.float
            types.str
            types.path
            (types.attrsOf self)
            (types.listOf self)
          ]
        )
        // {
          description = "${format} value";
        };
    in
    self;
  mk = type: format: _: {
    type = type (value format);
    generate = name: data: package.forced name { text = builtins.toJSON data; };
    lib.types.atom = types.anything;
  };
in
lib.genAttrs [
  "cdn"
  "elixirConf"
  "gitIni"
  "hocon"
  "javaProperties"
  "json"
  "keyValue"
  "libconfig"
  "lua"
  "php"
  "plist"
  "pythonVars"
  "systemd"
  "toml"
  "xml"
  "yaml"
  "yaml_1_1"
  "yaml_1_2"
] (mk (type: type))
// lib.genAttrs [
  "ini"
  "iniWithGlobalSection"
] (mk types.attrsOf)
