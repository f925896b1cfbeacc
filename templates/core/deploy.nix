# Outputs for deployment tools, each only where the flake has the tool among its
# inputs: colmenaHive, and deploy.nodes of deploy-rs.
{
  configurations,
  hosts,
  inputs,
  names,
  need,
  parts,
  systemModules,
}:
let
  inherit (builtins) attrNames filter mapAttrs;
  nixpkgs = need "deployment" names.nixpkgs;
  inherit (nixpkgs.lib) genAttrs;

  reach = name: hosts.${name}.deploy or { };
  address = name: (reach name).host or name;
  user = name: (reach name).user or "root";
  ofKind = kind: filter (name: hosts.${name}.kind == kind) (attrNames hosts);
  packages = name: (parts name).nixpkgs.legacyPackages.${hosts.${name}.system};

  node = name: {
    imports = systemModules (parts name);
    deployment = {
      targetHost = address name;
      targetUser = user name;
      targetPort = (reach name).port or null;
      tags = (reach name).tags or [ ];
      buildOnTarget = (reach name).buildOnTarget or false;
    };
  };

  hive = genAttrs (ofKind "nixos") node // {
    meta = {
      nixpkgs = nixpkgs.legacyPackages.x86_64-linux;
      nodeNixpkgs = genAttrs (ofKind "nixos") packages;
      nodeSpecialArgs = genAttrs (ofKind "nixos") (name: (parts name).specialArgs);
    };
  };

  target = kind: name: configuration: {
    hostname = address name;
    sshUser = user name;
    sshOpts = if (reach name) ? port then [ "-p${toString (reach name).port}" ] else [ ];
    remoteBuild = (reach name).buildOnTarget or false;
    profiles.system = {
      user = "root";
      path = inputs.${names.deployRs}.lib.${hosts.${name}.system}.activate.${kind} configuration;
    };
  };
  linux = mapAttrs (target "nixos") configurations.nixos;
  macs = mapAttrs (target "darwin") configurations.darwin;

  has = name: outputs: if inputs ? ${name} then outputs else { };
in
has names.colmena { colmenaHive = inputs.${names.colmena}.lib.makeHive hive; }
// has names.deployRs { deploy.nodes = linux // macs; }
