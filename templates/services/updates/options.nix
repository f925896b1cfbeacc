# What a host must know to update itself; hosts.toml says it, in [updates].
{ lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (types)
    bool
    enum
    listOf
    nullOr
    str
    ;
  natural = types.ints.unsigned;

  option = type: description: mkOption { inherit type description; };
  optional =
    type: default: description:
    mkOption { inherit type default description; };
  text = optional (nullOr str) null;
  list = optional (listOf str) [ ];
  section = options: optional (types.submodule { inherit options; }) { };
in
{
  options.nixgen.updates = {
    host = option str "Name of the host among the flake's configurations.";
    source = option str "The flake to update from.";
    calendar = option str "When to update, as systemd says it.";
    intervals = optional (listOf (types.attrsOf natural)) [ ] "When to update, as launchd says it.";
    jitter = optional natural 0 "Seconds by which the start varies.";
    persistent = optional bool true "Whether to make up for a time at which the machine was off.";
    operation = optional (enum [
      "boot"
      "switch"
      "test"
    ]) "switch" "What to do with the new system.";
    onlyNewer = optional bool true "Whether to refuse older and uncommitted revisions.";
    deployKey = text "File with the SSH key that opens private repositories.";
    timeout = optional natural 21600 "Seconds that fetching and building may take.";
    rollback = optional bool true "Whether to go back when the activation or a health check fails.";
    retries = optional natural 1 "How often a revision that was rolled back is tried again.";
    keepGenerations = optional natural 0 "Generations to keep; 0 keeps all.";
    collectGarbage = optional bool false "Whether to free the store after an update.";
    staleAfter = optional natural 1209600 "Seconds without a success after which the host is stale.";
    dependsOn = list "Hosts that must have confirmed a revision before this one takes it.";
    follow = optional bool false "Whether to take the revision that all of these confirmed.";
    confirms = optional bool false "Whether to say that a revision runs well.";

    confirm = section {
      remote = text "Git remote for the refs `refs/nixgen/ok/HOST`.";
      url = text "Or an address with `{host}` in it.";
    } "Where hosts confirm.";

    reboot = section {
      policy = optional (enum [
        "never"
        "when-needed"
      ]) "never" "Whether to restart the machine.";
      from = text "Time of day from which it may restart; null for any.";
      until = text "Time of day until which it may restart.";
    } "Restarting the machine.";

    health = section {
      units = list "Units that must be active.";
      urls = list "Addresses that must answer.";
      commands = list "Commands that must succeed.";
      deadline = optional natural 300 "Seconds to wait for all that.";
    } "What must hold after an update.";

    notify = section {
      on = optional (listOf (enum [
        "failure"
        "reboot-needed"
        "rollback"
        "stale"
        "success"
      ])) [ ] "What to tell of.";
      ntfy = text "Topic of ntfy, as an address.";
      ntfyTokenFile = text "File with the access token of ntfy.";
      webhook = text "Address to post to.";
      healthchecks = text "Check of healthchecks.io, as an address.";
      email = text "Mail address to write to, with msmtp.";
      desktop = optional bool false "Whether to tell whoever is logged in.";
    } "Who is told.";
  };
}
