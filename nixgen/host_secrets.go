package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"nixgen/fleet"
	"nixgen/secrets"
)

// enrolment is what the repository of secrets was given for a new host.
type enrolment struct {
	// shown is the checkout as a person names it; file is the host's, relative to
	// it, wrote those that were written.
	shown, file string
	wrote       []string
	// problems are why .sops.yaml was not written.
	problems []string
	// wanted are the keys that the host's modules declare for its own file,
	// others those for further files; no file has them yet.
	wanted []string
	others []secrets.Declared
}

// enrol brings .sops.yaml to what hosts.toml says now, and writes the host's
// file of secrets where there is none. Without a checkout it does nothing.
func (w *world) enrol(p *project, h *fleet.Host) (*enrolment, error) {
	dir, prefix, err := w.secretsDir(p, nil)
	if err != nil || h.Platform == fleet.Home {
		return nil, nil
	}
	files, err := readSecrets(dir)
	if err != nil {
		return nil, failed(err)
	}
	tree := &secrets.Tree{Prefix: prefix, Files: files}
	if p.fleet.Secrets == nil && !strings.HasPrefix(string(files[secrets.ConfigFile]), secrets.Header) {
		return nil, nil // not known to be this fleet's
	}
	e := &enrolment{shown: strings.TrimSuffix(prefix, "/"), file: secrets.HostFile(p.fleet, h.Name)}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, failed(err)
	}
	defer root.Close()
	if _, err := w.enrolRules(p.fleet, tree, root, e); err != nil {
		return nil, err
	}
	_, there := files[e.file]
	if !there {
		files[e.file] = nil // where modules may say that it is
	}
	facts, err := w.secretFacts(tree)
	if err != nil {
		return nil, err
	}
	for _, x := range facts {
		if x.Host == h.Name {
			own, others := secrets.Wanted(p.fleet, tree, x)
			e.wanted, e.others = append(e.wanted, own...), append(e.others, others...)
		}
	}
	if there || h.AgeKey == "" {
		w.sayWrote(prefix, e)
		return e, nil
	}
	if err := writeNew(root, e.file, secrets.Stub(e.file, e.wanted)); err != nil {
		return nil, failed(err)
	}
	e.wrote = append(e.wrote, e.file)
	w.sayWrote(prefix, e)
	return e, nil
}

func (w *world) sayWrote(prefix string, e *enrolment) {
	for _, name := range e.wrote {
		fmt.Fprintln(w.stdout, "wrote", prefix+name)
	}
}

// enrolRules writes the .sops.yaml that hosts.toml asks for, unless it is one of
// the owner's own. It gives the number of files that sops must then change.
func (w *world) enrolRules(f *fleet.Fleet, tree *secrets.Tree, root *os.Root, e *enrolment) (left int, err error) {
	steps, ds := secrets.Sync(f, tree)
	for _, d := range ds {
		e.problems = append(e.problems, d.Message)
	}
	for _, s := range steps {
		if s.Write == nil {
			left++
			continue
		}
		if _, err := putFile(root, s.File, s.Write); err != nil {
			return left, failed(err)
		}
		e.wrote = append(e.wrote, s.File)
	}
	return left, nil
}

// hostSecrets is a host's file in the checkout of the repository of secrets.
type hostSecrets struct {
	dir, prefix, file string
	// known: git has it as it is, or nobody has put anything into it yet.
	known bool
}

// secretsOf finds the file of a host; it has no name where there is none.
func (w *world) secretsOf(p *project, host string) (hostSecrets, error) {
	dir, prefix, err := w.secretsDir(p, nil)
	if err != nil {
		return hostSecrets{}, nil // no checkout
	}
	s := hostSecrets{dir: dir, prefix: prefix}
	files, err := readSecrets(dir)
	if err != nil {
		return s, failed(err)
	}
	name := secrets.HostFile(p.fleet, host)
	text, ok := files[name]
	if !ok {
		return s, nil
	}
	s.file = name
	committed, err := git(dir, nil, "show", "HEAD:./"+name)
	s.known = err == nil && bytes.Equal(committed, text) || secrets.IsStub(name, text)
	return s, nil
}

// retireSecrets takes the file of a host away, whose hosts.toml is without it by
// now, and brings .sops.yaml to what hosts.toml says.
func (w *world) retireSecrets(s hostSecrets, force bool) error {
	if s.dir == "" {
		return nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	switch {
	case s.file == "":
	case s.known || force:
		if err := root.Remove(s.file); err != nil {
			return failed(err)
		}
		fmt.Fprintln(w.stdout, "removed", s.prefix+s.file)
	default:
		fmt.Fprintf(w.stdout, "%s is left: git could not bring it back\n", s.prefix+s.file)
	}
	return w.adaptRules(root, s.prefix)
}

// renameSecrets gives the host's file its new name. What is encrypted does not
// depend on it.
func (w *world) renameSecrets(old, name string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	dir, prefix, err := w.secretsDir(p, nil)
	if err != nil {
		return nil // no checkout
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	from, to := secrets.HostFile(p.fleet, old), secrets.HostFile(p.fleet, name)
	if _, err := root.Lstat(from); err == nil {
		if err := moveFile(root, from, to); err != nil {
			return failed(fmt.Errorf("the host is renamed, but not its secrets: %w", err))
		}
		fmt.Fprintf(w.stdout, "moved %s to %s\n", prefix+from, prefix+to)
	}
	return w.adaptRules(root, prefix)
}

// adaptRules writes the .sops.yaml that hosts.toml asks for, where nixgen wrote
// the one there is, and says what is to be encrypted anew.
func (w *world) adaptRules(root *os.Root, prefix string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	files, err := readSecrets(root.Name())
	if err != nil {
		return failed(err)
	}
	if !bytes.HasPrefix(files[secrets.ConfigFile], []byte(secrets.Header)) {
		if files[secrets.ConfigFile] != nil && p.fleet.Secrets != nil {
			fmt.Fprintf(w.stdout, "%s%s is your own: see that it says what hosts.toml does (`nixgen secrets check`)\n", prefix, secrets.ConfigFile)
		}
		return nil
	}
	e := &enrolment{}
	steps, err := w.enrolRules(p.fleet, &secrets.Tree{Prefix: prefix, Files: files}, root, e)
	w.sayWrote(prefix, e)
	if steps > 0 {
		fmt.Fprintf(w.stdout, "next: files must be encrypted anew\n  nixgen secrets sync --run %s\n", shellQuote(strings.TrimSuffix(prefix, "/")))
	}
	return err
}
