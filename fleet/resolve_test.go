package fleet

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nixgen/diag"
	"nixgen/internal/golden"
)

// dump writes what is not zero, one `path = value` a line.
func dump(b *strings.Builder, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dump(b, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Type != reflect.TypeFor[diag.Span]() && f.Name != "Key" {
				dump(b, path+"."+f.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			dump(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		for _, k := range sortedKeys(keysOf(v)) {
			dump(b, path+"."+quoteKey(k), v.MapIndex(reflect.ValueOf(k)))
		}
	default:
		if !v.IsZero() || strings.Contains(path, "Params") {
			fmt.Fprintf(b, "%s = %#v\n", path, v.Interface())
		}
	}
}

func keysOf(v reflect.Value) map[string]bool {
	out := map[string]bool{}
	for _, k := range v.MapKeys() {
		out[k.String()] = true
	}
	return out
}

// TestGood holds what becomes of good files.
func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	env := testEnv(t)
	for _, file := range files {
		golden.Pairs(t, file, ".toml", func(name string, src []byte) string {
			f, ds := Load("hosts.toml", src, env)
			if diag.Has(ds, diag.Error) {
				t.Errorf("%s: %s: %s", file, name, render(src, ds))
			}
			var b strings.Builder
			for _, h := range f.Hosts {
				dump(&b, h.Name, reflect.ValueOf(h))
				b.WriteString("\n")
			}
			return b.String()
		})
	}
}
