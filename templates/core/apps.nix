# Programs of the fleet, for `nix run`, each only where the flake has the input
# that it is made of: `switch` on systems with hosts, `install-HOST` with
# nixos-anywhere, `deploy-WAVE` with deploy-rs.
{
  bySystem,
  hosts,
  inputs,
  names,
  need,
  table,
  waves,
}:
let
  inherit (builtins) attrNames filter readFile;
  nixpkgs = need "apps" names.nixpkgs;
  inherit (nixpkgs) lib;

  app = system: name: script: description: vars: {
    type = "app";
    meta = { inherit description; };
    program = toString (
      nixpkgs.legacyPackages.${system}.writeShellScript name ''
        ${lib.toShellVars ({ inherit table; } // vars // { source = toString inputs.self; })}
        ${readFile ./run.sh}
        ${readFile script}
      ''
    );
  };

  # A program of an input, null where the flake does not have it for the system.
  program =
    input: package: system:
    let
      found = inputs.${input}.packages.${system}.${package} or null;
    in
    if found == null then null else lib.getExe found;
  darwinRebuild = program names.nixDarwin "darwin-rebuild";
  homeManager = program names.homeManager "home-manager";
  nixosAnywhere = program names.nixosAnywhere "nixos-anywhere";
  deploy = program names.deployRs "deploy-rs";

  # What a machine is switched with is there; NixOS has it itself.
  switchable =
    system: name:
    {
      nixos = true;
      darwin = darwinRebuild system != null;
      home = homeManager system != null;
    }
    .${hosts.${name}.kind};
  localName = name: lib.nameValuePair hosts.${name}.localName name;
  switch =
    system:
    let
      members = filter (switchable system) (bySystem.${system} or [ ]);
      known = {
        kinds = lib.genAttrs members (name: hosts.${name}.kind);
        localNames = lib.listToAttrs (map localName (filter (name: hosts.${name} ? localName) members));
        darwinRebuild = darwinRebuild system;
        homeManager = homeManager system;
      };
      vars = lib.filterAttrs (_: value: value != null) known;
    in
    lib.optionalAttrs (members != [ ]) {
      switch = app system "switch" ./switch.sh "switch this machine to what the fleet says of it" vars;
    };

  install =
    system: name:
    lib.nameValuePair "install-${name}" (
      app system "install-${name}" ./install.sh "install ${name} with nixos-anywhere; erases its disks" {
        host = name;
        address = hosts.${name}.deploy.host or "";
        nixosAnywhere = nixosAnywhere system;
      }
    );
  installs =
    system:
    let
      fresh = filter (name: hosts.${name}.install or false) (attrNames hosts);
    in
    lib.optionalAttrs (nixosAnywhere system != null) (lib.listToAttrs (map (install system) fresh));

  wave =
    system: name: members:
    lib.nameValuePair "deploy-${name}" (
      app system "deploy-${name}" ./wave.sh "deploy the hosts of the wave ${name} with deploy-rs" {
        inherit members;
        deploy = deploy system;
      }
    );
  rollout = system: lib.optionalAttrs (deploy system != null) (lib.mapAttrs' (wave system) waves);

  # Systems of hosts, and those on which somebody may sit who deploys to them.
  tools = [
    names.nixosAnywhere
    names.deployRs
  ];
  systemsOf = tool: attrNames (inputs.${tool}.packages or { });
  systems = attrNames bySystem ++ lib.concatMap systemsOf tools;
  usable = filter (system: nixpkgs.legacyPackages ? ${system}) (lib.unique systems);
  all = lib.genAttrs usable (system: switch system // installs system // rollout system);
in
if inputs ? self then lib.filterAttrs (_: apps: apps != { }) all else { }
