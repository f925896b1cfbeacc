{
  nix = {
    gc = {
      automatic = true;
      interval = {
        Weekday = 7;
        Hour = 4;
        Minute = 15;
      };
      options = "--delete-older-than 30d";
    };
    # `auto-optimise-store` corrupts the store on a Mac; a scheduled run does not.
    optimise.automatic = true;
  };
}
