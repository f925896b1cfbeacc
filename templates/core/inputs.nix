# How generated code reaches the inputs of the flake: what is missing is named,
# with who needs it and the line to add.
inputs:
let
  inherit (builtins)
    filter
    foldl'
    head
    isString
    split
    tail
    ;

  urls = {
    colmena = "github:zhaofengli/colmena";
    deploy-rs = "github:serokell/deploy-rs";
    disko = "github:nix-community/disko";
    home-manager = "github:nix-community/home-manager";
    impermanence = "github:nix-community/impermanence";
    lanzaboote = "github:nix-community/lanzaboote";
    nix-darwin = "github:nix-darwin/nix-darwin";
    nix-homebrew = "github:zhaofengli/nix-homebrew";
    nix-secrets = "git+ssh://git@github.com/YOU/nix-secrets";
    nixos-facter-modules = "github:nix-community/nixos-facter-modules";
    nixos-hardware = "github:NixOS/nixos-hardware";
    nixos-wsl = "github:nix-community/NixOS-WSL";
    nixpkgs = "github:NixOS/nixpkgs/nixos-unstable";
    nixpkgs-unstable = "github:NixOS/nixpkgs/nixos-unstable";
    sops-nix = "github:Mic92/sops-nix";
    stylix = "github:nix-community/stylix";
  };

  missing = why: name: ''
    hosts.toml needs the flake input `${name}` (${why}); add to flake.nix:
      inputs.${name}.url = "${urls.${name} or "…"}";
  '';

  need = why: name: inputs.${name} or (throw (missing why name));

  # What "foo.overlays.default" names among the inputs.
  resolve =
    why: dotted:
    let
      parts = filter isString (split "[.]" dotted);
      absent = part: "hosts.toml asks for `${dotted}` (${why}), but there is no `${part}`";
      step = value: part: value.${part} or (throw (absent part));
    in
    foldl' step (need why (head parts)) (tail parts);
in
{
  inherit need resolve;
}
