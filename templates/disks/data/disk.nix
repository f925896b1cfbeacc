# One file system on a further disk, which nothing here ever destroys.
{
  adopt,
  adoptRoot,
  compression,
  device,
  encryption,
  filesystem,
  keyFile,
  lib,
  luksName,
  mountPoint,
  name,
  nofail,
  passwordFile,
  unlock,
  ...
}:
let
  inherit (lib) mkIf optional optionalAttrs;

  encrypted = encryption == "luks";
  late = unlock == "keyFile";
  mapper = if luksName != null then luksName else "crypt-${name}";

  mountOptions = [
    "noatime"
  ]
  ++ optional (compression != "none") "compress=${compression}"
  ++ optional nofail "nofail";

  luksSettings = {
    allowDiscards = true;
  }
  // (
    if late then
      { inherit keyFile; }
    else
      {
        crypttabExtraOpts =
          optional (unlock != "passphrase") "${unlock}-device=auto" ++ optional nofail "nofail";
      }
  );

  luksPartition = if adopt then adoptRoot else "/dev/disk/by-partlabel/disk-${name}-luks";

  files =
    if filesystem == "btrfs" then
      {
        inherit mountOptions;
        type = "btrfs";
        mountpoint = mountPoint;
      }
    else
      {
        inherit mountOptions;
        type = "filesystem";
        format = filesystem;
        mountpoint = mountPoint;
      };

  partition =
    if encrypted then
      {
        luks = {
          size = "100%";
          content = {
            inherit passwordFile;
            type = "luks";
            name = mapper;
            settings = luksSettings;
            initrdUnlock = !late;
            content = files;
          };
        };
      }
    else
      {
        data = {
          size = "100%";
          content = files;
        };
      };

  fresh = {
    disko.devices.disk.${name} = {
      inherit device;
      type = "disk";
      destroy = false;
      content = {
        type = "gpt";
        partitions = partition;
      };
    };
  };

  adopted = {
    boot.initrd.luks.devices = optionalAttrs (encrypted && !late) {
      ${mapper} = luksSettings // {
        device = luksPartition;
      };
    };
    fileSystems.${mountPoint} = {
      device = if encrypted then "/dev/mapper/${mapper}" else adoptRoot;
      fsType = filesystem;
      options = mountOptions;
    };
  };
in
{
  imports = [ (if adopt then adopted else fresh) ];

  boot.initrd.systemd.enable = mkIf (encrypted && !late) true;

  # the key is on the root: opened once that is mounted
  environment.etc.crypttab = mkIf (encrypted && late) {
    text = ''
      ${mapper} ${luksPartition} ${keyFile} luks,discard${lib.optionalString nofail ",nofail"}
    '';
  };
}
