package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"nixgen/fleet"
)

// asker asks line by line: on a terminal and for a script alike. An empty answer
// takes what stands in brackets.
type asker struct {
	in  *bufio.Reader
	out io.Writer
	// echo: nobody types, so what is read is printed.
	echo bool
}

// line reads one answer.
func (a *asker) line(question, def string) (string, error) {
	fmt.Fprint(a.out, question)
	if def != "" {
		fmt.Fprintf(a.out, " [%s]", def)
	}
	fmt.Fprint(a.out, ": ")
	text, err := a.in.ReadString('\n')
	text = strings.TrimSpace(text)
	if err != nil && text == "" {
		fmt.Fprintln(a.out)
		if errors.Is(err, io.EOF) {
			return "", &exitError{exitAttention, fmt.Errorf("nothing was written: no answer to `%s`", question)}
		}
		return "", failed(err)
	}
	if text == "" {
		text = def
	}
	if a.echo {
		fmt.Fprintln(a.out, text)
	}
	return text, nil
}

// ask repeats a question until check is content.
func (a *asker) ask(question, def string, check func(string) error) (string, error) {
	for {
		text, err := a.line(question, def)
		if err != nil {
			return "", err
		}
		if err := check(text); err != nil {
			fmt.Fprintln(a.out, "  "+err.Error())
			continue
		}
		return text, nil
	}
}

// choose takes one of the choices, by its name or its number; none where that is
// allowed.
func (a *asker) choose(question string, choices []string, def string, optional bool) (string, error) {
	picked, err := a.pick(question, choices, def, func(n int) error {
		if n > 1 || n == 0 && !optional {
			return errors.New("one of them")
		}
		return nil
	})
	return strings.Join(picked, ""), err
}

// several takes any number of choices.
func (a *asker) several(question string, choices []string) ([]string, error) {
	return a.pick(question, choices, "", func(int) error { return nil })
}

func (a *asker) pick(question string, choices []string, def string, count func(int) error) ([]string, error) {
	if len(choices) == 0 {
		return nil, nil
	}
	for i, c := range choices {
		fmt.Fprintf(a.out, "  %2d  %s\n", i+1, c)
	}
	var picked []string
	_, err := a.ask(question, def, func(text string) error {
		picked = nil
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			if i, err := strconv.Atoi(word); err == nil && i >= 1 && i <= len(choices) {
				word = choices[i-1]
			}
			if !slices.Contains(choices, word) {
				return fmt.Errorf("there is no `%s`%s", word, didYouMean(word, choices))
			}
			picked = append(picked, word)
		}
		return count(len(picked))
	})
	return picked, err
}

// interview fills in what the command line leaves open.
func (w *world) interview(p *project, name *string, f *hostAddFlags) error {
	a := &asker{in: bufio.NewReader(w.stdin), out: w.stdout, echo: !isTerminal(w.stdin)}
	for _, part := range []func(*asker, *project, *string, *hostAddFlags) error{askMachine, askRoles, askDisk, askAddress} {
		if err := part(a, p, name, f); err != nil {
			return err
		}
	}
	return nil
}

func askMachine(a *asker, p *project, name *string, f *hostAddFlags) (err error) {
	if *name == "" {
		*name, err = a.ask("name of the host", "", func(s string) error {
			if !fleet.ValidHostName(s) {
				return errors.New("letters, digits and inner hyphens")
			}
			if p.fleet.Host(s) != nil {
				return fmt.Errorf("`%s` is a host already", s)
			}
			return nil
		})
	}
	if err == nil && f.system == "" {
		f.system, err = a.choose("system", fleet.Systems, "x86_64-linux", false)
	}
	if err == nil && f.kind == "" {
		f.kind, err = a.choose("kind (none for a role's)", fleet.Kinds, "", true)
	}
	return err
}

func askRoles(a *asker, p *project, _ *string, f *hostAddFlags) (err error) {
	if f.roles == nil {
		var roles []string
		for _, r := range p.fleet.Roles {
			roles = append(roles, r.Name)
		}
		f.roles, err = a.several("roles", roles)
	}
	platform := fleet.PlatformOf(f.system, f.kind)
	if err == nil && f.optIn == nil && platform != fleet.Home {
		f.optIn, err = a.several("opt-in modules beside those of the roles", p.optInFor(platform, f.roles))
	}
	return err
}

// optInFor are the opt-in modules that a platform has and the roles do not bring.
func (p *project) optInFor(platform string, roles []string) []string {
	var out []string
	for _, name := range sortedKeys(p.env.OptIn) {
		brought := slices.ContainsFunc(roles, func(r string) bool {
			role := p.fleet.Role(r)
			return role != nil && slices.Contains(role.OptIn, name)
		})
		if !brought && slices.Contains(p.env.OptIn[name], platform) {
			out = append(out, name)
		}
	}
	return out
}

func askDisk(a *asker, p *project, _ *string, f *hostAddFlags) (err error) {
	if f.disk != "" || fleet.PlatformOf(f.system, f.kind) != fleet.NixOS {
		return nil
	}
	var fits []string
	for _, name := range sortedKeys(p.env.Profiles) {
		if x := p.env.Profiles[name]; !x.Data && (len(x.Systems) == 0 || slices.Contains(x.Systems, f.system)) {
			fits = append(fits, name)
		}
	}
	if f.disk, err = a.choose("disk profile (none for a machine with a hardware-configuration.nix of its own)", fits, "", true); err != nil || f.disk == "" {
		return err
	}
	profile := p.env.Profiles[f.disk]
	if f.devices == nil {
		list, err := a.ask("device, /dev/disk/by-id/…", "", func(s string) error {
			if !strings.HasPrefix(s, "/dev/") {
				return errors.New("a path below /dev; `ls -l /dev/disk/by-id` on the machine lists them")
			}
			return nil
		})
		if err != nil {
			return err
		}
		f.devices = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	}
	for _, param := range []string{"topology", "encryption"} {
		if err := askParam(a, profile, param, f); err != nil {
			return err
		}
	}
	return nil
}

// askParam asks for a parameter of the disk that decides a lot, where the
// profile has it and the command line says nothing.
func askParam(a *asker, profile *fleet.Profile, name string, f *hostAddFlags) error {
	x := profile.Param(name)
	if x == nil || slices.ContainsFunc(f.diskOptions, func(o string) bool { return strings.HasPrefix(o, name+"=") }) {
		return nil
	}
	def, _ := x.Default.(string)
	value, err := a.choose(name, x.Type.Enum, def, false)
	if err == nil && value != def {
		f.diskOptions = append(f.diskOptions, name+"="+value)
	}
	return err
}

func askAddress(a *asker, _ *project, _ *string, f *hostAddFlags) (err error) {
	if f.address == "" && f.kind != "home" {
		f.address, err = a.line("address, if it is known", "")
	}
	return err
}
