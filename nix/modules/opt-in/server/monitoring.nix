{
  services = {
    smartd.enable = true;
    prometheus.exporters.node = {
      enable = true;
      enabledCollectors = [ "systemd" ];
    };
  };
}
