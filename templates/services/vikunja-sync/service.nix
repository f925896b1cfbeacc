# The hardened unit that NixOS and home-manager share.
{ lib, cfg }:
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
  MemoryHigh = "96M";
  MemoryMax = "192M";
  NoNewPrivileges = true;
  PrivateTmp = true;
  ProtectSystem = "strict";
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
