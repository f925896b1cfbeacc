// Command gen writes catalog.bin from options.tsv and overlay.tsv. It runs in
// the folder of package catalog, by `go generate`.
package main

import (
	"bytes"
	"fmt"
	"os"

	"nixgen/catalog"
)

func main() {
	if err := run("options.tsv", "overlay.tsv", "catalog.bin"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(table, overlay, out string) error {
	var rows []catalog.Row
	for _, name := range []string{table, overlay} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		more, err := catalog.ReadRows(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, more...)
	}
	data, err := catalog.Encode(rows)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(out); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return os.WriteFile(out, data, 0o666)
}
