# The functions of nixpkgs that make a derivation of what they are given.
{
  lib,
  package,
  platform,
}:
let
  inherit (package) fake forced;

  nameOf = name: if builtins.isAttrs name then name.name or "unnamed" else name;
  write = name: text: forced (nameOf name) { text = toString text; };

  # what of a builder's arguments may become an environment variable
  isVariable =
    name: value:
    !(builtins.elem name [
      "__structuredAttrs"
      "builder"
      "meta"
      "name"
      "outputChecks"
      "passthru"
      "pname"
      "system"
    ])
    && value != null
    && !lib.isFunction value
    && (!builtins.isAttrs value || value ? outPath);
  variables = lib.filterAttrs isVariable;

  join =
    fallback: args:
    forced (args.name or fallback) {
      paths = lib.flatten (args.paths or [ ]);
    };
  run =
    name: env: text:
    forced name (variables env // { inherit text; });
  platforms = {
    buildPlatform = platform;
    hostPlatform = platform;
    targetPlatform = platform;
    inherit (platform)
      isAarch64
      isDarwin
      isLinux
      isx86_64
      ;
  };
in
final:
{
  stdenv =
    fake "stdenv"
    // platforms
    // {
      shell = "/bin/sh";
      mkDerivation =
        args:
        let
          attrs = if lib.isFunction args then lib.fix args else args;
        in
        forced (attrs.name or attrs.pname or "unnamed") (variables attrs);
    };
  stdenvNoCC = final.stdenv;

  writeText = write;
  writeScript = write;
  writeScriptBin = write;
  writeShellScript = write;
  writeShellScriptBin = write;
  writeTextDir = write;
  writeTextFile = args: write args.name (args.text or "");
  writeShellApplication =
    args:
    forced args.name {
      inherit (args) text;
      env = builtins.toJSON (args.runtimeEnv or { });
      path = args.runtimeInputs or [ ];
    };
  writers = {
    makeScriptWriter =
      checks: name: text:
      forced name {
        inherit text;
        check = checks.check or "";
      };
    writeBash = write;
    writeBashBin = write;
    writeDash = write;
    writePython3 =
      name: _: text:
      write name text;
  };

  rustPlatform = fake "rustPlatform" // {
    buildRustPackage = args: fake args.pname;
  };

  runCommand = run;
  runCommandCC = run;
  runCommandLocal = run;
  runCommandWith = args: text: run args.name (args.derivationArgs or { }) text;

  buildEnv = join "env";
  symlinkJoin = join "join";
  linkFarm = name: entries: forced name { entries = builtins.toJSON entries; };
  linkFarmFromDrvs = name: paths: forced name { inherit paths; };
  concatText = name: paths: forced name { inherit paths; };
  replaceVars = path: vars: forced (baseNameOf path) { vars = builtins.toJSON vars; };
  closureInfo = args: forced "closure-info" { paths = args.rootPaths; };
  emptyFile = fake "empty-file";
  emptyDirectory = fake "empty-directory";

  fetchFromGitHub = args: fake (args.name or args.repo or "source");
  fetchurl = args: fake (args.name or "source");
  fetchzip = args: fake (args.name or "source");

  callPackage =
    given: args:
    let
      function = if builtins.isFunction given then given else import given;
      all = final // {
        pkgs = final;
      };
      known = builtins.intersectAttrs (builtins.functionArgs function) all;
    in
    if builtins.isFunction function then function (known // args) else function;
  callPackages = final.callPackage;
  newScope = extra: lib.callPackageWith (final // extra);

  python3 = fake "python3" // {
    pkgs = final.python3Packages;
    withPackages = select: forced "python3-env" { paths = select final.python3Packages; };
  };
  # home-manager reads what the wrapper made of its arguments
  neovimUtils = {
    makeVimPackageInfo = plugins: {
      pluginPython3Packages = [ ];
      runtimeDeps = [ ];
      vimPackage = forced "vim-package" { paths = map (plugin: plugin.plugin or plugin) plugins; };
    };
    packDir = packages: forced "pack" { paths = lib.attrValues packages; };
  };
  wrapNeovimUnstable =
    _: args:
    let
      plugins = map (plugin: plugin.plugin or plugin) (args.plugins or [ ]);
      self = forced "neovim" (variables args // { inherit plugins; }) // {
        luaRcContent = "";
        overrideAttrs = _: self;
      };
    in
    self;
  vmTools = {
    override = _: final.vmTools;
    runInLinuxVM = drv: drv;
  };
  aggregateModules = paths: forced "kernel-modules" { inherit paths; };
  nixosOptionsDoc = _: {
    optionsAsciiDoc = fake "options.adoc";
    optionsCommonMark = fake "options.md";
    optionsJSON = fake "options.json";
    optionsNix = { };
  };
  runtimeShell = "/bin/sh";
  runtimeShellPackage = fake "bash";
}
