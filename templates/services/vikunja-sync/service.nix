# The hardened unit that NixOS and home-manager share.
{ lib, cfg }:
let
  # A folder of the user's choice may lie outside the home. "-": it may be missing.
  writable = path: builtins.toJSON "-${lib.replaceStrings [ "%" ] [ "%%" ] path}";
  elsewhere = lib.filter (path: path != null && lib.hasPrefix "/" path) [
    cfg.settings.taskdata
    cfg.settings.state_dir
  ];
in
{
  # The hooks are shims that find the binary at every run; laying them anew at
  # each start costs nothing and mends what was removed.
  ExecStartPre = "-${lib.getExe' cfg.package "vikunja-sync"} setup --hooks-only";
  ExecStart = "${lib.getExe' cfg.package "vikunja-sync"} run";
  Type = "notify";
  NotifyAccess = "main";
  WatchdogSec = 300;
  Restart = "on-failure";
  RestartSec = 20;
  UMask = "0077";
  # For 10,000 tasks an export of Taskwarrior 3 takes 100 MB for a moment, which
  # count too; this stops what runs away.
  MemoryHigh = "512M";
  MemoryMax = "1G";
  NoNewPrivileges = true;
  PrivateTmp = true;
  ProtectSystem = "strict";
  ReadWritePaths = [ "%h" ] ++ map writable elsewhere;
  ProtectControlGroups = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  RestrictAddressFamilies = [
    "AF_INET"
    "AF_INET6"
    "AF_UNIX"
  ];
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  SystemCallArchitectures = "native";
  SystemCallFilter = [ "@system-service" ];
}
