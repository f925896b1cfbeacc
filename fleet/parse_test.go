package fleet

import (
	"strings"
	"testing"
)

// TestDeep holds that nesting costs neither the stack nor quadratic time.
func TestDeep(t *testing.T) {
	const n = 20_000
	for name, src := range map[string]string{
		"lists":  "x = " + strings.Repeat("[", 20*n) + strings.Repeat("]", 20*n),
		"tables": "x = " + strings.Repeat("{a=", n) + "1" + strings.Repeat("}", n),
		"inner":  "x = " + strings.Repeat("{a=", 50) + "{a" + strings.Repeat(".a", n) + "=1}" + strings.Repeat("}", 50),
		"few":    "x = " + strings.Repeat("{a=", 65) + "1" + strings.Repeat("}", 65),
		"open":   "x = " + strings.Repeat("[", 20*n),
		"key":    "fleet.specialArgs" + strings.Repeat(".a", n) + " = 1979-05-27",
		"header": "[hosts" + strings.Repeat(".a", n) + "]\nx = 1",
	} {
		f, ds := Load("hosts.toml", []byte(src), Env{})
		if len(ds) == 0 || f == nil {
			t.Errorf("%s: nothing is wrong with it", name)
		}
		for _, d := range ds {
			if !strings.HasPrefix(d.Message, "syntax error: ") || d.Span.Start == 0 {
				t.Errorf("%s: %v %.80s", name, d.Span, d.Message)
			}
		}
	}
}

func TestLayoutAlone(t *testing.T) {
	for src, want := range map[string]string{
		"":                                     "modules/common",
		"[layout]\ncommon = \"./a/../b\"":      "b",
		"[layout]\ncommon = [\"a\", \"../b\"]": "a",
		"[layout]\ncommon = 3":                 "",
		"[layout":                              "modules/common",
		"layout = 1":                           "modules/common",
		"[layout]\ncommn = \"x\"":              "modules/common",
	} {
		d, _ := Parse("hosts.toml", []byte(src))
		l := d.Layout()
		if got := strings.Join(l.Common, ","); got != want || l.Generated != "generated" {
			t.Errorf("%q: %q, want %q", src, got, want)
		}
		f, _ := d.Load(Env{})
		if strings.Join(f.Layout.Common, ",") != want {
			t.Errorf("%q: Load says %q", src, f.Layout.Common)
		}
	}
}

// TestLookup finds by name what Load sorted.
func TestLookup(t *testing.T) {
	f, _ := Load("hosts.toml", bigFleet(6), testEnv(t))
	for _, h := range f.Hosts {
		if f.Host(h.Name) != h {
			t.Errorf("host %s", h.Name)
		}
	}
	for _, x := range f.Fields {
		if f.Field(x.Name) != x {
			t.Errorf("field %s", x.Name)
		}
	}
	if f.Role("server") == nil || f.User("tim") == nil || f.Host("none") != nil || f.User("") != nil || f.Field("zzz") != nil || f.Role("a") != nil {
		t.Error("a name is found that is not there, or not found")
	}
	if r := f.Role("workstation"); len(r.Hosts) != 6 {
		t.Errorf("hosts of the role: %v", r.Hosts)
	}
}
