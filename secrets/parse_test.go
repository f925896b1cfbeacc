package secrets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParse lists what is read of a file: keys with their lines, marked as
// plain (!) or exempt (~), groups with a slash.
func TestParse(t *testing.T) {
	enc := sealedValue
	for name, c := range map[string]struct{ file, text, want string }{
		"nested":     {"a.yaml", "a:\n  b:\n    c: " + enc + "\nsops: {}\n", "a/ a/b/ a/b/c"},
		"lists":      {"a.yaml", "a:\n  - " + enc + "\n  - {b: x}\nsops: {}\n", "a/ a/0 a/1/ a/1/b!"},
		"documents":  {"a.yaml", "a: x\nsops: {}\n---\nb: " + enc + "\nsops: {}\n", "a! b"},
		"empty":      {"a.yaml", "a: \"\"\nb:\nc: ~\nd: {}\ne: []\nsops: {}\n", "a b c d/ e/"},
		"suffix":     {"a.yaml", "a_unencrypted: x\nb_unencrypted:\n  c: x\nsops: {}\n", "a_unencrypted~ b_unencrypted/~ b_unencrypted/c~"},
		"own suffix": {"a.yaml", "a_unencrypted: x\nb_p: x\nsops: {unencrypted_suffix: _p}\n", "a_unencrypted! b_p~"},
		"encrypted":  {"a.yaml", "a_s: x\nb: x\nc_s: {d: x}\nsops: {encrypted_suffix: _s}\n", "a_s! b~ c_s/ c_s/d!"},
		"regex":      {"a.yaml", "pass: x\nb: x\nsops: {encrypted_regex: ^pa}\n", "pass! b~"},
		"un-regex":   {"a.yaml", "pass: x\nb: {c: x}\nsops: {unencrypted_regex: ^b$}\n", "pass! b/~ b/c~"},
		"comments":   {"a.yaml", "b: x\nsops: {encrypted_comment_regex: secret}\n", "b~"},
		"almost":     {"a.yaml", "a: ENC[AES256_GCM,data:x]\nb: x " + enc + "\nsops: {}\n", "a! b!"},
		"quoted":     {"a.yaml", "\"a b\": '" + enc + "'\nsops: {}\n", "a b"},
		"block":      {"a.yaml", "a: |-\n  " + enc + "\nb: >\n  x\nsops: {}\n", "a b!"},
		"json":       {"a.json", "{\"a\": {\"b\": [\"x\", 1, null]}, \"sops\": {}}", "a/ a/b/ a/b/0! a/b/1! a/b/2"},
		"binary":     {"a.json", "{\"data\": \"" + enc + "\", \"sops\": {}}", "data"},
		"merge":      {"a.yaml", "a: &x\n  k: " + enc + "\nb:\n  <<: *x\nsops: {}\n", "a/ a/k b/ b/k"},
	} {
		f, ds := Parse(c.file, []byte(c.text))
		if len(ds) > 0 || !f.Encrypted {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		var got []string
		for _, k := range f.Keys {
			s := k.Path
			if !k.Leaf {
				s += "/"
			}
			if k.Plain {
				s += "!"
			}
			if k.Exempt {
				s += "~"
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestPlaces: columns count bytes, on long lines and behind other letters too.
func TestPlaces(t *testing.T) {
	text := "é: {ü: x, b: [ä, c]}\nd: x\nsops: {}\n"
	f, ds := Parse("a.yaml", []byte(text))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	for path, want := range map[string]string{"é": "é", "é/ü": "ü", "é/b": "b", "d": "d"} {
		k := f.Key(path)
		if k == nil || text[k.Span.Start:k.Span.End] != want {
			t.Errorf("%s: %+v", path, k)
		}
	}
	if k := f.Key("é/b/1"); k == nil || !strings.HasPrefix(text[k.Span.Start:], "c]") {
		t.Errorf("%+v", k)
	}
}

// TestParseRefuses: one finding with a place, which never quotes the file.
func TestParseRefuses(t *testing.T) {
	bomb := "a0: &a0 x\n"
	for i := 1; i < 12; i++ {
		p := string(rune('a' + i))
		q := string(rune('a' + i - 1))
		if i == 1 {
			q = "a0"
		}
		bomb += p + ": &" + p + " [" + strings.Repeat("*"+q+", ", 9) + "*" + q + "]\n"
	}
	for name, c := range map[string]struct{ file, text string }{
		"open quote":   {"a.yaml", "a: \"hunter2"},
		"tab":          {"a.yaml", "a:\n\thunter2: x"},
		"anchor":       {"a.yaml", "a: *hunter"},
		"deep":         {"a.yaml", strings.Repeat("[", 5000)},
		"deep, closed": {"a.yaml", strings.Repeat("[", 500) + strings.Repeat("]", 500)},
		"bomb":         {"a.yaml", bomb},
		"json":         {"a.json", "{\"a\": hunter2}"},
		"json, two":    {"a.json", "{} {}"},
		"json, deep":   {"a.json", strings.Repeat("[", 500) + strings.Repeat("]", 500)},
		"json, none":   {"a.json", ""},
	} {
		f, ds := Parse(c.file, []byte(c.text))
		if f != nil || len(ds) != 1 {
			t.Errorf("%s: %v %v", name, f, ds)
			continue
		}
		d := ds[0]
		checkStyle(t, d)
		if strings.Contains(d.Message, "hunter2") || d.Span.Start < 0 || d.Span.End > len(c.text) || d.Rule != RuleSyntax {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// FuzzParse: any text is read or refused; every place lies inside of it.
func FuzzParse(f *testing.F) {
	f.Add("a: ENC\nsops:\n  age:\n    - recipient: x\n", true)
	f.Add("{\"a\": [1, {\"b\": null}], \"sops\": {\"age\": []}}", false)
	f.Add("a: &x {b: é}\n<<: *x\n? k\n: |\n  v\n", true)
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		name := "a.json"
		if yaml {
			name = "a.yaml"
		}
		file, ds := Parse(name, []byte(text))
		if (file == nil) == (len(ds) == 0) {
			t.Fatalf("%v %v", file, ds)
		}
		for _, d := range ds {
			if d.Span.Start < 0 || d.Span.End > len(text) {
				t.Errorf("%+v", d)
			}
		}
		if file == nil {
			return
		}
		for _, k := range file.Keys {
			if k.Span.Start < 0 || k.Span.Start > k.Span.End || k.Span.End > len(text) {
				t.Errorf("%+v lies outside of the %d bytes", k, len(text))
			}
		}
		ParseConfig(ConfigFile, []byte(text))
	})
}
