package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"nixgen/fleet"
)

func newHostShowCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "print one page about a host",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return w.hostShow(args[0]) },
	}
}

func (w *world) hostShow(name string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	h, err := p.host(name)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	row := func(label string, values ...string) {
		values = slices.DeleteFunc(values, func(s string) bool { return s == "" })
		if len(values) > 0 {
			fmt.Fprintf(out, "%s\t%s\n", label, strings.Join(values, ", "))
		}
	}
	row(h.Name, h.Description, h.System, h.Kind)
	row("state version", fmt.Sprint(h.StateVersion))
	row("home version", h.HomeStateVersion)
	row("host id", h.HostID)
	row("address", h.Address)
	row("roles", h.Roles...)
	row("tags", h.Tags...)
	row("wave", h.Deploy.Wave)
	row("deployed after", h.Deploy.DependsOn...)
	if h.Updates != nil {
		row("updates", h.Updates.Calendar.Text, h.Updates.Source)
	}
	row("recipient", h.AgeKey)
	row("opt-in", h.OptIn...)
	for _, a := range h.Users {
		showAccount(row, a)
	}
	for _, d := range h.Disks {
		row("disk "+d.Name, d.Profile, d.File, strings.Join(d.Devices, " "), "mounts "+strings.Join(d.Provides, " "))
	}
	for _, m := range h.Modules {
		row("module", m.Input+"."+strings.Join(m.Attrs, "."))
	}
	for _, f := range p.filesOf(name) {
		row("file", f.Path)
	}
	if err := out.Flush(); err != nil {
		return failed(err)
	}
	return nil
}

func showAccount(row func(string, ...string), a *fleet.Account) {
	facts := []string{a.FullName, a.Home, a.Shell}
	if a.Primary {
		facts = append(facts, "primary")
	}
	if a.Admin {
		facts = append(facts, "admin")
	}
	row("user "+a.Name, facts...)
	if a.HomeManager != nil {
		row("home of "+a.Name, a.HomeManager.OptIn...)
	}
}
