{
  buildGoModule,
  installShellFiles,
  lib,
}:
buildGoModule {
  pname = "vikunja-sync";
  version = "0.1.0";
  src = lib.cleanSource ./.;

  # The hash of `go mod vendor`; a Go test computes it anew and says when it is stale.
  vendorHash = "sha256-Doknn/3SmQLtrAA806mekFKNBx10QV4GSrp7nHTUMto=";

  env.GOWORK = "off";
  env.CGO_ENABLED = "0";
  subPackages = [ "." ];
  ldflags = [
    "-s"
    "-w"
  ];
  checkFlags = [ "-short" ];

  nativeBuildInputs = [ installShellFiles ];
  postInstall = ''
    installShellCompletion --cmd vikunja-sync \
      --bash <($out/bin/vikunja-sync completion bash) \
      --fish <($out/bin/vikunja-sync completion fish) \
      --zsh <($out/bin/vikunja-sync completion zsh)
  '';

  meta = {
    description = "Two-way synchronisation of Taskwarrior and Vikunja that loses nothing";
    license = lib.licenses.mit;
    mainProgram = "vikunja-sync";
  };
}
