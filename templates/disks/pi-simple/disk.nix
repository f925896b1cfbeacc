# A Raspberry Pi's medium: firmware partition and root.
{
  adopt,
  adoptBoot,
  adoptRoot,
  compression,
  device,
  filesystem,
  firmware,
  firmwareSize,
  lib,
  medium,
  model,
  name,
  swap,
  ...
}:
let
  inherit (lib)
    mkDefault
    mkIf
    optional
    optionalAttrs
    optionals
    ;

  btrfs = filesystem == "btrfs";
  swapFile = swap != "none" && swap != "zram";
  firmwareMount = if firmware == "uefi" then "/boot" else "/boot/firmware";

  # only a change of the firmware needs this partition
  firmwareOptions = [
    "umask=0077"
  ]
  ++ optionals (firmware == "extlinux") [
    "noauto"
    "nofail"
  ];
  rootOptions = [ "noatime" ] ++ optional (compression != "none") "compress=${compression}";

  # of a btrfs root
  subvolumes = {
    "@" = "/";
  }
  // optionalAttrs swapFile { "@swap" = "/.swap"; };
  optionsOf = subvolume: if subvolume == "@swap" then [ "noatime" ] else rootOptions;

  rootContent =
    if btrfs then
      {
        type = "btrfs";
        extraArgs = [ "-f" ];
        subvolumes = lib.mapAttrs (
          subvolume: mountpoint:
          {
            inherit mountpoint;
            mountOptions = optionsOf subvolume;
          }
          // optionalAttrs (subvolume == "@swap") { swap.swapfile.size = swap; }
        ) subvolumes;
      }
    else
      {
        type = "filesystem";
        format = "ext4";
        mountpoint = "/";
        mountOptions = rootOptions;
      };

  fresh = {
    disko.devices.disk.${name} = {
      inherit device;
      type = "disk";
      content = {
        type = "gpt";
        partitions = {
          firmware = {
            priority = 1;
            size = firmwareSize;
            type = if firmware == "uefi" then "EF00" else "0700";
            content = {
              type = "filesystem";
              format = "vfat";
              mountpoint = firmwareMount;
              mountOptions = firmwareOptions;
            };
          }
          # the boot ROM of a Pi 3 reads no GPT
          // optionalAttrs (model == "3") { hybrid.mbrPartitionType = "0x0c"; };
          root = {
            size = "100%";
            content = rootContent;
          };
        };
      };
    };
  };

  rootMounts =
    if btrfs then
      lib.mapAttrs' (
        subvolume: mountPoint:
        lib.nameValuePair mountPoint {
          device = adoptRoot;
          fsType = "btrfs";
          options = optionsOf subvolume ++ [ "subvol=${subvolume}" ];
        }
      ) subvolumes
    else
      {
        "/" = {
          device = adoptRoot;
          fsType = "ext4";
          options = rootOptions;
        };
      };

  adopted = {
    fileSystems = rootMounts // {
      ${firmwareMount} = {
        device = adoptBoot;
        fsType = "vfat";
        options = firmwareOptions;
      };
    };
    swapDevices = optional (btrfs && swapFile) { device = "/.swap/swapfile"; };
  };

  # "2G" in MiB, for a swap file that NixOS makes
  mebibytes =
    size:
    let
      unit = lib.substring (lib.stringLength size - 1) 1 size;
      factors = {
        M = 1;
        G = 1024;
      };
    in
    lib.toInt (lib.removeSuffix unit size) * factors.${unit};
in
{
  imports = [ (if adopt then adopted else fresh) ];

  boot = {
    initrd.availableKernelModules =
      optionals (medium == "usb") [
        "usb_storage"
        "usbhid"
        "xhci_pci"
      ]
      ++ optional (medium == "nvme") "nvme";
    loader = {
      grub.enable = false;
    }
    // optionalAttrs (firmware == "extlinux") { generic-extlinux-compatible.enable = true; }
    // optionalAttrs (firmware == "uefi") {
      systemd-boot = {
        enable = true;
        configurationLimit = mkDefault 10;
      };
      # the firmware keeps its variables on the medium
      efi.canTouchEfiVariables = false;
    };
  };

  swapDevices = optional (!btrfs && swapFile) {
    device = "/var/swapfile";
    size = mebibytes swap;
  };

  zramSwap.enable = mkIf (swap == "zram") true;
}
