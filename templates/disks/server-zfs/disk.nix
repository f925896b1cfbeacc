# A ZFS pool over one to eight disks.
{
  adopt,
  adoptBoot,
  adoptSwap,
  arcMax,
  ashift,
  autoSnapshot,
  bootMirror,
  compression,
  datasets,
  devices,
  encryption,
  espSize,
  hostId,
  lib,
  name,
  passwordFile,
  pool,
  scrub,
  swap,
  topology,
  trim,
  ...
}:
let
  inherit (lib)
    imap0
    length
    listToAttrs
    mapAttrs
    mapAttrs'
    mkDefault
    mkIf
    nameValuePair
    optional
    optionalAttrs
    ;

  poolName = if pool != null then pool else name;
  encrypted = encryption == "zfs";
  swapPartition = swap != "none" && swap != "zram";

  # with a mirror the machine boots though one of them is missing
  espOptions = [ "umask=0077" ] ++ optional bootMirror "nofail";
  espMount = index: if index == 0 then "/boot" else "/boot-${toString (index + 1)}";
  bootDisks = if bootMirror then length devices else 1;

  # "8G" in bytes
  bytes =
    size:
    let
      unit = lib.substring (lib.stringLength size - 1) 1 size;
      factors = {
        M = 1024 * 1024;
        G = 1024 * 1024 * 1024;
      };
    in
    lib.toInt (lib.removeSuffix unit size) * factors.${unit};

  partitions =
    index:
    optionalAttrs (index < bootDisks) {
      esp = {
        priority = 1;
        size = espSize;
        type = "EF00";
        content = {
          type = "filesystem";
          format = "vfat";
          mountpoint = espMount index;
          mountOptions = espOptions;
        };
      };
    }
    // optionalAttrs (index == 0 && swapPartition) {
      swap = {
        priority = 2;
        size = swap;
        content = {
          type = "swap";
          randomEncryption = encrypted;
        };
      };
    }
    // {
      zfs = {
        size = "100%";
        content = {
          type = "zfs";
          pool = poolName;
        };
      };
    };

  fresh = {
    disko.devices = {
      disk = listToAttrs (
        imap0 (
          index: device:
          nameValuePair "${name}_${toString (index + 1)}" {
            inherit device;
            type = "disk";
            content = {
              type = "gpt";
              partitions = partitions index;
            };
          }
        ) devices
      );
      zpool.${poolName} = {
        type = "zpool";
        mode = if topology == "single" then "" else topology;
        options.ashift = toString ashift;
        rootFsOptions = {
          inherit compression;
          acltype = "posixacl";
          atime = "off";
          canmount = "off";
          "com.sun:auto-snapshot" = if autoSnapshot then "true" else "false";
          dnodesize = "auto";
          mountpoint = "none";
          xattr = "sa";
        }
        // optionalAttrs encrypted {
          encryption = "aes-256-gcm";
          keyformat = "passphrase";
          keylocation = if passwordFile != null then "file://${passwordFile}" else "prompt";
        };
        # the file is the installer's: from the first boot on, ask
        postCreateHook = lib.optionalString (encrypted && passwordFile != null) ''
          zfs set keylocation=prompt ${poolName}
        '';
        datasets = mapAttrs (_: mountpoint: {
          inherit mountpoint;
          type = "zfs_fs";
          options = {
            mountpoint = "legacy";
          }
          // optionalAttrs (mountpoint == "/nix") { "com.sun:auto-snapshot" = "false"; };
        }) datasets;
      };
    };
  };

  adopted = {
    fileSystems =
      mapAttrs' (
        dataset: mountPoint:
        nameValuePair mountPoint {
          device = "${poolName}/${dataset}";
          fsType = "zfs";
          options = [ "defaults" ];
        }
      ) datasets
      // listToAttrs (
        imap0 (
          index: device:
          nameValuePair (espMount index) {
            inherit device;
            fsType = "vfat";
            options = espOptions;
          }
        ) adoptBoot
      );
    swapDevices = optional (adoptSwap != null) {
      device = adoptSwap;
      randomEncryption.enable = encrypted;
    };
  };

  bootTargets = if adopt then adoptBoot else devices;
in
{
  imports = [ (if adopt then adopted else fresh) ];

  networking = {
    inherit hostId;
  };

  boot = {
    kernelParams = optional (arcMax != null) "zfs.zfs_arc_max=${toString (bytes arcMax)}";
    supportedFilesystems.zfs = true;
    zfs.forceImportRoot = mkDefault false;
    loader =
      if bootMirror then
        {
          grub = {
            enable = true;
            efiSupport = true;
            # every disk boots by itself, whatever the firmware remembers
            efiInstallAsRemovable = true;
            zfsSupport = true;
            mirroredBoots = imap0 (index: _: {
              devices = [ "nodev" ];
              path = espMount index;
            }) bootTargets;
          };
        }
      else
        {
          systemd-boot = {
            enable = true;
            configurationLimit = mkDefault 20;
          };
          efi.canTouchEfiVariables = mkDefault true;
        };
  };

  services.zfs = {
    autoScrub = mkIf (scrub != "none") {
      enable = true;
      interval = scrub;
      pools = [ poolName ];
    };
    autoSnapshot.enable = mkIf autoSnapshot true;
    trim.enable = mkDefault trim;
  };

  zramSwap.enable = mkIf (swap == "zram") true;
}
