package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// A machineFact is an option whose literal value belongs to one machine. In
// the path `*` is any name and a last `**` whatever is below. says judges the
// values that are written out and gives what they are, or "" for those that
// suit every machine.
type machineFact struct {
	path string
	says func(values []string) string
}

// machineFacts are certain: a name, a number or a place that no two machines
// share, or a driver for the parts of one. What is a harmless default for all
// (modules that the initrd may load, microcode, a disk by its label) is not
// among them.
var machineFacts = []machineFact{
	{"networking.hostName", one("one machine's name")},
	{"networking.computerName", one("one machine's name")},
	{"networking.localHostName", one("one machine's name")},
	{"networking.hostId", one("one machine's id")},
	{"fileSystems.*.device", kernelDisk},
	{"swapDevices.*.device", kernelDisk},
	{"boot.resumeDevice", kernelDisk},
	{"boot.loader.grub.device", kernelDisk},
	{"boot.loader.grub.devices", kernelDisk},
	{"boot.initrd.luks.devices.*.device", kernelDisk},
	{"disko.devices.disk.*.device", kernelDisk},
	{"boot.kernelParams", matching(regexp.MustCompile(`^resume_offset=\d`), "the place of one machine's swap file")},
	{"boot.kernelModules", oneOf("the processor of one machine", "kvm-intel", "kvm-amd")},
	{"services.xserver.videoDrivers", oneOf("the graphics card of one machine", "nvidia", "amdgpu", "radeon", "nouveau")},
	{"hardware.nvidia.prime.*", matching(regexp.MustCompile(`(?i)^PCI:`), "the place of one machine's graphics card")},
	{"hardware.facter.reportPath", one("the report about one machine")},
	{"facter.reportPath", one("the report about one machine")},
}

func one(what string) func([]string) string {
	return func(values []string) string {
		if len(values) == 1 && values[0] != "" {
			return what
		}
		return ""
	}
}

func matching(re *regexp.Regexp, what string) func([]string) string {
	return func(values []string) string {
		if slices.ContainsFunc(values, re.MatchString) {
			return what
		}
		return ""
	}
}

// oneOf: a single one of the words; a list with several is meant for all.
func oneOf(what string, words ...string) func([]string) string {
	return func(values []string) string {
		n := 0
		for _, w := range words {
			if slices.Contains(values, w) {
				n++
			}
		}
		if n == 1 {
			return what
		}
		return ""
	}
}

var kernelDisk = matching(regexp.MustCompile(`^/dev/(sd[a-z]|nvme\d|vd[a-z]|mmcblk\d|xvd[a-z]|hd[a-z])`), "a disk by the number that one machine gives it")

// hardware reports them in a common module that several hosts read. Under a
// condition, or as a default, they are as they should be.
func hardware(p *lint.Pass, s *lint.Source) {
	m := s.Module()
	if m == nil || len(readers(p.Work, s.Path)) < 2 {
		return
	}
	for _, d := range m.Defs {
		machineDefs(p, s, d, nil)
	}
}

// readers are the hosts whose system surely reads the file.
func readers(w *lint.Workspace, file string) []string {
	var out []string
	for _, h := range w.Hosts {
		for _, c := range []lint.Class{lint.NixOS, lint.Darwin} {
			if m := h.Reads(c, "", file); m != nil && m.Reach == outline.True {
				out = append(out, h.Name)
			}
		}
	}
	return out
}

func machineDefs(p *lint.Pass, s *lint.Source, d *outline.Def, path []string) {
	if len(d.Guards) > 0 {
		return
	}
	name := "*"
	if d.Name.X == nil {
		name = d.Name.Text
	}
	path = append(path[:len(path):len(path)], name)
	for _, k := range d.Kids {
		machineDefs(p, s, k, path)
	}
	for _, l := range d.Leaves {
		if len(l.Guards) > 0 || l.Priority >= 1000 {
			continue
		}
		if list, ok := l.X.(*outline.List); ok {
			listedSets(p, s, list, path)
		}
		if what := machineFactOf(path, literals(l.X)); what != "" {
			ofOneMachine(p, s, l.X.Span(), path, what)
		}
	}
}

// listedSets are the elements of a list of submodules.
func listedSets(p *lint.Pass, s *lint.Source, list *outline.List, path []string) {
	for _, e := range list.Elems {
		set, ok := e.(*outline.Set)
		if !ok {
			continue
		}
		for _, en := range set.Entries {
			at := append(path[:len(path):len(path)], "*", en.Name.Text)
			if what := machineFactOf(at, literals(en.Value)); what != "" && en.Name.X == nil {
				ofOneMachine(p, s, en.Value.Span(), at, what)
			}
		}
	}
}

func ofOneMachine(p *lint.Pass, s *lint.Source, at diag.Span, path []string, what string) {
	p.Warning(diag.Diagnostic{
		File: s.Path, Span: at, Message: fmt.Sprintf("a common module sets `%s` to %s", strings.Join(path, "."), what), Why: whyCommon,
	})
}

func machineFactOf(path, values []string) string {
	if len(values) == 0 {
		return ""
	}
	for _, f := range machineFacts {
		if fits(strings.Split(f.path, "."), path) {
			return f.says(values)
		}
	}
	return ""
}

func fits(pattern, path []string) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, c := range pattern {
		if c != "*" && c != path[i] {
			return false
		}
	}
	return true
}

// literals are the strings and paths that a value is made of, where it is one
// or a list of them.
func literals(x outline.Expr) []string {
	switch x := x.(type) {
	case *outline.Str:
		if text, ok := x.Literal(); ok {
			return []string{text}
		}
	case *outline.Path:
		if len(x.Parts) == 1 && x.Parts[0].X == nil {
			return []string{x.Parts[0].Text}
		}
	case *outline.List:
		var out []string
		for _, e := range x.Elems {
			out = append(out, literals(e)...)
		}
		return out
	}
	return nil
}
