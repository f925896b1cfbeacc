package fleet

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
)

func compileSchema(t *testing.T, src []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	if err := c.AddResource("hosts.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("hosts.schema.json") // checks it against draft 4's own schema
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonOf is what an editor's validator sees of a TOML file.
func jsonOf(t *testing.T, src []byte) any {
	t.Helper()
	var v map[string]any
	if _, err := toml.Decode(string(src), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJSONSchema(t *testing.T) {
	env := testEnv(t)
	src := bigFleet(8)
	f, ds := Load("hosts.toml", src, env)
	if len(ds) > 0 {
		t.Fatal(render(src, ds))
	}
	first := f.JSONSchema(env)
	s := compileSchema(t, first)
	if err := s.Validate(jsonOf(t, src)); err != nil {
		t.Errorf("a good file is refused: %v", err)
	}
	if again := f.JSONSchema(env); !bytes.Equal(first, again) {
		t.Error("two runs differ")
	}
	for _, name := range []string{`"desktop/hyprland"`, `"tim"`, `"workstation"`, `"desktop-btrfs"`, `"rack1"`, `"hasFingerprint"`} {
		if !bytes.Contains(first, []byte(name)) {
			t.Errorf("the schema does not know %s", name)
		}
	}
}

// TestJSONSchemaRefuses validates the bad files of some families with the
// schema of that very fleet. Blind are those with mistakes that only Go judges:
// rules between values, and forms of strings that no pattern says.
func TestJSONSchemaRefuses(t *testing.T) {
	env := testEnv(t)
	blind := map[string]bool{}
	for _, n := range strings.Fields(`addresses nul version-pin home-of-stranger 
		module-input overlay paths ssh-keys recipients caches required defaults
		profile missing-parameter generated-above generated-everything locked-out`) {
		blind[n] = true
	}
	refused := 0
	for _, family := range []string{"keys", "references", "fields", "values"} {
		ar, err := txtar.ParseFile(filepath.Join("testdata/bad", family+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range ar.Files {
			name, ok := strings.CutSuffix(c.Name, ".toml")
			if !ok || name == "date" { // JSON has no infinity
				continue
			}
			f, _ := Load("hosts.toml", c.Data, env)
			err := compileSchema(t, f.JSONSchema(env)).Validate(jsonOf(t, c.Data))
			if (err == nil) != blind[name] {
				t.Errorf("%s: %s: %v", family, name, err)
			}
			if err != nil {
				refused++
			}
		}
	}
	if refused < 20 {
		t.Errorf("only %d refused", refused)
	}
}

func TestJSONSchemaOfTheZeroEnv(t *testing.T) {
	f, _ := Load("hosts.toml", []byte("[hosts.a]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\noptIn = [\"any\"]\ndisks.main = { profile = \"any\", x = 1 }\n"), Env{})
	s := compileSchema(t, f.JSONSchema(Env{}))
	if err := s.Validate(jsonOf(t, f.doc.src)); err != nil {
		t.Error(err)
	}
	broken, _ := Load("hosts.toml", []byte("["), Env{})
	compileSchema(t, broken.JSONSchema(Env{}))
}
