# For Macs that subscribe: optIn = ["dock"].
{
  system.defaults.dock = {
    autohide = true;
    show-recents = false;
  };
}
