# What stands for a package.
{ lib, platform }:
let
  # What every package shows; overriding it, or asking for one of its outputs,
  # gives the package again.
  describe =
    name: given:
    let
      self = {
        inherit name;
        inherit (platform) system;
        type = "derivation";
        pname = name;
        version = "999.0";
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
        __toString = _: self.outPath;
      }
      // given self;
    in
    self;

  # The derivation behind a package: its paths have a context, as those of real
  # packages have, and force every attribute.
  real =
    name: attrs:
    derivation (
      attrs
      // {
        inherit (platform) system;
        name = lib.strings.sanitizeDerivationName (baseNameOf (toString name));
        builder = "/bin/sh";
      }
    );
in
{
  # A package that exists in name only; calling it gives the package again.
  fake =
    name:
    describe name (self: {
      inherit (real name { }) drvPath outPath;
      __functor = _: _: self;
    });

  # A package made of values.
  forced =
    name: attrs:
    let
      drv = real name attrs;
    in
    describe drv.name (_: {
      inherit (drv) drvPath outPath;
      text = attrs.text or "";
    });
}
