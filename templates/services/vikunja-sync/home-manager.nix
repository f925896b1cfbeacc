# The sync of one user: a systemd user service on Linux, a launchd agent on
# macOS, and Taskwarrior's hooks.
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
    home.packages = [
      cfg.package
      cfg.taskwarrior
    ];

    xdg.configFile."vikunja-sync/config.toml".source =
      (pkgs.formats.toml { }).generate "vikunja-sync.toml"
        (settings.chosen cfg.settings);

    home.activation.vikunjaSyncHooks = lib.hm.dag.entryAfter [ "writeBoundary" "linkGeneration" ] ''
      export PATH=${lib.makeBinPath [ cfg.taskwarrior ]}:$PATH
      run ${binary} setup --hooks-only || warnEcho "vikunja-sync: the hooks could not be laid; run 'vikunja-sync doctor'"
    '';

    systemd.user.services.vikunja-sync = lib.mkIf pkgs.stdenv.hostPlatform.isLinux {
      Unit = {
        Description = "Sync of Taskwarrior and Vikunja";
        After = [ "network-online.target" ];
      };
      Service = import ./service.nix { inherit lib cfg; } // {
        Environment = [
          "PATH=${
            lib.makeBinPath [
              cfg.taskwarrior
              pkgs.coreutils
            ]
          }"
        ];
      };
      Install.WantedBy = [ "default.target" ];
    };

    launchd.agents.vikunja-sync = lib.mkIf pkgs.stdenv.hostPlatform.isDarwin {
      enable = true;
      config = {
        ProgramArguments = [
          binary
          "run"
        ];
        EnvironmentVariables.PATH = "${lib.makeBinPath [ cfg.taskwarrior ]}:/usr/bin:/bin";
        KeepAlive = true;
        ProcessType = "Background";
        ThrottleInterval = 20;
        Umask = 63;
        StandardErrorPath = "${config.home.homeDirectory}/Library/Logs/vikunja-sync.log";
      };
    };
  };
}
