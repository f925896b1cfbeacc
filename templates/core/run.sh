# What the programs of apps.nix begin with. They know, as shell variables:
#   source  the tree that the program was made from, in the store
#   table   the generated default.nix, relative to that
set -euo pipefail

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The flake to read: the working tree that the shell stands in, if the program
# was made from that (so the system gets to know its revision), else the source.
flake=$source
dir=$PWD
while [ "$dir" != / ]; do
  if [ -e "$dir/flake.nix" ]; then
    if cmp -s "$dir/$table" "$source/$table"; then flake=$dir; fi
    break
  fi
  dir=$(dirname "$dir")
done
