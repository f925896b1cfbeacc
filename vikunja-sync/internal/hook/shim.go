package hook

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// shim is installed once and survives rebuilds: it looks for the binary each
// time, and passes the task through when there is none.
const shim = `#!/bin/sh
# vikunja-sync hook EVENT. It finds the installed binary at every run, so that
# an upgrade needs no new hook, and never stops Taskwarrior when there is none.
for bin in "$VIKUNJA_SYNC_BIN" SELF "/etc/profiles/per-user/$USER/bin/vikunja-sync" \
	"$HOME/.nix-profile/bin/vikunja-sync" "$HOME/.local/state/nix/profile/bin/vikunja-sync" \
	/run/current-system/sw/bin/vikunja-sync /usr/local/bin/vikunja-sync /usr/bin/vikunja-sync; do
	if [ -f "$bin" ] && [ -s "$bin" ] && [ -x "$bin" ]; then
		exec "$bin" hook EVENT "$@"
	fi
done
data=
for arg in "$@"; do
	case "$arg" in data:*) data="${arg#data:}" ;; esac
done
if [ -n "$data" ]; then
	mkdir -p "$data/vikunja-sync" &&
		echo "$(date +%s) EVENT: the vikunja-sync binary is gone; changes wait for the next full scan" >"$data/vikunja-sync/hook.log"
fi 2>/dev/null
case EVENT in
on-add) cat ;;
on-modify)
	IFS= read -r old
	IFS= read -r new
	if [ -z "$new" ] || [ "$new" = '{}' ]; then new="$old"; fi
	printf '%s\n' "$new"
	;;
esac
exit 0
`

// Shim is the script for an event. self may be "" to leave the search to the
// profile folders.
func Shim(event, self string) []byte {
	if strings.HasPrefix(self, "/nix/store/") {
		self = "" // would be collected as garbage
	}
	quoted := "'" + strings.ReplaceAll(self, "'", `'\''`) + "'"
	return []byte(strings.NewReplacer("EVENT", event, "SELF", quoted).Replace(shim))
}

// Check tells what is wrong with an installed shim: it is none of ours, or
// finds no binary.
func Check(file, event string, env func(string) string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	first, rest, _ := strings.Cut(string(Shim(event, "SELF")), "'SELF'")
	named, ok := strings.CutPrefix(string(b), first)
	if !ok || !strings.HasSuffix(named, rest) {
		return errors.New("is not as `setup` wrote it")
	}
	named = strings.Trim(strings.TrimSuffix(named, rest), "'")
	candidates := []string{env("VIKUNJA_SYNC_BIN"), strings.ReplaceAll(named, `'\''`, "'")}
	places, _, _ := strings.Cut(rest, "; do")
	for _, p := range strings.Fields(strings.ReplaceAll(places, "\\\n", " ")) {
		candidates = append(candidates, os.Expand(strings.Trim(p, `"`), env))
	}
	for _, c := range candidates {
		if c != "" && executable(c) {
			return nil
		}
	}
	return errors.New("finds no binary: changes wait for the next full scan")
}

// File is where an event's shim belongs. The names sort last, so that ours
// sees what other hooks made of the task.
func File(dir, event string) string { return filepath.Join(dir, event+"-zz-vikunja-sync") }

// Install writes the shims that are missing or differ, and tells which.
func Install(dir, self string) (changed []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, e := range Events {
		want, file := Shim(e, self), File(dir, e)
		if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, want) && executable(file) {
			continue
		}
		tmp := filepath.Join(dir, ".vikunja-sync.new") // no event begins its name
		if err := writeProgram(tmp, want); err != nil {
			return changed, err
		}
		if err := os.Rename(tmp, file); err != nil {
			return changed, err
		}
		changed = append(changed, file)
	}
	return changed, nil
}

// writeProgram lets nobody fork while the file is open for writing: the kernel
// refuses to run a file that a child still holds so ("text file busy").
func writeProgram(file string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(file, text, 0o700); err != nil {
		return err
	}
	return os.Chmod(file, 0o700)
}

func executable(file string) bool {
	st, err := os.Stat(file)
	return err == nil && st.Mode().IsRegular() && st.Size() > 0 && st.Mode()&0o100 != 0
}
