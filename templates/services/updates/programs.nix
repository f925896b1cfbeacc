# The programs of a host that updates itself, with what they know of it.
{
  cfg,
  lib,
  paths,
  pkgs,
  runtimeInputs,
}:
let
  settings = removeAttrs cfg [
    "calendar"
    "intervals"
    "jitter"
    "persistent"
  ];
  program =
    name: script:
    pkgs.writeShellApplication {
      inherit name;
      text = builtins.readFile script;
      # the filters of jaq hold its own variables
      excludeShellChecks = [ "SC2016" ];
      runtimeEnv.NIXGEN_UPDATE_CONFIG = (pkgs.formats.json { }).generate "nixgen-updates.json" (
        settings // paths
      );
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
