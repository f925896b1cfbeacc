package secrets

import (
	"bytes"
	"fmt"

	"nixgen/diag"
	"nixgen/fleet"
)

// Step is one thing to do so that a repository fits the fleet.
type Step struct {
	File string
	// Write is the new text of File; nil where Commands are to be run.
	Write []byte
	// Commands are calls of sops in the repository's root; nil where a person
	// must do it.
	Commands [][]string
	// Why is one line for each reason.
	Why []string
}

// Sync lists what must be done, in order: .sops.yaml first, since sops takes
// the recipients from there. A .sops.yaml that nixgen did not write is left
// alone where it says the same; where it does not, the findings tell, and there
// are no steps.
func Sync(f *fleet.Fleet, t *Tree) ([]Step, []diag.Diagnostic) {
	if ds := Validate(f); len(ds) > 0 {
		return nil, ds
	}
	c := newChecker(f, t)
	var steps []Step
	want, have := Rules(f), t.Files[ConfigFile]
	if _, ok := t.Files[ConfigFile]; !ok || bytes.HasPrefix(have, []byte(Header+"\n")) {
		if !bytes.Equal(have, want) {
			steps = append(steps, Step{File: ConfigFile, Write: want, Why: []string{"the recipients of the fleet"}})
		}
	} else if c.rules(); diag.Has(c.out, diag.Error) {
		diag.Sort(c.out)
		return nil, c.out
	}
	c.out = nil
	for i := range c.targets {
		if s, ok := c.step(&c.targets[i]); ok {
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// step is what one file needs.
func (c *checker) step(t *Target) (Step, bool) {
	s := Step{File: t.File}
	_, exists := c.tree.Files[t.File]
	f := c.files[t.File]
	switch {
	case !exists:
		if h := c.fleet.Host(t.Host); h != nil && h.AgeKey == "" && !c.declares[t.File] {
			return s, false
		}
		s.Why = []string{"does not exist; create it with `sops edit " + t.File + "`"}
		return s, true
	case f == nil:
		return s, false // not readable: `secrets check` says so
	case len(t.Readers) == 0:
		s.Why = []string{"nobody in hosts.toml may read it"}
		return s, true
	case !f.Encrypted:
		s.Commands = [][]string{{"sops", "encrypt", "--in-place", t.File}}
		s.Why = []string{"not encrypted yet"}
		return s, true
	}
	added, removed := c.difference(t, f)
	if len(added)+len(removed) == 0 {
		return s, false
	}
	s.Commands = [][]string{{"sops", "updatekeys", "--yes", t.File}}
	if len(removed) > 0 {
		// Whoever could read the file knows its data key.
		s.Commands = append(s.Commands, []string{"sops", "rotate", "--in-place", t.File})
	}
	s.Why = append(added, removed...)
	return s, true
}

func (c *checker) difference(t *Target, f *File) (added, removed []string) {
	have := map[string]bool{}
	for _, r := range f.Age() {
		have[normal(r.Value)] = true
	}
	may := recipients(t.Readers)
	for _, r := range t.Readers {
		if !have[r.Recipient] {
			added = append(added, "+ "+r.What)
		}
	}
	for _, r := range f.Age() {
		v := normal(r.Value)
		if may[v] || !have[v] {
			continue
		}
		have[v] = false // named once
		if who, ok := c.people[v]; ok {
			removed = append(removed, "- "+who.What)
		} else {
			removed = append(removed, fmt.Sprintf("- `%s`", brief(r.Value)))
		}
	}
	return added, removed
}
