# nix run .#install-HOST [-- OPTION…]
# Installs a machine over SSH with nixos-anywhere; this erases its disks. Every
# option of nixos-anywhere can be given; without --target-host the host's address
# is taken.
target=()
if [ -n "$address" ]; then target=(--target-host "root@$address"); fi
for option; do
  case $option in --target-host | --target-host=*) target=() ;; esac
done
exec "$nixosAnywhere" --flake "$flake#$host" "${target[@]}" "$@"
