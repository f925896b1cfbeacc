#!/bin/bash
# Every program that the update programs start and that a test machine cannot
# offer, by the name it is called under. The machine is the folder $WORLD:
#
#   store/NAME            systems; NAME is the revision that they were made of
#   profiles/system       a profile with its generations, as Nix keeps it
#   boot                  what the boot loader starts by default
#   current, booted       what runs, and what was started
#   clock, time           seconds, and the time of day
#   fail/WHAT             makes WHAT fail: with the text that the file holds
#   web/, down/           what addresses answer, and addresses that do not
#   calls                 what was called, a line each
#
# Each call counts, and so do the steps of some; the one whose number or name is
# $KILL_AT dies, and its process group with it.
set -eu
name=${0##*/}

tick() {
  exec 6>"$WORLD/ticks.lock"
  flock 6
  n=$(($(cat "$WORLD/ticks") + 1))
  echo "$n" >"$WORLD/ticks"
  exec 6>&-
  if [ "$n" = "${KILL_AT-}" ] || [ "${1-}" = "${KILL_AT--}" ]; then kill -9 -- "-$MAIN" 0; fi
}
call() { printf '%s\n' "$name $*" >>"$WORLD/calls"; }
fails() {
  [ -e "$WORLD/fail/$1" ] || return 0
  cat "$WORLD/fail/$1" >&2
  exit 1
}
# set_link TARGET LINK, at once as ln never does it
set_link() {
  ln -sfn "$1" "$2.tmp.$$"
  mv -fT "$2.tmp.$$" "$2"
}
generation() { basename "$(readlink "$WORLD/profiles/system")" | tr -dc 0-9; }

# install REVISION: the next generation of the profile, or the last one, if it is
# the same, as nix-env --set does it.
install() {
  local system=$WORLD/store/$1 last
  tick
  last=$(find "$WORLD/profiles" -name 'system-*-link' -printf '%f\n' | tr -dc '0-9\n' | sort -n | tail -n 1)
  if [ "$(readlink -f "$WORLD/profiles/system-$last-link")" != "$system" ]; then
    last=$((last + 1))
    ln -sfn "$system" "$WORLD/profiles/system-$last-link"
  fi
  tick
  set_link "system-$last-link" "$WORLD/profiles/system"
  tick profile
}
# the revision in a flake reference such as `fleet:REVISION#host`
revision_of() { local r=${1%%#*}; r=${r##*:}; echo "${r%%\?*}"; }
# alone: a second rebuild beside this one is the worst there is.
alone() {
  exec 7>"$WORLD/rebuild.lock"
  flock -n 7 || echo two >>"$WORLD/two"
}
# switch SYSTEM ACTION: what switch-to-configuration does.
switch() {
  local system
  system=$(readlink -f "$1")
  tick
  fails "$2-${system##*/}"
  if [ "$2" != test ]; then
    echo "$system" >"$WORLD/boot.tmp"
    mv -f "$WORLD/boot.tmp" "$WORLD/boot"
    tick boot
  fi
  if [ "$2" != boot ]; then set_link "$system" "$WORLD/current"; fi
  tick
}

case $name in
  jaq | git) ;;
  *) tick ;;
esac
case $name in
  jaq)
    [ -z "${KILL_AT-}" ] || tick
    PATH=${PATH#"$WORLD/bin:"} exec "$JAQ" "$@"
    ;;
  git)
    fails git
    exec /usr/bin/git "$@"
    ;;
  date)
    case $* in
      +%s) cat "$WORLD/clock" ;;
      +%H:%M) cat "$WORLD/time" ;;
      *) TZ=UTC exec /bin/date "$@" ;;
    esac
    ;;
  sleep) echo $(($(cat "$WORLD/clock") + ${1%s})) >"$WORLD/clock" ;;
  nix)
    call "$*"
    case "$1 $2" in
      'flake metadata')
        fails source
        reference=${*: -1}
        if [ -e "$WORLD/web/$(revision_of "$reference").json" ]; then cat "$WORLD/web/$(revision_of "$reference").json"; else cat "$WORLD/web/source.json"; fi
        ;;
      'build '*)
        tick build
        fails build
        r=$(revision_of "${*: -1}")
        mkdir -p "$WORLD/store/$r/bin"
        printf '#!/bin/sh\nexec "$WORLD/bin/switch-to-configuration" "%s" "$@"\n' "$WORLD/store/$r" >"$WORLD/store/$r/bin/switch-to-configuration"
        chmod +x "$WORLD/store/$r/bin/switch-to-configuration"
        cp "$WORLD/kernel" "$WORLD/store/$r/kernel-file"
        for part in kernel initrd kernel-modules; do ln -sfn "$WORLD/kernels/$(cat "$WORLD/kernel")" "$WORLD/store/$r/$part"; done
        while [ "$1" != --out-link ]; do shift; done
        set_link "$WORLD/store/$r" "$2"
        echo "$WORLD/store/$r"
        ;;
      'eval --raw')
        r=$(revision_of "${*: -1}")
        echo "$WORLD/store/$r"
        ;;
    esac
    ;;
  switch-to-configuration)
    call "${1##*/} $2"
    switch "$@"
    ;;
  nixos-rebuild)
    call "$*"
    alone
    r=$(revision_of "$3")
    if [ "$1" != test ]; then install "$r"; fi
    "$WORLD/store/$r/bin/switch-to-configuration" "$1"
    while [ -e "$WORLD/fail/hang" ]; do read -r -t 0.05 <>"$WORLD/never" || :; done
    ;;
  darwin-rebuild)
    call "$*"
    alone
    case $1 in
      switch)
        r=$(revision_of "$3")
        install "$r"
        ;;
      --switch-generation)
        fails switch-generation
        set_link "system-$2-link" "$WORLD/profiles/system"
        ;;
    esac
    switch "$WORLD/profiles/system" switch
    ;;
  nix-env)
    call "${*:3}"
    case $3 in
      --switch-generation)
        fails switch-generation
        [ -e "$WORLD/profiles/system-$4-link" ]
        set_link "system-$4-link" "$WORLD/profiles/system"
        ;;
      --delete-generations)
        keep=${4#+}
        now=$(generation)
        find "$WORLD/profiles" -name 'system-*-link' | sort -V | while read -r link; do
          g=$(basename "$link" | tr -dc 0-9)
          if [ "$g" -le $((now - keep)) ]; then rm "$link"; fi
        done
        ;;
    esac
    tick
    ;;
  nix-collect-garbage)
    call "$*"
    for system in "$WORLD"/store/*; do
      used=
      for root in "$WORLD"/profiles/*-link "$WORLD/current" "$WORLD/booted" "$WORLD/state/result"; do
        if [ "$(readlink -f "$root")" = "$system" ]; then used=1; fi
      done
      if [ -z "$used" ]; then rm -rf "$system"; fi
      tick
    done
    ;;
  systemctl)
    case $1 in
      is-active)
        for unit in "${@:3}"; do
          if grep -qxF "$unit" "$WORLD/active"; then exit 0; fi
        done
        exit 3
        ;;
      *)
        call "$*"
        fails reboot
        ;;
    esac
    ;;
  systemd-run)
    while [[ $1 == -* ]]; do shift; done
    alone
    "$@"
    ;;
  curl)
    address=${*: -1} method=GET body=
    while [ $# -gt 1 ]; do
      case $1 in
        --request) method=$2 ;;
        --data-binary | --data)
          method=${method/GET/POST}
          case $2 in
            @-) body+=$(cat) ;;
            @*) body+=$(cat "${2#@}") ;;
            *) body+=$2 ;;
          esac
          ;;
        --header) case $2 in @*) body+="[$(cat "${2#@}")] " ;; Title*) body+="[$2] " ;; esac ;;
      esac
      shift
    done
    call "$method $address $body"
    file=${address//\//_}
    if [ -e "$WORLD/down/$file" ] || [ -e "$WORLD/down/all" ]; then
      echo "curl: (6) could not resolve host" >&2
      exit 6
    fi
    if [ "$method" = PUT ]; then printf '%s' "$body" >"$WORLD/web/$file"; fi
    if [ "$method" = GET ] && [ -e "$WORLD/web/$file" ]; then cat "$WORLD/web/$file"; fi
    ;;
  msmtp)
    call "$* $(tr '\n' '|')"
    fails msmtp
    ;;
  id)
    case $1 in -nu) echo tim ;; -u) echo 501 ;; esac
    ;;
  runuser | launchctl) call "$*" ;;
  check-me)
    call "$*"
    fails check-me
    ;;
esac
