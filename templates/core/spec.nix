# The facts about the host whose folder is given, evaluated with their types.
lib: folder:
let
  file = folder + "/spec.nix";
  values = {
    _file = file;
    config = import file;
  };
  evaluated = lib.evalModules {
    modules = [
      ../host-spec.nix
      values
    ];
  };
in
evaluated.config
