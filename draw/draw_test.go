package draw

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/golden"
	"nixgen/lint"
)

const hosts = `
[fleet]
flake = "github:me/<b>fleet</b>"

[updates]
enable = false
waves = ["first", "rest"]

[users.tim]
fullName = "Tim"

[roles.work]
description = "\" onload=alert(1)"
optIn = ["fonts"]

[hosts.box]
system = "x86_64-linux"
stateVersion = "26.05"
roles = ["work"]
users = ["tim"]

deploy = { wave = "first" }

[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
roles = ["work"]
users = ["tim"]
deploy = { wave = "rest", dependsOn = ["box"] }

[hosts.pi]
system = "aarch64-linux"
stateVersion = "26.05"
users = ["tim"]
`

func sample(t *testing.T) *Picture {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"hosts.toml":                     hosts,
		"modules/common/nix.nix":         "{ nix.settings.cores = 1; }",
		"modules/common/ssh/nixos.nix":   "{ services.openssh.enable = true; }",
		"modules/opt-in/fonts.nix":       "{ fonts.packages = [ ]; }",
		"modules/opt-in/never/nixos.nix": "{ }",
		"hosts/box/default.nix":          "{ imports = [ ./extra.nix ]; }",
		"hosts/box/extra.nix":            "{ }",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	w, ds := lint.Load(tree, fleet.Env{})
	for _, d := range ds {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.File, d.Message)
		}
	}
	secrets := []Secret{
		{Host: "box", File: "sops/box.yaml", Name: "wifi/<home>"}, {Host: "box", User: "tim", File: "sops/shared.yaml", Name: "token"},
		{Host: "mac", File: "sops/shared.yaml", Name: "token"}, {Host: "mac", File: "sops/shared.yaml", Name: "token"},
	}
	return New(w.Fleet, w.Inventory, w.Hosts, secrets, []diag.Diagnostic{
		{File: "modules/common/nix.nix", Severity: diag.Error, Rule: "r", Message: "<script>alert(1)</script>", Hosts: []string{"mac"}},
	})
}

func TestGoldens(t *testing.T) {
	p := sample(t)
	golden.File(t, "testdata/fleet.svg", SVG(p))
	golden.File(t, "testdata/fleet.mmd", Mermaid(p))
}

func TestEqualFleetsDrawEqually(t *testing.T) {
	first, err := HTML(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := HTML(sample(t)); !bytes.Equal(first, again) {
			t.Fatal("two pages of one fleet differ")
		}
	}
}

func TestEdges(t *testing.T) {
	p := sample(t)
	have := map[Edge]bool{}
	for _, e := range p.Edges {
		have[e] = true
	}
	for _, want := range []Edge{
		{From: "role:work", To: "host:box"}, {From: "role:work", To: "host:mac"},
		{From: "host:box", To: "opt-in:fonts"}, {From: "host:mac", To: "opt-in:fonts"},
		{From: "host:box", To: "common:ssh"}, {From: "host:pi", To: "common:nix"}, {From: "host:box", To: "own:box"},
		{From: "wave:first", To: "host:box"}, {From: "wave:rest", To: "wave:first", After: true}, {From: "host:mac", To: "host:box", After: true},
		{From: "host:box", To: "secret:sops/box.yaml"}, {From: "host:mac", To: "secret:sops/shared.yaml"},
	} {
		if !have[want] {
			t.Errorf("no edge %v", want)
		}
	}
	for _, wrong := range []Edge{
		{From: "host:mac", To: "common:ssh"}, {From: "host:pi", To: "opt-in:fonts"}, {From: "host:box", To: "opt-in:never"},
		{From: "host:pi", To: "secret:sops/shared.yaml"}, {From: "host:mac", To: "secret:sops/box.yaml"},
	} {
		if have[wrong] {
			t.Errorf("edge %v", wrong)
		}
	}
}

func TestBoxesHaveOneMeaning(t *testing.T) {
	p := sample(t)
	seen := map[string]Kind{}
	for _, c := range p.Columns {
		for _, b := range c.Boxes {
			if k, ok := seen[b.ID]; ok {
				t.Errorf("`%s` is a %s and a %s", b.ID, k, b.Kind)
			}
			seen[b.ID] = b.Kind
		}
	}
	if p.Box("own:box") == nil || len(p.Box("own:box").Files) != 2 {
		t.Errorf("the host's own modules: %+v", p.Box("own:box"))
	}
}

func TestFindingsReachTheirBoxes(t *testing.T) {
	p := sample(t)
	for id, want := range map[string]int{"common:nix": 1, "host:mac": 1, "host:box": 0} {
		if b := p.Box(id); b.Findings != want {
			t.Errorf("`%s` has %d findings, want %d", id, b.Findings, want)
		}
	}
	if !strings.Contains(string(SVG(p)), `class="box common error"`) {
		t.Error("the error is not drawn")
	}
}

// Nothing of a fleet becomes markup: the SVG is well-formed, and what looked
// like a tag is text.
func TestNothingBecomesMarkup(t *testing.T) {
	p := sample(t)
	dec := xml.NewDecoder(bytes.NewReader(SVG(p)))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := tok.(xml.StartElement); ok && (s.Name.Local == "b" || s.Name.Local == "script") {
			t.Errorf("element <%s>", s.Name.Local)
		}
	}
	html, err := HTML(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>alert", "<b>fleet", `" onload=`} {
		if bytes.Contains(html, []byte(bad)) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

// inChromium runs a script in the page, in a window of that width, and gives the
// title that the script sets.
func inChromium(t *testing.T, width int, script string) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("NIXGEN_REQUIRE_CHROMIUM") == "1" {
			t.Fatalf("NIXGEN_REQUIRE_CHROMIUM=1, but %v", err)
		}
		t.Skipf("needs chromium: %v", err)
	}
	html, err := HTML(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, bytes.Replace(html, []byte("</body>"), []byte("<script>{"+script+"}</script></body>"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", fmt.Sprintf("--window-size=%d,800", width),
		"--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, title, _ := strings.Cut(string(out), "<title>")
	title, _, _ = strings.Cut(title, "</title>")
	return html2text.Replace(title)
}

var html2text = strings.NewReplacer("&gt;", ">", "&lt;", "<", "&amp;", "&")

// lit lists the edges that are lit, by a function of the page's own.
const lit = `const lit = () => [...document.querySelectorAll(".edge.on")].map(e => e.dataset.from + ">" + e.dataset.to).sort().join(" ");`

const litMac = "host:mac>common:nix host:mac>host:box host:mac>opt-in:fonts host:mac>secret:sops/shared.yaml role:work>host:mac wave:rest>host:mac"

// By pointer on a phone: a tap on a host lights its edges and no others, and
// nothing but the framed tables and pictures scrolls sideways.
func TestPageOnAPhone(t *testing.T) {
	got := inChromium(t, 390, lit+`
document.getElementById("host:mac").dispatchEvent(new MouseEvent("click"));
const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
document.title = lit() + " | overflow " + (document.documentElement.scrollWidth > document.documentElement.clientWidth) + " " + wide.length;`)
	if want := litMac + " | overflow false 0"; got != want {
		t.Errorf("the page says %s\nwant %s", got, want)
	}
}

// By keyboard alone: Tab reaches every box in the order of the picture, Enter
// picks one, Escape shows everything again, and the links lead to sections.
func TestPageByKeyboard(t *testing.T) {
	got := inChromium(t, 1200, lit+`
const boxes = [...document.querySelectorAll("svg .box")];
const reachable = boxes.every(b => { b.focus(); return document.activeElement === b && b.tabIndex === 0; });
const key = k => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: k, bubbles: true }));
document.getElementById("host:mac").focus();
key("Enter"); const picked = lit();
key("Escape"); const after = lit();
const dead = [...document.querySelectorAll("nav a")].filter(a => !document.querySelector(a.getAttribute("href")));
document.title = reachable + " | " + picked + " | " + after + " | " + dead.length;`)
	if want := "true | " + litMac + " |  | 0"; got != want {
		t.Errorf("the page says %s\nwant %s", got, want)
	}
}

func BenchmarkPage(b *testing.B) {
	tree := fstest.MapFS{}
	var toml strings.Builder
	toml.WriteString("[users.tim]\nfullName = \"Tim\"\n")
	for i := range 40 {
		name := "host" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		toml.WriteString("[hosts." + name + "]\nsystem = \"x86_64-linux\"\nstateVersion = \"26.05\"\nusers = [\"tim\"]\n")
	}
	for i := range 300 {
		name := "modules/common/m" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".nix"
		tree[name] = &fstest.MapFile{Data: []byte("{ nix.settings.cores = 1; }")}
	}
	tree["hosts.toml"] = &fstest.MapFile{Data: []byte(toml.String())}
	w, _ := lint.Load(tree, fleet.Env{})
	var secrets []Secret
	for _, h := range w.Hosts {
		for k := range 10 {
			secrets = append(secrets, Secret{Host: h.Name, File: "sops/" + h.Name + ".yaml", Name: fmt.Sprintf("service%d/password", k)})
		}
	}
	for b.Loop() {
		if _, err := HTML(New(w.Fleet, w.Inventory, w.Hosts, secrets, nil)); err != nil {
			b.Fatal(err)
		}
	}
}
