# What tells people of updates: `nixgen-notify start` before one, `nixgen-notify`
# after. It sends the messages that nixgen-update left in the outbox; one that
# cannot be sent stays for the next time. It never fails an update.
umask 077

say() { printf '%s\n' "$*"; }
web() { curl --fail --silent --show-error --location --max-time 20 --output /dev/null "$@"; }

# Each gets the message's file, its event and its text.
send_ntfy() {
  local header=$run_dir/ntfy-header
  : >"$header"
  [ -z "$ntfy_token_file" ] || printf 'Authorization: Bearer %s\n' "$(<"$ntfy_token_file")" >"$header" || return
  say "$3" | web --header "@$header" --header "Title: $host: $2" --data-binary @- "$ntfy"
}
send_webhook() { web --header 'Content-Type: application/json' --data-binary "@$1" "$webhook"; }
send_email() { printf 'To: %s\nSubject: %s: %s\nContent-Type: text/plain; charset=utf-8\n\n%s\n' "$email" "$host" "$2" "$3" | msmtp -- "$email"; }
send_desktop() {
  local bus user
  if [ "$platform" = darwin ]; then
    user=$(stat -c %U "$console") || return
    launchctl asuser "$(id -u "$user")" sudo -u "$user" osascript -e 'on run argv' \
      -e 'display notification (item 2 of argv) with title (item 1 of argv)' -e 'end run' "$host: $2" "$3"
    return
  fi
  for bus in "$users_dir"/*/bus; do
    [ -e "$bus" ] || continue
    user=${bus%/bus}
    user=$(id -nu "${user##*/}") || return
    runuser -u "$user" -- env "DBUS_SESSION_BUS_ADDRESS=unix:path=$bus" notify-send "$host: $2" "$3" || return
  done
}

deliver() { # FILE
  local channel=${1##*-} event text
  channel=${channel%.json}
  event=$(jaq -r .event "$1") && text=$(jaq -r .message "$1") || return
  case $channel in ntfy | webhook | email | desktop) "send_$channel" "$1" "$event" "$text" ;; esac
}

# ping says to healthchecks.io how the run that ended last went, once.
ping() {
  local address=$healthchecks finished
  finished=$(jaq -r '.finished // ""' "$state_dir/status.json") || return
  if [ -z "$finished" ] || [ "$finished" = "$(cat "$state_dir/pinged" 2>/dev/null)" ]; then return 0; fi
  case $(jaq -r .outcome "$state_dir/status.json") in
    failure | rollback) address=$address/fail ;;
    unreachable | running) return 0 ;;
  esac
  web "$address" && printf '%s\n' "$finished" >"$state_dir/pinged"
}

if [ "${1-}" = start ]; then
  [ -z "$healthchecks" ] || web "$healthchecks/start" || say 'healthchecks could not be told'
  exit 0
fi
mkdir -p "$state_dir/outbox" "$run_dir"
exec 8>"$run_dir/notify-lock"
flock -n 8 || exit 0
for file in "$state_dir"/outbox/*.json; do
  [ -e "$file" ] || continue
  if deliver "$file"; then rm -f "$file"; else say "${file##*/} could not be sent, and will be next time"; fi
done
files=("$state_dir"/outbox/*.json)
[ ${#files[@]} -le 50 ] || rm -f "${files[@]:0:${#files[@]}-50}"
[ -z "$healthchecks" ] || ping || say 'healthchecks could not be told'
