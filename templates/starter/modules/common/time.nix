# `time.timeZone` exists on NixOS and on macOS alike.
{ hostSpec, lib, ... }:
{
  time.timeZone = lib.mkDefault hostSpec.timeZone;
}
