{
  system.defaults.dock.autohide = "yes";
}
