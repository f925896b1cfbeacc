package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestFresh holds that hostspec_gen.go is what schema.toml makes.
func TestFresh(t *testing.T) {
	src, err := os.ReadFile("../../schema.toml")
	if err != nil {
		t.Fatal(err)
	}
	fields, err := read(src)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := write(fields).Render(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../hostspec_gen.go")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("hostspec_gen.go is stale: run `go generate ./fleet` (%v)", err)
	}
}

// TestNamed holds the list of fields that every fleet may rely on.
func TestNamed(t *testing.T) {
	src, err := os.ReadFile("../../schema.toml")
	if err != nil {
		t.Fatal(err)
	}
	fields, err := read(src)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range fields {
		have[f.name] = true
	}
	for _, name := range strings.Fields(`hostName system platform role isDarwin isServer isDesktop isLaptop isMinimal
		isVirtual users primaryUser home userFullName handle domain email timeZone locale keyboard wireless
		persistFolder stateVersion homeStateVersion tags`) {
		if !have[name] {
			t.Errorf("schema.toml lacks %s", name)
		}
	}
}

func TestRefused(t *testing.T) {
	for src, want := range map[string]string{
		"[a]\ntype = \"bool\"\ndefault = true\n":                                       "no description",
		"[a]\ntype = \"boolean\"\ndescription = \"x\"\n":                               "no Go form",
		"[a]\ntype = \"enum\"\ndefault = \"x\"\ndescription = \"x\"\n":                 "`values` goes with `enum`",
		"[a]\ntype = \"bool\"\nderived = \"x\"\ndefault = true\ndescription = \"x\"\n": "takes no default",
		"[a]\ntype = \"bool\"\ndescription = \"x\"\n":                                  "neither default",
		"[a]\ntype = \"bool\"\ncolour = \"x\"\n":                                       "unknown key `a.colour`",
		"[a":                                                                           "expected",
	} {
		if _, err := read([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", src, err, want)
		}
	}
}
