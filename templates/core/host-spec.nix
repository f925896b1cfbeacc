# From the table of hostSpec fields in ../host-spec.nix to a module that
# declares them. There is no freeform type: a typo is an error, not a new field.
fields:
{ lib, ... }:
let
  inherit (lib) types;

  plain = {
    any = types.raw;
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

  # A type is a name, or an attribute set of one constructor and its argument.
  typeOf = type: if builtins.isString type then plain.${type} else constructed type;
  constructed = type: lib.head (lib.mapAttrsToList (name: constructors.${name}) type);
  constructors = {
    attrsOf = element: types.attrsOf (typeOf element);
    between = range: types.addCheck types.int (within range);
    inherit (types) enum;
    listOf = element: types.listOf (typeOf element);
    matching = types.strMatching;
    nullable = element: types.nullOr (typeOf element);
  };

  declare = field: lib.mkOption (field // { type = typeOf field.type; });
in
{
  options = builtins.mapAttrs (_: declare) fields;
}
