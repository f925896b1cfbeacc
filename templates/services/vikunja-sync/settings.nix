# One option per setting of the binary. settings.json is what
# `vikunja-sync settings --json` prints; a test holds it to the binary.
{ lib }:
let
  declared = (lib.importJSON ./settings.json).settings;
  types = {
    string = lib.types.str;
    # A path is text here: a file such as a token must not be copied to the store.
    path = lib.types.str;
    bool = lib.types.bool;
    int = lib.types.ints.positive;
    duration = lib.types.strMatching "([0-9]+(ns|us|ms|s|m|h))+";
    list = lib.types.listOf lib.types.str;
  };
  typeOf = s: if s.type == "enum" then lib.types.enum s.values else types.${s.type};
in
{
  options = lib.listToAttrs (
    map (s: {
      inherit (s) name;
      value = lib.mkOption {
        type = lib.types.nullOr (typeOf s);
        default = null;
        description = "${s.doc} Unset means `${builtins.toJSON s.default}`.";
      };
    }) declared
  );

  # What was set, and nothing else.
  chosen = lib.filterAttrs (_: v: v != null);
}
