# The plain data of the private input, held to the shape that hosts.toml declares
# under [secrets.plain]: attributes by dotted path, each with its type. Nothing
# else of the input is passed on.
{
  input,
  shape,
  ...
}:
lib: root:
let
  inherit (builtins)
    attrNames
    deepSeq
    filter
    foldl'
    isString
    mapAttrs
    split
    ;

  pathOf = name: filter isString (split "[.]" name);

  missing = name: ''
    hosts.toml declares `secrets.plain.${name}`, but the flake input `${input}` has no `${name}`: add it there and
    update the lock, or take the line out of hosts.toml
  '';
  at = name: lib.attrByPath (pathOf name) (throw (missing name)) root;

  evaluated = lib.evalModules {
    modules = [
      (import ./host-spec.nix shape)
      {
        _file = "the flake input ${input}";
        config = mapAttrs (name: _: at name) shape;
      }
    ];
  };

  # What may be anything is not looked into.
  typed = filter (name: shape.${name}.type != "any") (attrNames shape);
  force = value: deepSeq (map (name: evaluated.config.${name}) typed) value;

  put = all: name: lib.recursiveUpdate all (lib.setAttrByPath (pathOf name) evaluated.config.${name});
in
force (foldl' put { } (attrNames shape))
