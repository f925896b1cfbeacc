{
  nix.gc = {
    automatic = true;
    interval = {
      Weekday = 7;
      Hour = 4;
      Minute = 0;
    };
    options = "--delete-older-than 30d";
  };
}
