# What stands for a package.
{ lib, platform }:
rec {
  # A package that exists in name only; calling it, or overriding it, gives
  # the package again.
  fake =
    name:
    let
      outPath = "/nix/store/00000000000000000000000000000000-${name}";
      self = {
        inherit name outPath;
        inherit (platform) system;
        type = "derivation";
        pname = name;
        version = "999.0";
        drvPath = "${outPath}.drv";
        outputName = "out";
        outputs = [ "out" ];
        all = [ self ];
        args = [ ];
        builder = "/bin/sh";
        src = "/src";
        shellPath = "/bin/${name}";
        meta = {
          available = true;
          description = name;
          license = [ ];
          mainProgram = name;
          platforms = lib.platforms.all;
          position = "";
        };
        passthru = { };
        out = self;
        bin = self;
        dev = self;
        doc = self;
        lib = self;
        man = self;
        terminfo = self;
        override = _: self;
        overrideAttrs = _: self;
        overrideDerivation = _: self;
        overridePythonAttrs = _: self;
        __functor = _: _: self;
        __toString = _: outPath;
      };
    in
    self;

  # A package made of values: its paths come from a real derivation and force
  # every attribute.
  forced =
    name: attrs:
    let
      label = lib.strings.sanitizeDerivationName (baseNameOf (toString name));
      real = derivation (
        attrs
        // {
          inherit (platform) system;
          name = label;
          builder = "/bin/sh";
        }
      );
    in
    removeAttrs (fake label) [ "__functor" ]
    // {
      inherit (real) drvPath outPath;
      text = attrs.text or "";
      __toString = _: real.outPath;
    };
}
