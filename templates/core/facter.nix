# A report of nixos-facter that is not there yet. nixos-anywhere writes it beside
# the host's entry and builds the system at once, before anything is generated
# again; from the next `nixgen generate` on the host names it itself.
{ external, report }:
{ lib, ... }:
let
  option = {
    reportPath = report;
  };
in
lib.optionalAttrs (builtins.pathExists report) (
  if external then { facter = option; } else { hardware.facter = option; }
)
