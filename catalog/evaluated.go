package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Expression is a Nix function from `{ inputs, names ? { } }` to what the
// inputs of a flake declare; `names` has the names of inputs that are not the
// usual ones (nixpkgs, nix-darwin, home-manager, sops-nix). Nix prints its
// value as the JSON that ReadJSON takes.
//
//go:embed options.nix
var Expression string

// ReadJSON reads the value of Expression.
func ReadJSON(r io.Reader) ([]Row, error) {
	var found []struct {
		Class, Type string
		Path, Flags []string
	}
	if err := json.NewDecoder(r).Decode(&found); err != nil {
		return nil, err
	}
	rows := make([]Row, len(found))
	for i, f := range found {
		class, ok := ParseClass(f.Class)
		if !ok || len(f.Path) == 0 {
			return nil, fmt.Errorf("option %d: class `%s`, path `%s`", i, f.Class, JoinPath(f.Path))
		}
		slices.Sort(f.Flags)
		rows[i] = Row{class, f.Path, shortType(f.Type), strings.Join(f.Flags, ",")}
	}
	return rows, nil
}

// typeWords shorten the module system's phrases to those of options.tsv.
var typeWords = strings.NewReplacer(
	"absolute path", "path", "string matching the pattern ", "string matching ",
	`strings concatenated with "\n"`, "lines",
	"16 bit unsigned integer; between 0 and 65535 (both inclusive)", "port (u16)",
	"8 bit unsigned integer; between 0 and 255 (both inclusive)", "u8",
	"unsigned integer, meaning >=0", "unsigned integer",
	"positive integer, meaning >0", "positive integer",
	"unspecified value", "unspecified",
	"(optionally newline-terminated) single-line string", "single-line string",
)

// longestType is where the text of a type is cut off.
const longestType = 200

func shortType(s string) string {
	s = strings.Join(strings.Fields(typeWords.Replace(s)), " ")
	if r := []rune(s); len(r) > longestType {
		s = string(r[:longestType]) + ", …"
	}
	return s
}

// Complete adds to the rows of a fleet's own inputs what their evaluation does
// not tell: the classes that were not evaluated, and facts about options that
// upstream knows but does not declare, such as on which platform one of
// home-manager has an effect.
func (c *Catalog) Complete(rows []Row) []Row {
	var evaluated Platform
	for i := range rows {
		evaluated |= rows[i].Class
		if o, ok := c.exactly(rows[i].Class, rows[i].Path); ok {
			rows[i].Flags = addFlags(rows[i].Flags, c.flagText(c.info(o)))
		}
	}
	c.Walk(Any&^evaluated, nil, func(path []string, o Option) bool {
		rows = append(rows, Row{o.class, slices.Clone(path), o.TypeText(), o.FlagWords()})
		return true
	})
	return rows
}

// exactly finds a row without looking through wildcards.
func (c *Catalog) exactly(class Platform, path []string) (uint32, bool) {
	n := c.root(class)
	for _, name := range path {
		if n == 0 {
			return 0, false
		}
		n = c.kid(n, name)
	}
	return n, n != 0 && c.info(n) != 0
}

// undeclared are the flags that no declaration of an option tells.
var undeclared = []string{"linux-only", "darwin-only", "linux-inert", "darwin-inert", "deprecated"}

func addFlags(words, known string) string {
	var all []string
	if words != "" {
		all = strings.Split(words, ",")
	}
	for _, w := range strings.Split(known, ",") {
		if (slices.Contains(undeclared, w) || strings.HasPrefix(w, "recurse=")) && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}
