# The sync of the primary user of a Mac without home-manager.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.vikunja-sync;
  settings = import ./settings.nix { inherit lib; };
  binary = lib.getExe' cfg.package "vikunja-sync";
in
{
  imports = [ ./options.nix ];

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      cfg.package
      cfg.taskwarrior
    ];

    environment.etc."vikunja-sync/config.toml".source =
      (pkgs.formats.toml { }).generate "vikunja-sync.toml"
        (settings.chosen cfg.settings);

    # The agent lays the hooks at each start, then becomes the daemon.
    launchd.user.agents.vikunja-sync = {
      path = [ cfg.taskwarrior ];
      script = ''
        exec 2>>"$HOME/Library/Logs/vikunja-sync.log" # which names tasks: nobody else's to read
        ${binary} setup --hooks-only || true
        exec ${binary} run
      '';
      serviceConfig = {
        KeepAlive = true;
        ProcessType = "Background";
        ThrottleInterval = 20;
        Umask = 63;
      };
    };
  };
}
