# The facts about the host, which reach modules as the argument `hostSpec`, are
# to be seen as the option `hostSpec` too. It is read-only, and set here: a
# module that sets a field fails. The assertion has the option evaluated even
# where nobody reads it.
{
  config,
  hostSpec,
  lib,
  ...
}:
{
  options.hostSpec = lib.mkOption {
    type = lib.types.submodule ../host-spec.nix;
    readOnly = true;
    description = "Facts about this host, from hosts.toml.";
  };

  config = {
    inherit hostSpec;
    assertions = [
      {
        assertion = builtins.deepSeq config.hostSpec true;
        message = "hostSpec has the types of host-spec.nix";
      }
    ];
  };
}
