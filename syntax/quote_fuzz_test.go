package syntax

import (
	"encoding/json"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"nixgen/internal/realnix"
)

// FuzzFormat lets the real Nix read what Format printed, and compares with the
// same data read from JSON. One run of Nix covers every literal kind, and the
// text in every surrounding that could change how its first or last character
// reads.
func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"", "a", "${x}", "$${x}", "$$${", "''", "'''", "''${", "'${", `\`, `\n`, `''\n`, `"`, "$", "a$", "\n", "\n\n", "a\nb", "a\n b\n", " a\n b",
		"\ta\n b\n", "a\r\nb\rc\r", "a \n\t\n", "x\n  ", "\x01\x7f", "é\u2028\uFFFD😀", "a\x00", "\xff", "if", "or", "a-b'", "-a", "1.5", "a.b",
		"../x y/~z", "./.", "#x", "/*x*/", "\n'", "'\n'", "$\n{", "a'", "__functor",
	} {
		f.Add(s, int64(math.MinInt64), 0.1)
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, 1e21, 1e-7, math.MaxFloat64, 5e-324, -2.2250738585072011e-308, 0x1p-1022, 123456789.125, 1e15, math.Inf(1), math.NaN()} {
		f.Add("x", int64(x), x)
	}
	nix := realnix.Require(f)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, s string, n int64, x float64) {
		if strings.Contains(s, "outPath") || strings.Contains(s, "__toString") {
			t.Skip("toJSON treats these names as its own")
		}
		v := List{scalars(s, n, x), structure([]byte(s), 4), surroundings(s)}
		text, err := Format(v)
		valid := utf8.ValidString(s) && !strings.Contains(s, "\x00")
		if finite := !math.IsNaN(x) && !math.IsInf(x, 0); (err == nil) != (valid && finite) {
			t.Fatalf("Format: %v, but text valid: %v, number finite: %v", err, valid, finite)
		}
		if err != nil {
			return
		}
		write(t, dir, "got.nix", string(text))
		write(t, dir, "want.json", valueJSON(v, dir))
		cmd := nix.Command("nix-instantiate", "--eval", "--expr", sameExpr)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "true" {
			t.Fatalf("%v\n%s\nprinted:\n%s", err, out, text)
		}
	})
}

const sameExpr = `let
  plain = v:
    if builtins.isPath v then toString v
    else if builtins.isList v then map plain v
    else if builtins.isAttrs v then builtins.mapAttrs (_: plain) v
    else v;
  got = plain (import ./got.nix);
  want = builtins.fromJSON (builtins.readFile ./want.json);
in got == want && builtins.toJSON got == builtins.toJSON want || throw (builtins.toJSON { inherit got want; })`

func write(t *testing.T, dir, name, text string) {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func scalars(s string, n int64, x float64) Value {
	l := List{Null{}, Bool(n > 0), Int(n), Int(-n), Float(x), Float(-x), Float(1 / (1 + x*x)), String(s), Lines(s)}
	for _, c := range strings.Split(s, "/") {
		if c != "" {
			l = append(l, Path("./"+c), Path("../a/"+c+"/b"))
		}
	}
	return append(l, Attrs{{Path: []string{s, "b"}, Value: Int(n), Comment: s}, {Path: []string{s}, Value: Attrs{{Path: []string{"c"}, Value: Lines(s)}}}})
}

func surroundings(s string) Value {
	var l List
	around := []string{"", "$", "'", "''", "${", `\`, " ", "\n", "a\n", "\""}
	for _, pre := range around {
		for _, post := range around {
			l = append(l, String(pre+s+post), Lines(pre+s+post), Lines("x\n"+pre+s+post))
		}
	}
	return l
}

// structure makes nested lists and sets out of bytes, so that every layout of
// brackets is read back too.
func structure(data []byte, depth int) Value {
	if len(data) == 0 || depth == 0 {
		return String(strings.ToValidUTF8(string(data), "é"))
	}
	n := int(data[0]) % 4
	size := (len(data) + n) / (n + 1)
	var l List
	var as Attrs
	for i := 0; i <= n && len(data) > 0; i++ {
		part := data[:min(size, len(data))]
		data = data[len(part):]
		v := structure(part[1:], depth-1)
		l = append(l, v)
		as = append(as, Attr{Path: strings.Split(strings.Repeat("a.", i)+"b"+strings.ToValidUTF8(string(part), "é"), "."), Value: v})
	}
	if n%2 == 0 {
		return l
	}
	return Attrs{{Path: []string{"set"}, Value: as[:1]}, {Path: []string{"list"}, Value: l}}
}

// valueJSON is the data of a Value; paths become what toString makes of them.
func valueJSON(v Value, dir string) string {
	switch v := v.(type) {
	case Float:
		return floatLiteral(float64(v))
	case Path:
		return jsonText(path.Join(dir, string(v)))
	case String:
		return jsonText(string(v))
	case Lines:
		return jsonText(string(v))
	case List:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = valueJSON(e, dir)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case Attrs:
		return treeJSON(mergeAttrs(v), dir)
	case Null:
		return "null"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func jsonText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func treeJSON(t map[string]any, dir string) string {
	var parts []string
	for k, v := range t {
		if sub, ok := v.(map[string]any); ok {
			parts = append(parts, jsonText(k)+":"+treeJSON(sub, dir))
		} else {
			parts = append(parts, jsonText(k)+":"+valueJSON(v.(Value), dir))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// mergeAttrs puts the parts of attribute sets together.
func mergeAttrs(as Attrs) map[string]any {
	out := map[string]any{}
	var add func(into map[string]any, as Attrs)
	add = func(into map[string]any, as Attrs) {
		for _, a := range as {
			m := into
			steps := a.Path
			sub, isSet := a.Value.(Attrs)
			if !isSet {
				steps = steps[:len(steps)-1]
			}
			for _, name := range steps {
				if m[name] == nil {
					m[name] = map[string]any{}
				}
				m = m[name].(map[string]any)
			}
			if isSet {
				add(m, sub)
			} else {
				m[a.Path[len(a.Path)-1]] = a.Value
			}
		}
	}
	add(out, as)
	return out
}
