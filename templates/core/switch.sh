# nix run .#switch [-- [HOST] [OPTION…]]
# Switches the machine that the shell runs on to what the fleet says of it.
#   kinds       host → nixos, darwin or home: the hosts of this system
#   localNames  a Mac's name on its network → host, where they differ

# The host that the shell runs on, by the machine's name.
here() {
  local name
  case $(uname -s) in
  Darwin) name=$(scutil --get LocalHostName) ;;
  *) name=$(uname -n) ;;
  esac
  name=${name%%.*}
  printf '%s\n' "${localNames[$name]:-$name}"
}

case ${1:--} in
-*) host=$(here) ;;
*)
  host=$1
  shift
  ;;
esac
kind=${kinds[$host]:-}
[ -n "$kind" ] || fail "no host of this fleet and system is called \`$host\`; there are: ${!kinds[*]}"
echo "switching $host to $flake" >&2
asRoot=()
if [ "$(id -u)" != 0 ]; then asRoot=(sudo -H); fi
case $kind in
nixos)
  # whoever can read the flake builds; root does the rest
  if [ "${#asRoot[@]}" -gt 0 ]; then set -- --sudo "$@"; fi
  exec nixos-rebuild switch --flake "$flake#$host" "$@"
  ;;
darwin) exec "${asRoot[@]}" "$darwinRebuild" switch --flake "$flake#$host" "$@" ;;
home) exec "$homeManager" switch --flake "$flake#$(id -un)@$host" "$@" ;;
esac
