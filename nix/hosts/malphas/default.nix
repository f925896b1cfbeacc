{
  boot.binfmt.emulatedSystems = [ "aarch64-linux" ];
  services.fwupd.enable = true;
}
