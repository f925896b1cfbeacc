# From the folders of the hosts to hostSpec of each, for a flake that wires its
# hosts by hand: `import ./generated { inherit (nixpkgs) lib; }`.
hosts: { lib, ... }: builtins.mapAttrs (_: import ./spec.nix lib) hosts
