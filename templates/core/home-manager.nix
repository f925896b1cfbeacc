# home-manager on a machine whose system is ours: one nixpkgs for both, and the
# homes know what the system knows.
{
  home-manager = {
    useGlobalPkgs = true;
    sharedModules = [ ./mirror.nix ];
  };
}
