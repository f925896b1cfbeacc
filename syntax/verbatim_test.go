package syntax

import "testing"

func TestVerbatim(t *testing.T) {
	for text, want := range map[string]string{
		`"abc"`: "abc", `""`: "", `"a $x $$ ' b"`: "a $x $$ ' b", "\"a\nb\"": "a\nb",
		`"a\nb"`: "no", `"a${b}"`: "no", `''abc''`: "no", "\"a\r\nb\"": "no", `"abc`: "no", `"`: "no",
	} {
		f := Parse("x.nix", []byte(text))
		s, ok := f.Root().AsStr()
		if !ok && want != "no" {
			t.Fatalf("%s is no string", text)
		}
		got := "no"
		if ok {
			if sp, plain := s.Verbatim(); plain {
				got = text[sp.Start:sp.End]
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if v, ok := s.Value(); ok && got != "no" && v != got {
			t.Errorf("%s: Value is %q, Verbatim %q", text, v, got)
		}
	}
}
