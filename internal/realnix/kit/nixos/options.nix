# The options of NixOS as the catalog knows them: path, rough type, neutral
# default. options.json is made of the catalog; k is the kind of a type, e the
# type of its elements, c the children of a submodule or of a group.
{ lib, ... }:
let
  inherit (lib) types;

  typeOf =
    node:
    {
      any = types.anything;
      attrs = types.attrsOf (typeOf node.e);
      bool = types.bool;
      enum = types.enum node.v;
      float = types.float;
      int = types.int;
      lines = types.lines;
      list = types.listOf (typeOf node.e);
      null = types.nullOr (typeOf node.e);
      package = types.anything;
      path = types.path;
      port = types.port;
      str = types.str;
      sub = submodule node;
    }
    .${node.k};

  neutral = {
    any = null;
    attrs = { };
    bool = false;
    float = 0.0;
    int = 0;
    lines = "";
    list = [ ];
    null = null;
    package = "/nix/store/00000000000000000000000000000000-package";
    path = "/neutral";
    port = 0;
    str = "";
    sub = { };
  };

  submodule =
    node:
    types.submodule (
      { name, ... }:
      {
        options = lib.mapAttrs (_: option) node.c;
        # what NixOS derives from the attribute's name
        config = lib.genAttrs (lib.filter (key: node.c ? ${key}) [
          "mountPoint"
          "name"
        ]) (_: lib.mkOverride 1400 name);
        freeformType = lib.mkIf (node.o or false) (types.attrsOf types.anything);
      }
    );

  option =
    node:
    if node.k == "group" then
      lib.mapAttrs (_: option) node.c
    else
      lib.mkOption {
        type = typeOf node;
        default = if node.k == "enum" then lib.head node.v else neutral.${node.k};
      };
in
{
  options = lib.mapAttrs (_: option) (builtins.fromJSON (builtins.readFile ./options.json)).c;
}
