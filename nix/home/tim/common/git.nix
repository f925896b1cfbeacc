{ hostSpec, ... }:
{
  programs.git = {
    enable = true;
    settings = {
      user = {
        name = hostSpec.userFullName;
        inherit (hostSpec) email;
      };
      init.defaultBranch = "main";
      pull.rebase = true;
      rerere.enabled = true;
    };
  };
}
