# The sync of one user of a NixOS machine without home-manager.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.vikunja-sync;
  settings = import ./settings.nix { inherit lib; };
in
{
  imports = [ ./options.nix ];

  options.services.vikunja-sync.user = lib.mkOption {
    type = lib.types.str;
    description = "The user whose tasks are synced.";
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      cfg.package
      cfg.taskwarrior
    ];

    environment.etc."vikunja-sync/config.toml".source =
      (pkgs.formats.toml { }).generate "vikunja-sync.toml"
        (settings.chosen cfg.settings);

    systemd.user.services.vikunja-sync = {
      description = "Sync of Taskwarrior and Vikunja";
      wantedBy = [ "default.target" ];
      path = [ cfg.taskwarrior ];
      unitConfig.ConditionUser = cfg.user;
      serviceConfig = import ./service.nix { inherit lib cfg; };
    };

    # After each activation: are the hooks there, and do they find a binary?
    system.userActivationScripts.vikunjaSyncHooks = ''
      if [ "$USER" = ${lib.escapeShellArg cfg.user} ]; then
        PATH=${lib.makeBinPath [ cfg.taskwarrior ]}:$PATH ${lib.getExe' cfg.package "vikunja-sync"} setup --hooks-only ||
          echo "vikunja-sync: the hooks could not be laid; run 'vikunja-sync doctor'" >&2
      fi
    '';
  };
}
