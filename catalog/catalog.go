// Package catalog knows which option exists on which platform: NixOS,
// nix-darwin, home-manager, disko and sops-nix, with its type and with what
// else an evaluation would say of it (removed, renamed, read-only, only for
// Linux).
//
// Model. A catalog is a tree of names below each Class, kept in one string of
// bytes and read where it lies: nothing is decompressed, indexed or copied,
// so opening the built-in one costs nothing. A Platform is a set of classes,
// since a NixOS machine takes the options of disko and sops-nix too. An
// Option is a place in the tree. Paths are lists of names; `<name>` stands
// for any attribute name and `*` for an element of a list.
//
// Laws. The catalog is evidence, not truth: it says what was seen at certain
// revisions. What it does not list may exist (Place.Open, Stale, modules of
// third parties), so nothing here ever says that an option is wrong. Where
// submodules contain themselves, lookups go round; Walk does not.
//
// The data is options.tsv, evaluated or collected from the upstream projects,
// with overlay.tsv laid over it: rows written by hand, each with its source.
// `go generate` turns both into catalog.bin. Encode does the same for a user's
// own flake inputs, and Open reads its result.
//
// Not here: values, defaults and descriptions of options; which of them a
// fleet sets.
package catalog

import (
	_ "embed"
	"strings"
	"sync"
)

//go:generate go run ./internal/gen

//go:embed catalog.bin
var builtin string

// Builtin is the catalog that comes with the program.
func Builtin() *Catalog { return readBuiltin() }

var readBuiltin = sync.OnceValue(func() *Catalog {
	c, err := read(builtin)
	if err != nil {
		panic("catalog.bin: " + err.Error())
	}
	c.findRoots()
	return c
})

// Platform is a set of classes: one class, or all that a kind of machine
// evaluates together.
type Platform uint16

// The classes: each was evaluated by itself.
const (
	NixOSClass Platform = 1 << iota
	DarwinClass
	HomeClass
	DiskoClass
	SopsNixOSClass
	SopsDarwinClass
	SopsHomeClass
	HomeOnNixOSClass  // `home-manager.*` as a NixOS module
	HomeOnDarwinClass // `home-manager.*` as a nix-darwin module
	classEnd
)

// What a module of a machine may set.
const (
	NixOS  = NixOSClass | DiskoClass | SopsNixOSClass | HomeOnNixOSClass
	Darwin = DarwinClass | SopsDarwinClass | HomeOnDarwinClass
	Home   = HomeClass | SopsHomeClass
	Any    = classEnd - 1
)

// classNames are the words of options.tsv, in the order of the constants.
var classNames = []string{
	"nixos", "darwin", "home-manager", "disko", "sops-nixos", "sops-darwin", "sops-home", "hm-nixos", "hm-darwin",
}

// String lists the classes.
func (p Platform) String() string {
	var names []string
	for i, n := range classNames {
		if p&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, "+")
}

// ParseClass reads a word of options.tsv.
func ParseClass(s string) (Platform, bool) {
	for i, n := range classNames {
		if n == s {
			return 1 << i, true
		}
	}
	return 0, false
}

// union is the platform on which a class is evaluated.
func union(class Platform) Platform {
	for _, p := range []Platform{NixOS, Darwin, Home} {
		if p&class != 0 {
			return p
		}
	}
	return class
}

// Flags are facts about an option beside its type.
type Flags uint32

const (
	// Freeform (`open`) options accept names below them that are not listed.
	Freeform Flags = 1 << iota
	// Removed options are declared, but setting them, or anything below
	// them, fails.
	Removed
	ReadOnly
	Internal
	Hidden
	Deprecated
	// LinuxOnly and DarwinOnly options of home-manager fail on the other
	// platform once their module is enabled.
	LinuxOnly
	DarwinOnly
	// LinuxInert and DarwinInert options are accepted there without effect.
	LinuxInert
	DarwinInert
	// Coarse (`only-2026-03`): known from a list of names alone, with a type
	// that is only roughly right.
	Coarse
	// Stale: what is listed below it is old, so that a name missing there
	// says little.
	Stale
	// Absent (`absent-2026-03`): once documented, missing in a newer list.
	Absent
	// OptIn options come from a module that must be imported first.
	OptIn
	// Truncated options go on as the disko types that Variants names.
	Truncated
	// ValueChanges goes with RenamedTo: the new option takes another value.
	ValueChanges
	// Since (`since-2026-03`): newer than the list of NixOS's names, which may
	// have it by now as well.
	Since
)

// flagWords are the words of options.tsv, in the order of the constants.
var flagWords = []string{
	"open", "removed", "readonly", "internal", "hidden", "deprecated", "linux-only", "darwin-only", "linux-inert",
	"darwin-inert", "only-2026-03", "stale", "absent-2026-03", "opt-in-module", "truncated", "value-changes",
	"since-2026-03",
}

func flagOf(word string) (Flags, bool) {
	for i, w := range flagWords {
		if w == word {
			return 1 << i, true
		}
	}
	return 0, false
}

// Option is a place in the tree of one class: an option, or a parent that has
// options below it (Listed tells).
type Option struct {
	c     *Catalog
	class Platform
	node  uint32
}

// Class is the one class in which it was found.
func (o Option) Class() Platform { return o.class }

// Listed reports whether the place has a row of its own.
func (o Option) Listed() bool { return o.c != nil && o.c.info(o.node) != 0 }

// TypeText is the type in the words of the module system, "unknown" where it
// is not known, "group" for a parent, "" for a place that is not listed.
func (o Option) TypeText() string {
	if !o.Listed() {
		return ""
	}
	return o.c.typeText(o.c.info(o.node))
}

// Type is the type as far as it can be read out of its words.
func (o Option) Type() Type { return ParseType(o.TypeText()) }

// Flags are empty for a place that is not listed.
func (o Option) Flags() Flags {
	if !o.Listed() {
		return 0
	}
	return o.c.flags(o.c.info(o.node))
}

// FlagWords are the flags in the words of options.tsv, with their arguments.
func (o Option) FlagWords() string {
	if !o.Listed() {
		return ""
	}
	return o.c.flagText(o.c.info(o.node))
}

// Has reports whether all of the flags are set.
func (o Option) Has(f Flags) bool { return o.Flags()&f == f }

// RenamedTo is the path of the option that replaced this one, or "".
func (o Option) RenamedTo() string { return o.argument("renamed-to=") }

// AliasOf is the path of the option that this one is another name of, or "".
func (o Option) AliasOf() string { return o.argument("alias-of=") }

// Recurse is the path or root (`@home-manager`) whose options stand below this
// one too, or "".
func (o Option) Recurse() string { return o.argument("recurse=") }

// Variants are the disko types that content at this place can have.
func (o Option) Variants() []string {
	if v := o.argument("variants="); v != "" {
		return strings.Split(v, "|")
	}
	return nil
}

func (o Option) argument(key string) string {
	if !o.Listed() {
		return ""
	}
	rest := o.c.flagText(o.c.info(o.node))
	for rest != "" {
		var word string
		word, rest, _ = strings.Cut(rest, ",")
		if v, ok := strings.CutPrefix(word, key); ok {
			return v
		}
	}
	return ""
}
