# A NixOS host that updates itself: a timer, the update, what ends an update that
# was cut short, and what tells people.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.nixgen.updates;
  sandbox = import ./sandbox.nix;

  programs = import ./programs.nix {
    inherit cfg lib pkgs;
    paths = {
      platform = "nixos";
      attribute = "nixosConfigurations.${cfg.host}.config.system.build.toplevel";
      profile = "/nix/var/nix/profiles/system";
      current_system = "/run/current-system";
      booted_system = "/run/booted-system";
      state_dir = "/var/lib/nixgen-update";
      run_dir = "/run/nixgen-update";
      users_dir = "/run/user";
      console = "/dev/console";
    };
    runtimeInputs = [
      config.nix.package
      config.system.build.nixos-rebuild
      config.systemd.package
      pkgs.openssh
      pkgs.util-linux
    ]
    ++ lib.optional cfg.notify.desktop pkgs.libnotify;
  };
  update = lib.getExe programs.update;
  notify = lib.getExe programs.notify;

  # None of them may be stopped or started by the activation that it runs.
  unit =
    description: serviceConfig: more:
    {
      inherit description;
      after = [ "network-online.target" ];
      wants = [ "network-online.target" ];
      restartIfChanged = false;
      stopIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      environment = {
        HOME = "/root";
        NIX_REMOTE = "daemon";
        XDG_CACHE_HOME = "/var/cache/nixgen-update";
      }
      // config.networking.proxy.envVars;
      serviceConfig =
        sandbox
        // {
          Type = "oneshot";
          # 75 is `try again later`
          SuccessExitStatus = 75;
        }
        // serviceConfig;
    }
    // more;
  told = [ "nixgen-notify.service" ];
  reboots = cfg.reboot.policy == "when-needed" && cfg.reboot.from != null;
in
{
  imports = [ ./options.nix ];

  config = {
    assertions = [
      {
        assertion = !config.system.autoUpgrade.enable;
        message = "hosts.toml makes `${cfg.host}` update itself, and system.autoUpgrade does so too: drop one of them (updates.enable = false, or system.autoUpgrade.enable = false)";
      }
      {
        assertion = cfg.notify.email != null -> config.programs.msmtp.enable;
        message = "hosts.toml sends mail of updates from `${cfg.host}` through msmtp: set programs.msmtp.enable and an account";
      }
    ];

    environment.systemPackages = [
      programs.update
      programs.notify
    ];

    systemd.services = {
      nixgen-update =
        unit "Update of this host"
          {
            ExecStartPre = "-${notify} start";
            ExecStart = "${update} run";
          }
          {
            onFailure = [ "nixgen-update-resume.service" ];
            onSuccess = told;
          };
      nixgen-update-resume =
        unit "End of an update that was cut short" { ExecStart = "${update} resume"; }
          {
            onFailure = told;
            onSuccess = told;
          };
      nixgen-notify = unit "News of updates" { ExecStart = notify; } { };
    }
    // lib.optionalAttrs reboots {
      nixgen-update-reboot = unit "Restart that an update asks for" { ExecStart = "${update} reboot"; } {
        onFailure = told;
        onSuccess = told;
      };
    };

    systemd.timers = {
      nixgen-update = {
        description = "Times at which this host updates";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = cfg.calendar;
          Persistent = cfg.persistent;
          RandomizedDelaySec = cfg.jitter;
        };
      };
      nixgen-update-resume = {
        description = "Look after updates once the machine has started";
        wantedBy = [ "timers.target" ];
        timerConfig.OnBootSec = "2min";
      };
    }
    // lib.optionalAttrs reboots {
      nixgen-update-reboot = {
        description = "Time from which this host may restart";
        wantedBy = [ "timers.target" ];
        timerConfig.OnCalendar = "*-*-* ${cfg.reboot.from}:00";
      };
    };
  };
}
