# From the table of hosts in ../default.nix to the outputs of a flake.
#
# `given` is what flake.nix hands over: its inputs or, where it adds something
# of its own, { inputs, specialArgs ? { }, modules ? [ ] }.
{
  checkSystems,
  hosts,
  matrix ? null,
  names,
  secrets ? null,
  table,
  waves ? { },
}:
given:
let
  inherit (builtins)
    attrNames
    attrValues
    filter
    foldl'
    groupBy
    head
    listToAttrs
    map
    mapAttrs
    unsafeDiscardStringContext
    ;

  wrapped = given ? inputs;
  inputs = if wrapped then given.inputs else given;
  addedArgs = if wrapped then given.specialArgs or { } else { };
  addedModules = if wrapped then given.modules or [ ] else [ ];

  inherit (import ./inputs.nix inputs) need resolve;

  # Modules of inputs: a set from "foo.nixosModules.bar" to who asked for it.
  fromInputs = wanted: map (dotted: resolve wanted.${dotted} dotted) (attrNames wanted);

  # The argument `secrets`, where hosts.toml declares plain data of the private
  # input.
  plainData =
    lib:
    if secrets == null then
      { }
    else
      { secrets = import secrets.evaluate secrets lib (need "secrets.plain" secrets.input); };

  # A module that has the argument evaluated even where nobody reads it.
  checkedData =
    p:
    if secrets == null then
      [ ]
    else
      [
        {
          _file = "hosts.toml";
          assertions = [
            {
              assertion = builtins.seq p.specialArgs.secrets true;
              message = "the input ${secrets.input} has the shape of [secrets.plain]";
            }
          ];
        }
      ];

  # What a configuration is made of, whatever evaluates it.
  parts =
    name:
    let
      host = hosts.${name};
      nixpkgs = need "hosts.${name}" host.nixpkgs;
      ownArgs = host.specialArgs or { };
    in
    {
      inherit host nixpkgs;
      modules = fromInputs (host.modules or { }) ++ addedModules;
      homeModules = fromInputs (host.homeModules or { });
      userModules = user: fromInputs (host.userModules.${user} or { });
      specialArgs =
        ownArgs
        // addedArgs
        // plainData nixpkgs.lib
        // {
          inherit inputs;
          hostSpec = import ./spec.nix nixpkgs.lib host.path;
        };
    };

  # The modules of a system: the host's own, and what its homes are given.
  systemModules =
    p:
    let
      homes.home-manager = {
        extraSpecialArgs = p.specialArgs;
        sharedModules = p.homeModules;
        users = mapAttrs (user: _: { imports = p.userModules user; }) (p.host.userModules or { });
      };
    in
    [ p.host.path ] ++ (if p.host.homes or false then [ homes ] else [ ]) ++ p.modules ++ checkedData p;

  nixos =
    name:
    let
      p = parts name;
    in
    p.nixpkgs.lib.nixosSystem {
      inherit (p) specialArgs;
      modules = systemModules p;
    };

  darwin =
    name:
    let
      p = parts name;
      source.nixpkgs = {
        source = p.nixpkgs;
        flake.source = p.nixpkgs.outPath;
      };
    in
    (need "hosts.${name}" names.nixDarwin).lib.darwinSystem {
      inherit (p) specialArgs;
      inherit (p.nixpkgs) lib;
      modules = systemModules p ++ [ source ];
    };

  homesOf = name: (import hosts.${name}.path).home-manager.users;

  home =
    name: user:
    let
      p = parts name;
      module = {
        _file = p.host.path;
        imports = [ (homesOf name).${user} ];
      };
    in
    (need "hosts.${name}" names.homeManager).lib.homeManagerConfiguration {
      pkgs = p.nixpkgs.legacyPackages.${p.host.system};
      extraSpecialArgs = p.specialArgs;
      modules = [ module ] ++ p.homeModules ++ p.userModules user ++ p.modules ++ checkedData p;
    };

  ofKind = kind: filter (name: hosts.${name}.kind == kind) (attrNames hosts);
  tableOf =
    list: f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) list
    );

  nixosConfigurations = tableOf (ofKind "nixos") nixos;
  darwinConfigurations = tableOf (ofKind "darwin") darwin;
  homesByHost = tableOf (ofKind "home") (name: mapAttrs (user: _: home name user) (homesOf name));
  homeConfigurations = foldl' (all: name: all // atHost name) { } (attrNames homesByHost);
  atHost =
    name:
    listToAttrs (
      map (user: {
        name = "${user}@${name}";
        value = homesByHost.${name}.${user};
      }) (attrNames homesByHost.${name})
    );

  # What is built for a host: one derivation, or one for each home.
  derivations = {
    nixos = name: [ nixosConfigurations.${name}.config.system.build.toplevel ];
    darwin = name: [ darwinConfigurations.${name}.system ];
    home = name: map (h: h.activationPackage) (attrValues homesByHost.${name});
  };
  builtFor = name: derivations.${hosts.${name}.kind} name;

  # Evaluates a host completely, on any system, and builds nothing of it: the
  # check holds the path of the host's derivation without its context.
  check =
    system: name:
    derivation {
      inherit system;
      name = "eval-${name}";
      builder = "/bin/sh";
      args = [
        "-c"
        "echo \"$drvPaths\" > $out"
      ];
      drvPaths = map (drv: unsafeDiscardStringContext drv.drvPath) (builtFor name);
    };

  checksFor =
    system:
    listToAttrs (
      map (name: {
        name = "eval-${name}";
        value = check system name;
      }) (attrNames hosts)
    );

  # `nix build .#fleet.HOST`, on a machine of the host's system.
  packages = list: { fleet = tableOf list (name: head (builtFor name)); };
  bySystem = groupBy (name: hosts.${name}.system) (attrNames hosts);

  apps = import ./apps.nix {
    inherit
      bySystem
      hosts
      inputs
      names
      need
      table
      waves
      ;
  };
  deployments = import ./deploy.nix {
    inherit
      hosts
      inputs
      names
      need
      parts
      systemModules
      ;
    configurations = {
      nixos = nixosConfigurations;
      darwin = darwinConfigurations;
    };
  };
in
{
  inherit
    apps
    darwinConfigurations
    homeConfigurations
    nixosConfigurations
    ;
  checks = tableOf checkSystems checksFor;
  legacyPackages = mapAttrs (_: packages) bySystem;
}
// deployments
// (if matrix == null then { } else { githubMatrix.include = matrix; })
