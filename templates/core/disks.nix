# From the table of a host's disks to a module: each disk is what the function
# of its profile makes of its parameters.
disks:
{ lib, ... }:
let
  module = name: disk: import disk.profile (disk.parameters // { inherit lib name; });
in
{
  imports = lib.mapAttrsToList module disks;
}
