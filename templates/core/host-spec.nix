# From the table of hostSpec fields in ../host-spec.nix to a module that
# declares them. There is no freeform type: a typo is an error, not a new field.
fields:
{ lib, ... }:
let
  inherit (lib) types;

  plain = {
    inherit (types)
      bool
      float
      int
      path
      ;
    string = types.str;
    stringOrInt = types.either types.str types.int;
  };

  within = range: n: n >= range.min or n && n <= range.max or n;

  # A type is a name, or an attribute set that names its one constructor.
  typeOf = type: if builtins.isString type then plain.${type} else constructed type;
  constructed =
    type:
    {
      attrsOf = types.attrsOf (typeOf type.attrsOf);
      between = types.addCheck types.int (within type.between);
      enum = types.enum type.enum;
      listOf = types.listOf (typeOf type.listOf);
      matching = types.strMatching type.matching;
      nullable = types.nullOr (typeOf type.nullable);
    }
    .${builtins.head (builtins.attrNames type)};

  declare = field: lib.mkOption (field // { type = typeOf field.type; });
in
{
  options = builtins.mapAttrs (_: declare) fields;
}
