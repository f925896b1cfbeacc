package fleet

import (
	"os"
	"path"
	"strconv"
	"testing"

	"nixgen/diag"
	"nixgen/templates"
)

// realProfiles are the disk profiles that nixgen ships.
func realProfiles(t testing.TB) map[string]*Profile {
	out := map[string]*Profile{}
	for _, name := range templates.Disks() {
		file := path.Join("disks", name, "profile.toml")
		p, ds := ParseProfile(file, name, templates.Read(file))
		for _, d := range ds {
			t.Errorf("%s: %s", position(templates.Read(file), d), d.Message)
		}
		out[name] = p
	}
	return out
}

func position(src []byte, d diag.Diagnostic) string {
	p := diag.NewLines(src).Position(d.Span.Start)
	return d.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// TestOwnFleet loads the hosts.toml of this repository.
func TestOwnFleet(t *testing.T) {
	src, err := os.ReadFile("../hosts.toml")
	if err != nil {
		t.Fatal(err)
	}
	f, ds := Load("hosts.toml", src, Env{Profiles: realProfiles(t)})
	for _, d := range ds {
		t.Errorf("%s: %s: %s", position(src, d), d.Severity, d.Message)
	}
	if len(f.Hosts) < 4 {
		t.Errorf("%d hosts", len(f.Hosts))
	}
}
