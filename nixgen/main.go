// Command nixgen turns one hosts.toml into typed Nix and keeps the hand-written
// Nix around it honest. Each subcommand lives in a file of its own; this file
// is the only one that exits.
package main

import (
	"os"
)

func main() {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	os.Exit(run(os.Args[1:], &world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, dir: dir, getenv: os.Getenv,
	}))
}
