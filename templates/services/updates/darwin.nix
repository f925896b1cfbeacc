# A Mac that updates itself: a launchd daemon at the times of the schedule, and
# one that looks after updates once the machine has started.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.nixgen.updates;

  programs = import ./programs.nix {
    inherit cfg lib pkgs;
    paths = {
      platform = "darwin";
      attribute = "darwinConfigurations.${cfg.host}.system";
      profile = "/nix/var/nix/profiles/system";
      current_system = "/run/current-system";
      booted_system = "/run/current-system";
      state_dir = "/var/lib/nixgen-update";
      run_dir = "/var/run/nixgen-update";
      users_dir = "/var/empty";
      console = "/dev/console";
    };
    runtimeInputs = [
      config.system.build.darwin-rebuild
      pkgs.flock
    ]
    ++ lib.optional config.nix.enable config.nix.package;
  };
  update = lib.getExe programs.update;
  notify = lib.getExe programs.notify;
  log = "/var/log/nixgen-update.log";

  # An activation reloads daemons that have changed, this one too. So the work is
  # done by a process that launchd has let go of.
  daemon = serviceConfig: lines: {
    script = ''
      work() {
        ${lib.concatStringsSep "\n  " lines}
      }
      work &
    '';
    environment = {
      HOME = "/var/root";
      NIX_SSL_CERT_FILE = "/etc/ssl/certs/ca-certificates.crt";
      PATH = "/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/bin:/bin:/usr/sbin:/sbin";
    };
    serviceConfig = {
      AbandonProcessGroup = true;
      ProcessType = "Background";
      StandardErrorPath = log;
      StandardOutPath = log;
    }
    // serviceConfig;
  };
in
{
  imports = [ ./options.nix ];

  config = {
    environment.systemPackages = [
      programs.update
      programs.notify
    ];

    # a megabyte each, five of them
    environment.etc."newsyslog.d/nixgen-update.conf".text = "${log} 640 5 1024 * J\n";

    launchd.daemons = {
      nixgen-update = daemon { StartCalendarInterval = cfg.intervals; } (
        lib.optional (cfg.jitter > 0) "sleep $(((RANDOM * 32768 + RANDOM) % ${toString cfg.jitter}))"
        ++ [
          "${notify} start"
          "${update} run || ${update} resume"
          notify
        ]
      );
      nixgen-update-resume = daemon { RunAtLoad = true; } [
        "${update} resume"
        notify
      ];
    };
  };
}
