package templates_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
)

// tools stand for what the first stage has: a subvolume is a folder with a
// file of that name in it.
var tools = map[string]string{
	"mount":  `exit 0`,
	"umount": `exit 0`,
	"btrfs": `
case "$2" in
create) mkdir "$3"; touch "$3/.subvolume" ;;
delete)
  [ -e "$3/.subvolume" ] || { echo "not a subvolume: $3" >&2; exit 1; }
  rm "$3/.subvolume"
  inside=$(find "$3" -name .subvolume)
  [ -z "$inside" ] || { echo "not empty: $inside" >&2; exit 1; }
  rm -r "$3" ;;
list)
  # the children of this subvolume, not theirs
  find "$4" -mindepth 1 -type d -exec test -e {}/.subvolume \; -print -prune | sed "s|^$TOP/||" | sort |
    while read -r path; do echo "ID 256 gen 30 top level 5 path $path"; done ;;
esac`,
}

// stamp is how old roots are named.
const stamp = "2006-01-02T15-04-05"

// rollback runs the service's script on a file system below top.
func rollback(t *testing.T, script, top string) {
	t.Helper()
	bin := t.TempDir()
	for name, text := range tools {
		realnix.WriteProgram(t, filepath.Join(bin, name), "#!/bin/sh -eu\n"+text+"\n")
	}
	if !strings.Contains(script, "top=/rollback\n") {
		t.Fatal("the script mounts somewhere else")
	}
	cmd := exec.Command("bash", "-e", "-c", strings.Replace(script, "top=/rollback\n", "top="+top+"\n", 1))
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "TOP="+top)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// subvolumes lists what is below top; a time of today is written NOW.
func subvolumes(t *testing.T, top string) []string {
	t.Helper()
	var got []string
	err := filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Name() == ".subvolume" {
			name, _ := filepath.Rel(top, filepath.Dir(path))
			parts := strings.Split(name, "/")
			if len(parts) > 1 {
				if when, err := time.Parse(stamp, parts[1]); err == nil && time.Since(when) < 48*time.Hour {
					parts[1] = "NOW"
				}
			}
			got = append(got, strings.Join(parts, "/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

// The rollback moves the root away, leaves an empty one, and drops old roots
// with everything that nests in them, however deep.
func TestRollback(t *testing.T) {
	kit := realnix.Upstream(t)
	if _, err := exec.LookPath("bash"); err != nil {
		t.Fatal(err)
	}
	rows := combos(t, "desktop-btrfs", 2)
	rows = slices.DeleteFunc(rows, func(c combo) bool { return c["impermanence"] == nil || show(c["keepRoots"]) != show(int64(14)) })[:1]
	got, err := evaluate(t, kit, diskFile(t, "desktop-btrfs"), rows)
	if err != nil {
		t.Fatal(err)
	}
	script := got[0].Config.Boot.Initrd.Systemd.Services["rollback-root"].Script

	top := t.TempDir()
	day := func(ago int) string { return time.Now().AddDate(0, 0, -ago).Format(stamp) }
	recent, old := day(13), day(16)
	for _, name := range []string{
		"@", "@/var/lib/machines", "@home",
		"old-roots/" + recent, "old-roots/" + old, "old-roots/" + old + "/srv", "old-roots/" + old + "/srv/a b",
	} {
		if err := os.MkdirAll(filepath.Join(top, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name, ".subvolume"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(top, "@", "clutter"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	rollback(t, script, top)
	want := []string{"@", "@home", "old-roots/" + recent, "old-roots/NOW", "old-roots/NOW/var/lib/machines"}
	slices.Sort(want)
	if diff := cmp.Diff(want, subvolumes(t, top)); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(top, "@", "clutter")); err == nil {
		t.Error("the new root is not empty")
	}

	// without a root there is nothing to keep
	empty := t.TempDir()
	rollback(t, script, empty)
	if diff := cmp.Diff([]string{"@"}, subvolumes(t, empty)); diff != "" {
		t.Error(diff)
	}
}
