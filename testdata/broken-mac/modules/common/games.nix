{
  imports = [ ../opt-in/gaming.nix ];
}
