# The update program of a host.
#   nixgen-update run     updates it from its flake, checks it, and goes back if need be
#   nixgen-update resume  ends what a killed run, a power cut or a restart has left
#   nixgen-update reboot  restarts it if an update asks for that and the window is open
#
# What it knows of the host stands in variables above (programs.nix). What happened
# stands in status.json, which is only ever replaced as a whole: while it holds
# `pending`, the host is between the generation named there and a new system.
# Messages go to the folder outbox, for nixgen-notify to deliver.
# Exit: 0 done or nothing to do, 1 failed or went back, 75 try again later.
status=$state_dir/status.json
export GIT_TERMINAL_PROMPT=0 NIX_CONFIG="extra-experimental-features = nix-command flakes"
if [ -n "$deploy_key" ]; then
  export NIX_SSHOPTS="-i $deploy_key -o IdentitiesOnly=yes -o BatchMode=yes"
  export GIT_SSH_COMMAND="ssh $NIX_SSHOPTS"
fi

say() { printf '%s\n' "$*"; }
now() { date +%s; }
web() { curl --fail --silent --show-error --location --max-time 20 "$@"; }

# tell COMMAND: runs it; why: the last it said on standard error.
tell() { { "$@" 2>&1 >&3 3>&- | tee "$run_dir/said" >&2; } 3>&1; }
why() { tail -n 3 "$run_dir/said" | tr -s '\n\t ' ' ' | cut -c 1-300 | sed 's/ $//'; }

# replace FILE TEXT: there is the old file or the new one, also after a power cut.
replace() {
  printf '%s\n' "$2" >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1"
}
recall() { jaq -r "$1 | select(. != null and . != false)" "$status"; }
record() { # FILTER [ARGUMENTS OF JAQ]
  local text
  text=$(jaq -c "${@:2}" --argjson now "$(now)" "$1" "$status")
  replace "$status" "$text"
}

default() { readlink -f "$profile"; }
current() { readlink -f "$current_system"; }
ours() { if [ "$operation" = test ]; then current; else default; fi; }
rebooted() { [ ! -e "$run_dir/booted" ]; }
generation() { readlink "$profile" | sed -E 's/.*-([0-9]+)-link$/\1/'; }

# notify EVENT TEXT: a message for each channel, where the event is wanted.
notify() {
  local channel text
  if [[ " ${told[*]} " != *" $1 "* ]]; then return 0; fi
  text=$(jaq -c --arg event "$1" --arg text "$2" --argjson now "$(now)" \
    '{host, event: $event, message: $text, time: $now, revision: .target.revision, generation}' "$status")
  for channel in ntfy webhook email desktop; do
    [ -z "${!channel}" ] || replace "$state_dir/outbox/$(now)-$1-$channel.json" "$text"
  done
}

# conclude OUTCOME TEXT: what is said, then one replacement that ends the run.
conclude() {
  local event='' good=false since
  case $1 in
    success) event=success good=true code=0 ;;
    current) good=true code=0 ;;
    pending | waiting | older | held) code=0 ;;
    unreachable) code=75 ;;
    rollback) event=rollback code=1 ;;
    *) event=failure code=1 ;;
  esac
  say "$1: $2"
  [ -z "$event" ] || notify "$event" "$2"
  since=$(recall 'if .staleTold then null else .lastSuccess // .since end')
  if [ "$good" = false ] && [ -n "$since" ] && [ $(($(now) - since)) -gt "$stale_after" ]; then
    notify stale "not updated since $(date -d "@$since" '+%F %R'): $2"
    record '.staleTold = true'
  fi
  record '(.phase | . == "activation" or . == "health" or . == "rollback") as $switched
    | .outcome = $outcome | .detail = $detail | .finished = $now | .generation = $generation
    | if $good then .lastSuccess = $now | .staleTold = false | .bad = null
        | .revision = .target.revision | .lastModified = .target.lastModified | .system = $system
      elif $switched and $code == 1
      then .bad = {revision: .target.revision, count: (1 + if .bad.revision == .target.revision then .bad.count else 0 end)}
      else . end
    | if $switched and $outcome != "pending" then .pending = null else . end
    | .history = ([{started, finished, outcome, detail, generation, revision: .target.revision}] + .history)[:50]' \
    --arg outcome "$1" --arg detail "$2" --arg generation "$(generation)" --arg system "$(ours)" --argjson good "$good" --argjson code "$code"
}
finish() {
  conclude "$@"
  case $1 in success) tidy; confirm ;; current) confirm ;; esac
  restart
  exit "$code"
}

reboot_needed() {
  local part
  [ "$platform" = nixos ] || return 1
  [ -z "$(recall .pending)" ] || return 0
  for part in initrd kernel kernel-modules; do
    [ "$(readlink -f "$booted_system/$part")" = "$(readlink -f "$profile/$part")" ] || return 0
  done
  return 1
}
window_open() {
  local clock
  clock=$(date +%H:%M)
  if [ -z "$reboot_from" ]; then return 0; fi
  if [[ $reboot_from < $reboot_until ]]; then
    [[ ! $clock < $reboot_from && $clock < $reboot_until ]]
  else
    [[ ! $clock < $reboot_from || $clock < $reboot_until ]]
  fi
}
restart() {
  local needed=false
  if reboot_needed; then needed=true; fi
  record '.rebootNeeded = $needed' --argjson needed "$needed"
  [ "$needed" = true ] || return 0
  if [ "$reboot_policy" = when-needed ] && window_open; then
    say 'restarting the machine'
    systemctl reboot || notify failure 'the machine does not restart'
  elif [ "$(recall .rebootTold)" != "$(default)" ]; then
    notify reboot-needed 'the new system is complete after a restart'
    record '.rebootTold = $system' --arg system "$(default)"
  fi
}

# confirmed HOST: the revision that it runs well; fails when nobody can be asked.
confirmed() {
  local line
  if [ -n "$remote" ]; then
    line=$(git ls-remote "$remote" "refs/nixgen/ok/$1") || return
  else
    line=$(web "${url//\{host\}/$1}") || return
  fi
  say "${line%%[[:space:]]*}"
}
# confirm says that this host runs its revision well, in this run or the next.
confirm() {
  local revision repository=$run_dir/confirm.git
  if [ -z "$confirms" ]; then return 0; fi
  revision=$(recall .revision)
  if [ "$(confirmed "$host" || :)" = "$revision" ]; then return 0; fi
  if [ -z "$remote" ]; then
    web --output /dev/null --request PUT --data "$revision" "${url//\{host\}/$host}" || say 'could not confirm the revision'
    return
  fi
  rm -rf "$repository"
  { git init --quiet --bare "$repository" && git -C "$repository" fetch --quiet --depth 1 "$remote" "$revision" &&
    git -C "$repository" push --quiet --force "$remote" "$revision:refs/nixgen/ok/$host"; } || say 'could not confirm the revision'
}

# locate FLAKE: which revision is there, and how it is called.
locate() {
  local metadata found
  metadata=$(tell timeout "$time_limit" nix flake metadata --json --refresh --no-write-lock-file "$1") ||
    finish unreachable "the source cannot be read: $(why)"
  found=$(jaq -r '.url // .lockedUrl, .revision // .locked.rev // "", .locked.narHash // "", .lastModified // .locked.lastModified // 0' <<<"$metadata")
  mapfile -t found <<<"$found"
  target=${found[0]} revision=${found[1]} modified=${found[3]}
  record '.target = {url: $url, revision: $revision, lastModified: $modified}' \
    --arg url "$target" --arg revision "${revision:-${found[2]}}" --argjson modified "$modified"
}
# await turns to what all hosts that come before have confirmed.
await() {
  local other theirs agreed=''
  for other in "${depends_on[@]}"; do
    theirs=$(tell confirmed "$other") || finish waiting "cannot ask whether $other is well: $(why)"
    [ -n "$theirs" ] || finish waiting "$other has not confirmed anything yet"
    : "${agreed:=$theirs}"
    [ "$theirs" = "$agreed" ] || finish waiting "$other has confirmed ${theirs:0:12}, others ${agreed:0:12}"
  done
  if [ "${agreed:-$revision}" = "$revision" ]; then return 0; fi
  if [ -z "$follow" ] || [ "$agreed" = "$(recall .revision)" ]; then
    finish waiting "$other has confirmed ${agreed:0:12}, and not yet ${revision:0:12}"
  fi
  locate "$(sed -E ':again; s/([?&])(narHash|lastModified|revCount)=[^&]*(&|$)/\1/; t again; s/[?&]$//' <<<"${target//$revision/$agreed}")"
}
# newer refuses what is older than what runs. Of a system that somebody else has
# deployed, the time of deployment counts.
newer() {
  local floor
  if [ -z "$only_newer" ]; then return 0; fi
  [ -n "$revision" ] || finish failure 'the source is a dirty tree, not a revision'
  floor=$(recall '.lastModified // 0')
  if [ "$operation" != test ] && [ "$(default)" != "$(recall '.pending.system // .system')" ]; then floor=$(stat -c %Y "$profile"); fi
  if [ "$modified" -ge "$floor" ]; then return 0; fi
  if [ "$(nix eval --raw "$target#$attribute.outPath" || :)" = "$(default)" ]; then finish current 'the host runs the source already'; fi
  finish older 'the source is older than what the host runs'
}

# detached: outside of the sandbox of the update's unit, as nixos-rebuild does it.
detached() { systemd-run --collect --no-ask-password --pipe --quiet --wait --service-type=exec --unit=nixgen-activation "$@"; }
return_to() { # GENERATION
  if [ "$platform" = darwin ]; then darwin-rebuild --switch-generation "$1"; return; fi
  nix-env --profile "$profile" --switch-generation "$1" && detached "$profile/bin/switch-to-configuration" switch
}
undo() { # WHY
  local old
  old=$(recall .pending.generation)
  record '.phase = "rollback"'
  if tell return_to "$old"; then finish rollback "$1; the host is back at generation $old"; fi
  finish failure "$1; and the way back to generation $old failed: $(why)"
}

# ailing prints the first check that fails, or nothing.
ailing() {
  local check
  for check in "${units[@]}"; do systemctl is-active --quiet "$check" || { say "$check is not active"; return; }; done
  for check in "${urls[@]}"; do web --output /dev/null "$check" || { say "$check does not answer"; return; }; done
  for check in "${commands[@]}"; do timeout 60 bash -c "$check" >&2 || { say "\`$check\` fails"; return; }; done
}
# verify ends the run: the new system is well, or it goes.
verify() {
  local until problem
  record '.phase = "health"'
  until=$(($(now) + deadline))
  while problem=$(ailing) && [ -n "$problem" ]; do
    if [ "$(now)" -lt "$until" ]; then sleep 5; continue; fi
    [ -n "$rollback" ] || finish failure "unhealthy: $problem"
    undo "unhealthy: $problem"
  done
  finish success "updated to $(recall '.target.revision[:12]')"
}
# tidy takes the old generations, then renews the boot menu, then frees the store.
tidy() {
  if [ "$keep_generations" != 0 ] && nix-env --profile "$profile" --delete-generations "+$keep_generations" && [ "$platform" = nixos ]; then
    detached "$profile/bin/switch-to-configuration" boot || say 'the boot menu could not be renewed'
  fi
  [ -z "$collect_garbage" ] || nix-collect-garbage || say 'the garbage could not be collected'
}

# recover ends what an earlier run began.
recover() {
  local at
  at=$(recall '"\(.outcome) \(.phase)"')
  if [ -z "$(recall .pending)" ]; then
    case $at in running*) conclude failure "the update was interrupted in the phase ${at#* }" ;; esac
    return
  fi
  if [ "$(default)" != "$(recall .pending.system)" ] && [ "$(generation)" != "$(recall .pending.generation)" ]; then
    conclude failure 'somebody has deployed another system before the update came to its end'
    record '.pending = null'
    return
  fi
  if ! rebooted; then
    case $at in
      'running source' | 'running build') conclude pending 'the system of an earlier update starts with the next boot' ;;
      running*) undo "the update was interrupted in the phase ${at#* }" ;;
    esac
    return
  fi
  record '.target = .pending'
  if [ "$(current)" = "$(recall .pending.system)" ] && [ "$(default)" = "$(current)" ]; then verify; fi
  undo 'the machine did not start the new system'
}

update() {
  local built waiting failed
  waiting=$(recall .pending.revision)
  touch "$run_dir/booted"
  record '.outcome = "running" | .phase = "source" | .started = $now | .target = null'
  locate "$source"
  if [ -n "$revision" ] && [ "$revision" = "$waiting" ]; then finish pending 'the new system starts with the next boot'; fi
  if [ -n "$revision" ] && [ "$revision $(ours)" = "$(recall '"\(.revision) \(.system)"')" ]; then
    finish current 'there is nothing new'
  fi
  await
  newer
  failed=$(recall 'if .bad.revision == .target.revision then .bad.count else 0 end')
  if [ "$failed" -gt "$retries" ]; then finish held "the revision failed $failed times, and a newer one is awaited"; fi
  record '.phase = "build"'
  built=$(tell timeout "$time_limit" nix build --no-write-lock-file --print-out-paths --out-link "$state_dir/result" "$target#$attribute") ||
    finish failure "the build failed: $(why)"
  record '.phase = "activation" | .pending = .target + {generation: (.pending.generation // $generation), system: $system}' \
    --arg generation "$(generation)" --arg system "$built"
  if ! tell "$platform-rebuild" "$operation" --flake "$target#$host"; then
    [ -n "$rollback" ] || finish failure "the activation failed: $(why)"
    undo "the activation failed: $(why)"
  fi
  [ "$operation" != boot ] || finish pending 'the new system starts with the next boot'
  verify
}

mkdir -p "$state_dir/outbox" "$run_dir"
exec 9>"$run_dir/lock"
flock -n 9 || { say 'another update is running'; exit 75; }
[ -n "$(jaq '.since // empty' "$status" 2>/dev/null || :)" ] || replace "$status" "{\"host\":\"$host\",\"outcome\":\"new\",\"since\":$(now),\"history\":[]}"
for _ in {1..360}; do # what a killed run has left behind ends first
  [ "$platform" = nixos ] || break
  systemctl is-active --quiet nixos-rebuild-switch-to-configuration.service nixgen-activation.service || break
  sleep 5
done
code=0
case ${1-} in
  run) recover; update ;;
  resume) recover ;;
  reboot) restart ;;
  *) say 'usage: nixgen-update run|resume|reboot' >&2; exit 2 ;;
esac
