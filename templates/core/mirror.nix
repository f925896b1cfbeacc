# The facts about the host, which reach modules as the argument `hostSpec`, are
# to be seen as the option `hostSpec` too. It is read-only: a module that sets a
# field fails, and the assertion forces every field through its type.
{ hostSpec, lib, ... }: {
  options.hostSpec = lib.mkOption {
    type = lib.types.submodule ../host-spec.nix;
    default = hostSpec;
    readOnly = true;
    description = "Facts about this host, from hosts.toml.";
  };

  config.assertions = [
    {
      assertion = builtins.deepSeq hostSpec true;
      message = "hostSpec has the types of host-spec.nix";
    }
  ];
}
