# Programs for Intel Macs: Rosetta is installed on activation where it is not
# there yet.
{
  system.activationScripts.extraActivation.text = ''
    if ! /usr/bin/pgrep -q oahd; then
      echo "installing Rosetta..." >&2
      /usr/sbin/softwareupdate --install-rosetta --agree-to-license
    fi
  '';
}
