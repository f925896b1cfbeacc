{
  networking.applicationFirewall = {
    enable = true;
    enableStealthMode = true;
  };
}
