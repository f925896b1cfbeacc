{
  programs.alacritty.settings.window.option_as_alt = "Both";
}
