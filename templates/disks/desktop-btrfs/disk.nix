# btrfs subvolumes on one disk, behind systemd-boot.
{
  adopt,
  adoptBoot,
  adoptRoot,
  bootLoader,
  compression,
  compressionLevel,
  device,
  discard,
  encryption,
  espSize,
  hibernation,
  impermanence,
  keepRoots,
  lib,
  luksName,
  name,
  passwordFile,
  scrub,
  subvolumes,
  swap,
  unlock,
  ...
}:
let
  inherit (lib)
    attrNames
    escapeShellArg
    filter
    mapAttrs
    mapAttrs'
    mkDefault
    mkIf
    nameValuePair
    optional
    optionalAttrs
    ;

  encrypted = encryption == "luks";
  mapper = if luksName != null then luksName else "crypt-${name}";
  swapFile = swap != "none" && swap != "zram";
  rollback = impermanence != null;

  rootDevice =
    if encrypted then
      "/dev/mapper/${mapper}"
    else if adopt then
      adoptRoot
    else
      "/dev/disk/by-partlabel/disk-${name}-root";

  level = lib.optionalString (compressionLevel != null) ":${toString compressionLevel}";
  mountOptions = optional (compression != "none") "compress=${compression}${level}" ++ [ "noatime" ];
  espOptions = [ "umask=0077" ];

  # where every subvolume is mounted
  mounts =
    subvolumes
    // optionalAttrs rollback { "@persist" = impermanence; }
    // optionalAttrs swapFile { "@swap" = "/.swap"; };
  optionsOf = subvolume: if subvolume == "@swap" then [ "noatime" ] else mountOptions;
  rootSubvolume = lib.head (filter (key: mounts.${key} == "/") (attrNames mounts));

  luksSettings = {
    allowDiscards = discard;
  }
  // optionalAttrs (unlock != "passphrase") { crypttabExtraOpts = [ "${unlock}-device=auto" ]; };

  btrfs = {
    type = "btrfs";
    extraArgs = [ "-f" ];
    subvolumes = mapAttrs (
      subvolume: mountpoint:
      {
        inherit mountpoint;
        mountOptions = optionsOf subvolume;
      }
      // optionalAttrs (subvolume == "@swap") { swap.swapfile.size = swap; }
    ) mounts;
  };

  root =
    if encrypted then
      {
        luks = {
          size = "100%";
          content = {
            inherit passwordFile;
            type = "luks";
            name = mapper;
            settings = luksSettings;
            content = btrfs;
          };
        };
      }
    else
      {
        root = {
          size = "100%";
          content = btrfs;
        };
      };

  fresh = {
    disko.devices.disk.${name} = {
      inherit device;
      type = "disk";
      content = {
        type = "gpt";
        partitions = {
          esp = {
            priority = 1;
            size = espSize;
            type = "EF00";
            content = {
              type = "filesystem";
              format = "vfat";
              mountpoint = "/boot";
              mountOptions = espOptions;
            };
          };
        }
        // root;
      };
    };
  };

  adopted = {
    boot.initrd.luks.devices = optionalAttrs encrypted {
      ${mapper} = luksSettings // {
        device = adoptRoot;
      };
    };
    fileSystems =
      mapAttrs' (
        subvolume: mountPoint:
        nameValuePair mountPoint {
          device = rootDevice;
          fsType = "btrfs";
          options = optionsOf subvolume ++ [ "subvol=${subvolume}" ];
        }
      ) mounts
      // {
        "/boot" = {
          device = adoptBoot;
          fsType = "vfat";
          options = espOptions;
        };
      };
    swapDevices = optional swapFile { device = "/.swap/swapfile"; };
  };

  # what the first stage must mount: besides the root, what outlives it
  kept = removeAttrs mounts [
    "@swap"
    rootSubvolume
  ];
in
{
  imports = [ (if adopt then adopted else fresh) ];

  boot = {
    initrd = {
      supportedFilesystems.btrfs = true;
      systemd = {
        # TPM, FIDO2 and resuming are systemd's work in the first stage
        enable = mkIf (encrypted || hibernation || rollback) true;
        services = mkIf rollback {
          rollback-root = {
            description = "Put an empty root in place of the last one";
            wantedBy = [ "initrd.target" ];
            requires = [ "initrd-root-device.target" ];
            after = [ "initrd-root-device.target" ];
            before = [ "sysroot.mount" ];
            unitConfig.DefaultDependencies = "no";
            serviceConfig.Type = "oneshot";
            script = ''
              top=/rollback
              root=${escapeShellArg rootSubvolume}
              mkdir -p "$top"
              mount -t btrfs -o subvol=/ ${escapeShellArg rootDevice} "$top"

              # subvolumes nest: those inside go first
              delete() {
                btrfs subvolume list -o "$1" | cut -d ' ' -f 9- | while IFS= read -r below; do
                  delete "$top/$below"
                done
                btrfs subvolume delete "$1"
              }

              mkdir -p "$top/old-roots"
              if [ -e "$top/$root" ]; then
                mv "$top/$root" "$top/old-roots/$(date +%Y-%m-%dT%H-%M-%S)"
              fi
              btrfs subvolume create "$top/$root"

              # named by date, so the order of names is that of time
              oldest=$(date -d "@$(($(date +%s) - ${toString keepRoots} * 86400))" +%Y-%m-%dT%H-%M-%S)
              for old in "$top"/old-roots/*; do
                if [ -e "$old" ] && [ "''${old##*/}" \< "$oldest" ]; then
                  delete "$old"
                fi
              done
              umount "$top"
            '';
          };
        };
      };
    };
    loader = mkIf (bootLoader == "systemd-boot") {
      systemd-boot = {
        enable = true;
        configurationLimit = mkDefault 20;
      };
      efi.canTouchEfiVariables = mkDefault true;
    };
  };

  fileSystems = mkIf rollback (
    mapAttrs' (_: mountPoint: nameValuePair mountPoint { neededForBoot = true; }) kept
  );

  services.btrfs.autoScrub = mkIf scrub {
    enable = true;
    fileSystems = [ "/" ];
  };

  zramSwap.enable = mkIf (swap == "zram") true;
}
