// Package nixgen is the repository as a whole: what `go generate ./...` writes,
// and the tests of laws that no single package can hold (imports, licences,
// the README's transcripts, the wording of messages). The program is the
// command in the folder nixgen; ARCHITECTURE.md says which package does what.
//
// The catalog and the Go side of the schema come before the fleet, which is
// generated with them.
package nixgen

//go:generate go generate ./catalog ./fleet
//go:generate go run ./nixgen generate --quiet
