{
  buildGoModule,
  installShellFiles,
  lib,
}:
buildGoModule {
  pname = "nixgen";
  version = "0.1.0";
  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.difference ./. ./vikunja-sync;
  };

  # The hash of `go mod vendor`; a Go test computes it anew and says when it is stale.
  vendorHash = "sha256-CqJSS57e9VCKXO5KnLnRpOFAPoT3fD0wXkpYcJiPQnE=";

  # The workspace holds a second module, which is a package of its own.
  env.GOWORK = "off";
  env.CGO_ENABLED = "0";
  subPackages = [ "nixgen" ];
  ldflags = [
    "-s"
    "-w"
  ];

  # What needs neither network nor Nix.
  checkFlags = [ "-short" ];

  nativeBuildInputs = [ installShellFiles ];
  postInstall = ''
    $out/bin/nixgen man man
    installManPage man/*
    installShellCompletion --cmd nixgen \
      --bash <($out/bin/nixgen completion bash) \
      --fish <($out/bin/nixgen completion fish) \
      --zsh <($out/bin/nixgen completion zsh)
  '';

  meta = {
    description = "One hosts.toml for every machine you own: typed Nix and a fleet linter";
    license = lib.licenses.mit;
    mainProgram = "nixgen";
  };
}
