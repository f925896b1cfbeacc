# The programs of a host that updates itself, with what they know of it.
{
  cfg,
  lib,
  paths,
  pkgs,
  runtimeInputs,
}:
let
  # Nix quotes the values: nothing of them is read as shell.
  variables = lib.toShellVars (
    paths
    // {
      inherit (cfg)
        confirms
        follow
        host
        operation
        retries
        rollback
        source
        ;
      inherit (cfg.confirm) remote url;
      inherit (cfg.health)
        commands
        deadline
        units
        urls
        ;
      inherit (cfg.notify)
        desktop
        email
        healthchecks
        ntfy
        webhook
        ;
      collect_garbage = cfg.collectGarbage;
      depends_on = cfg.dependsOn;
      deploy_key = cfg.deployKey;
      keep_generations = cfg.keepGenerations;
      ntfy_token_file = cfg.notify.ntfyTokenFile;
      only_newer = cfg.onlyNewer;
      reboot_from = cfg.reboot.from;
      reboot_policy = cfg.reboot.policy;
      reboot_until = cfg.reboot.until;
      stale_after = cfg.staleAfter;
      time_limit = cfg.timeout;
      told = cfg.notify.on;
    }
  );
  program =
    name: script:
    pkgs.writeShellApplication {
      inherit name;
      text = variables + "\n" + builtins.readFile script;
      # the filters of jaq have variables of their own; no program needs all of ours
      excludeShellChecks = [
        "SC2016"
        "SC2034"
      ];
      runtimeInputs = [
        pkgs.coreutils
        pkgs.curl
        pkgs.gitMinimal
        pkgs.gnused
        pkgs.jaq
      ]
      ++ lib.optional (cfg.notify.email != null) pkgs.msmtp
      ++ runtimeInputs;
    };
in
{
  update = program "nixgen-update" ./update.sh;
  notify = program "nixgen-notify" ./notify.sh;
}
