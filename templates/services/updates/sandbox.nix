# The sandbox of the units. Activations leave it: they run in units of their own,
# which systemd-run starts; builds are the Nix daemon's.
{
  StateDirectory = "nixgen-update";
  CacheDirectory = "nixgen-update";
  RuntimeDirectory = "nixgen-update";
  # what happened since the machine was started
  RuntimeDirectoryPreserve = true;
  ReadWritePaths = [ "/nix/var/nix" ];
  CapabilityBoundingSet = "~CAP_MKNOD CAP_NET_ADMIN CAP_SYS_MODULE CAP_SYS_PTRACE CAP_SYS_RAWIO CAP_SYS_TIME";
  LockPersonality = true;
  NoNewPrivileges = true;
  PrivateDevices = true;
  PrivateTmp = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = "read-only";
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectSystem = "strict";
  RestrictAddressFamilies = [
    "AF_INET"
    "AF_INET6"
    "AF_NETLINK"
    "AF_UNIX"
  ];
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  SystemCallFilter = [ "@system-service" ];
}
