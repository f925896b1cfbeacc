package generate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/internal/realnix"
	"nixgen/templates"
)

// app is a program as apps.nix puts it together, with what it knows.
func app(script, vars string) string {
	return vars + "\n" + string(templates.Read("core/run.sh")) + "\n" + string(templates.Read("core/"+script+".sh"))
}

const switchVars = `declare -A kinds=(['malphas']='nixos' ['macbook']='darwin' ['work']='home')
declare -A localNames=(['Tims-MacBook']='macbook')
darwinRebuild='darwin-rebuild' homeManager='home-manager'`

func appVars(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := "source=" + dir + "/store table='generated/default.nix'\n"
	return map[string]string{
		"switch":  tree + switchVars,
		"install": tree + "host='malphas' address='10.0.0.2' nixosAnywhere='nixos-anywhere'",
		"wave":    tree + "declare -a members=('malphas' 'vault')\ndeploy='deploy'",
	}
}

func TestAppsAreClean(t *testing.T) {
	scripts := map[string]string{}
	for name, vars := range appVars(t, "/x") {
		scripts[name] = "#!/bin/bash\n" + app(name, vars)
	}
	realnix.Shellcheck(t, scripts, "")
}

// TestApps runs each program in a working tree of the fleet, and outside of any,
// with stand-ins for what it starts, which print their arguments.
func TestAppsRun(t *testing.T) {
	realnix.Program(t, "git")
	realnix.Program(t, "bash")
	dir := t.TempDir()
	for _, tree := range []string{"store", "work"} {
		writeFile(t, filepath.Join(dir, tree, "flake.nix"), nil)
		writeFile(t, filepath.Join(dir, tree, "generated/default.nix"), []byte("the same"))
	}
	writeFile(t, filepath.Join(dir, "other/flake.nix"), nil)
	writeFile(t, filepath.Join(dir, "work/modules/x.nix"), nil)
	standIn := func(name, text string) {
		file := filepath.Join(dir, "bin", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		realnix.WriteProgram(t, file, "#!/bin/sh\n"+text+"\n")
	}
	for _, name := range []string{"nixos-rebuild", "darwin-rebuild", "home-manager", "nixos-anywhere", "deploy"} {
		standIn(name, `echo "`+name+` $*"`)
	}
	standIn("sudo", `echo "sudo $*"`)
	standIn("scutil", `echo Tims-MacBook`)
	standIn("id", `case $1 in -u) echo "$UID_IS" ;; -un) echo tim ;; esac`)
	standIn("uname", `case $1 in -s) echo "$OS_IS" ;; -n) echo "$NAME_IS" ;; esac`)

	const linux, mac = "OS_IS=Linux NAME_IS=malphas.lan UID_IS=0", "OS_IS=Darwin UID_IS=501"
	for _, c := range []struct{ program, env, in, args, want string }{
		{"switch", linux, "work", "", "nixos-rebuild switch --flake DIR/work#malphas"},
		{"switch", linux, "work/modules", "", "nixos-rebuild switch --flake DIR/work#malphas"},
		{"switch", linux, "other", "", "nixos-rebuild switch --flake DIR/store#malphas"},
		{"switch", linux, ".", "--dry-run", "nixos-rebuild switch --flake DIR/store#malphas --dry-run"},
		{"switch", "OS_IS=Linux NAME_IS=malphas UID_IS=1000", "work", "-L", "nixos-rebuild switch --flake DIR/work#malphas --sudo -L"},
		{"switch", mac, "work", "", "sudo -H darwin-rebuild switch --flake DIR/work#macbook"},
		{"switch", "OS_IS=Linux NAME_IS=laptop UID_IS=1000", "work", "work -b old", "home-manager switch --flake DIR/work#tim@work -b old"},
		{"switch", "OS_IS=Linux NAME_IS=laptop UID_IS=0", "work", "", "exit status 1: no host of this fleet and system is called `laptop`; there are: "},
		{"install", linux, "work", "--extra-files k", "nixos-anywhere --flake DIR/work#malphas --target-host root@10.0.0.2 --extra-files k"},
		{"install", linux, "work", "--target-host me@there", "nixos-anywhere --flake DIR/work#malphas --target-host me@there"},
		{"wave", linux, "work", "-s", "deploy --targets DIR/work#malphas DIR/work#vault -s"},
	} {
		cmd := exec.Command("bash", append([]string{"-c", app(c.program, appVars(t, dir)[c.program]), c.program}, strings.Fields(c.args)...)...)
		cmd.Dir = filepath.Join(dir, c.in)
		cmd.Env = append(strings.Fields(c.env), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		got := strings.TrimSpace(string(out))
		if err != nil {
			got = err.Error() + ": " + stderr.String()
		}
		got = strings.ReplaceAll(got, dir, "DIR")
		if got != c.want && !(err != nil && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s %s in %s: %s\nwant %s", c.program, c.args, c.in, got, c.want)
		}
	}
}
