package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/layout"
	"nixgen/lint"
	"nixgen/outline"
)

func newAffectedCommand(w *world) *cobra.Command {
	var since, lock, format string
	c := &cobra.Command{
		Use:   "affected [flags] [FILE…]",
		Short: "say which hosts a change touches",
		Long: `Affected lists the hosts that a change touches, and why: by default what is
changed since the last commit, with --since that since another revision, or the
FILEs that are named. A file touches the hosts that read it, as lint follows
them. A new flake.lock touches the hosts that use an input whose lock has
changed, itself or by what it depends on. Nothing is evaluated. In doubt a host
is touched: what a change does not touch need not be built.`,
		RunE: func(_ *cobra.Command, files []string) error { return w.affected(since, lock, format, files) },
	}
	c.Flags().StringVar(&since, "since", "HEAD", "compare with the git revision `REV`")
	c.Flags().StringVar(&lock, "lock", "", "compare flake.lock with the older `FILE`")
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: text or json")
	return c
}

// impact is what a change touches.
type impact struct {
	// Inputs of the flake whose lock has changed, sorted.
	Inputs []string       `json:"inputs"`
	Files  []string       `json:"files"`
	Hosts  []affectedHost `json:"hosts"`
}

type affectedHost struct {
	Name    string   `json:"name"`
	Reasons []string `json:"reasons"`
}

func (w *world) affected(since, lock, format string, files []string) error {
	if format != "text" && format != "json" {
		return usage("no format `%s`; there are text and json", format)
	}
	t, err := w.fleetTree()
	if err != nil {
		return err
	}
	im := &impact{Inputs: []string{}, Files: []string{}, Hosts: []affectedHost{}}
	old, err := w.change(im, t.root, since, lock, files)
	if err != nil {
		return failed(err)
	}
	if slices.Contains(im.Files, "flake.lock") || old != nil {
		now, err := os.ReadFile(filepath.Join(t.root, "flake.lock"))
		if err != nil {
			return failed(err)
		}
		if im.Inputs, err = changedInputs(old, now); err != nil {
			return failed(err)
		}
	}
	for _, h := range t.work.Hosts {
		if reasons := im.reasons(t.work, h); len(reasons) > 0 {
			im.Hosts = append(im.Hosts, affectedHost{h.Name, reasons})
		}
	}
	return im.print(w.stdout, format)
}

// change fills in the files that have changed, relative to the fleet, and gives
// the lock from before; nil where there is none to compare.
func (w *world) change(im *impact, root, since, lock string, files []string) (old []byte, err error) {
	for _, f := range files {
		rel, err := filepath.Rel(root, w.path(f))
		if err != nil || strings.HasPrefix(rel, "..") {
			return nil, fmt.Errorf("`%s` is no file of this fleet", f)
		}
		im.Files = append(im.Files, filepath.ToSlash(rel))
	}
	if lock != "" {
		return os.ReadFile(w.path(lock))
	}
	if len(files) == 0 {
		if !inGitTree(root) {
			return nil, errors.New("there is no git tree to compare with; name the files that have changed")
		}
		// the revision is checked first: nothing that it is called becomes an option
		rev, err := git(root, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", since+"^{commit}")
		if err != nil {
			return nil, fmt.Errorf("git knows no revision `%s`; name the files that have changed", since)
		}
		since = strings.TrimSpace(string(rev))
		out, err := git(root, nil, "diff", "--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z", since, "--")
		if err != nil {
			return nil, err
		}
		im.Files = slices.DeleteFunc(strings.Split(string(out), "\x00"), func(s string) bool { return s == "" })
	}
	if slices.Contains(im.Files, "flake.lock") {
		old, err = git(root, nil, "show", since+":./flake.lock")
		if err != nil { // there was none: everything is new
			return []byte(`{"root": "root", "nodes": {"root": {}}}`), nil
		}
	}
	return old, nil
}

// reasons say why a host is touched, each once.
func (im *impact) reasons(work *lint.Workspace, h *lint.Host) []string {
	var out []string
	say := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(im.Inputs) > 0 {
		used, all := usedInputs(work, h)
		for _, name := range im.Inputs {
			switch {
			case slices.Contains(used, name):
				say("input %s", name)
			case all != "":
				say("input %s, perhaps: %s", name, all)
			}
		}
	}
	for _, f := range im.Files {
		switch reach, why := readsFile(work, h, f); {
		case reach == outline.True:
			say("%s", f)
		case reach == outline.Maybe:
			say("%s, perhaps: %s", f, why)
		}
	}
	return out
}

// unread are files that no host is made of.
var unread = regexp.MustCompile(`(^|/)(README|LICENSE|CHANGELOG|CONTRIBUTING|SECURITY)(\.[a-z]+)?$|\.md$` +
	`|^\.(github|gitlab|forgejo|vscode|git[a-z]*)(/|$)` +
	`|^hosts\.(toml|schema\.json)$|^flake\.lock$`)

// readsFile says whether a host reads a file. A module is read by the hosts that
// import it; of other files nobody knows, beside those of another host.
func readsFile(work *lint.Workspace, h *lint.Host, file string) (outline.Truth, string) {
	for _, m := range h.Modules {
		if m.Path == file {
			if m.Reach == outline.Maybe {
				return outline.Maybe, "its import depends on what is not known"
			}
			return outline.True, ""
		}
	}
	if other := ownerOf(work, file); other != "" {
		if other == h.Name {
			return outline.True, ""
		}
		return outline.False, ""
	}
	switch {
	case unread.MatchString(file):
		return outline.False, ""
	case readByAny(work, file) || isModule(work, file):
		for _, g := range h.Gaps {
			if g.Near == "" || strings.HasPrefix(file, g.Near+"/") {
				return outline.Maybe, "an import could not be followed"
			}
		}
		return outline.False, ""
	case file == "flake.nix":
		return outline.True, ""
	}
	return outline.Maybe, "it is no module, and anything may read it"
}

// ownerOf is the host whose folder a file lies in: of the hand-written files or of
// those that are generated.
func ownerOf(work *lint.Workspace, file string) string {
	if f, ok := work.Inventory.File(file); ok && f.Host != "" {
		return f.Host
	}
	below, ok := strings.CutPrefix(file, path.Join(work.Fleet.Layout.Generated, "hosts")+"/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(below, "/")
	return name
}

// isModule tells modules of the tiers, which are read by being imported alone.
func isModule(work *lint.Workspace, file string) bool {
	f, ok := work.Inventory.File(file)
	return ok && f.Role == layout.Entry
}

func readByAny(work *lint.Workspace, file string) bool {
	return slices.ContainsFunc(work.Hosts, func(h *lint.Host) bool {
		return slices.ContainsFunc(h.Modules, func(m *lint.Module) bool { return m.Path == file })
	})
}

var (
	inputRE = regexp.MustCompile(`\binputs\.(?:"([^"$]+)"|([A-Za-z_][A-Za-z0-9_'-]*))`)
	fromRE  = regexp.MustCompile(`\binherit\s*\(\s*inputs\s*\)\s*([^;]*);`)
	// formalRE is `inputs` as the name of an argument.
	formalRE  = regexp.MustCompile(`[{,]\s*inputs\s*[,}?]|@\s*inputs\b|\binputs\s*@`)
	mentionRE = regexp.MustCompile(`\binputs\b`)
	commentRE = regexp.MustCompile(`(?m)(^|\s)#.*$`)
)

// usedInputs are the inputs that a host's wiring and modules name; all says
// why it may use any other.
func usedInputs(work *lint.Workspace, h *lint.Host) (used []string, all string) {
	generated := work.Fleet.Layout.Generated + "/"
	if h.Spec == nil || work.Fleet.Layout.Wiring == "manual" {
		all = "the flake is wired by hand"
	} else {
		var env fleet.Env
		if work.Flake != nil {
			env.Inputs = work.Flake.InputNames()
		}
		used = generate.Inputs(work.Fleet, work.Inventory, generate.Options{Env: env}, h.Spec)
	}
	for _, x := range h.Foreign {
		if name, ok := strings.CutPrefix(x.Path, "inputs."); ok {
			name, _, _ = strings.Cut(name, ".")
			used = append(used, name)
		}
	}
	read := map[string]bool{}
	files := overlayFiles(h.Spec)
	for _, m := range h.Modules {
		files = append(files, m.Path)
	}
	for _, f := range files {
		s := work.Source(f)
		if s == nil || read[f] || strings.HasPrefix(f, generated) {
			continue
		}
		read[f] = true
		names, dynamic := namedInputs(string(s.Text))
		used = append(used, names...)
		if dynamic && all == "" {
			all = "`" + f + "` uses `inputs` as a whole"
		}
	}
	if len(h.Gaps) > 0 && all == "" {
		all = "an import could not be followed"
	}
	return used, all
}

func overlayFiles(h *fleet.Host) []string {
	var out []string
	if h != nil {
		for _, o := range h.Nixpkgs.Overlays {
			if o.Ref == nil {
				out = append(out, o.File, path.Join(o.File, "default.nix"))
			}
		}
	}
	return out
}

// namedInputs are the inputs that a text names; dynamic when it does more with
// them than to name one.
func namedInputs(text string) (names []string, dynamic bool) {
	text = commentRE.ReplaceAllString(text, "")
	for _, m := range inputRE.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1]+m[2])
	}
	for _, m := range fromRE.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Fields(m[1])...)
	}
	for _, re := range []*regexp.Regexp{inputRE, fromRE, formalRE} {
		text = re.ReplaceAllString(text, " ")
	}
	return names, mentionRE.MatchString(text)
}

func (im *impact) print(out io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(im)
	}
	width := 0
	for _, h := range im.Hosts {
		width = max(width, len(h.Name))
	}
	for _, h := range im.Hosts {
		fmt.Fprintf(out, "%-*s  %s\n", width, h.Name, strings.Join(h.Reasons, "; "))
	}
	if len(im.Hosts) == 0 {
		fmt.Fprintln(out, "no host is touched")
	}
	return nil
}
