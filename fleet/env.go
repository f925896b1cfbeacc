package fleet

import "nixgen/catalog"

// Env is what Load must know of the repository: plain data, gathered by
// package layout and by the command. The zero Env checks nothing against the
// repository; each nil member switches its own checks off, an empty one says
// that there is none.
type Env struct {
	// Version of this nixgen ("0.1.0"), for [fleet] nixgen; empty: not checked.
	Version string
	// OptIn are the opt-in modules by name; the platforms are those that the
	// module has a file for.
	OptIn map[string][]string
	// Home says per user what stands under home/USER.
	Home map[string]HomeEnv
	// Profiles are the disk profiles by name.
	Profiles map[string]*Profile
	// Inputs are the names of the flake's inputs.
	Inputs []string
	// Rules are the lint rules' ids.
	Rules []string
	// Catalog has the options that modules declare; nil means the built-in one.
	Catalog *catalog.Catalog
	// Services are the service templates by name, each with its parameters.
	Services map[string]*Profile
}

// HomeEnv is one user's home modules.
type HomeEnv struct {
	// OptIn as Env.OptIn.
	OptIn map[string][]string
	// Common is true when the user has common modules, Hosts names the hosts
	// for which he has a file.
	Common bool
	Hosts  []string
}

// Profile is what profile.toml declares of a disk profile (or of a service
// template, which has parameters alone). See ParseProfile for the file.
type Profile struct {
	Name, Description string
	// Platforms and Systems restrict where it can be used; empty: anywhere.
	Platforms, Systems []string
	// HostID says that the host must have a hostId (ZFS).
	HostID bool
	// Data is true for profiles that hold no system: their disks are never
	// destroyed.
	Data bool
	// Provides are mount points, some of them conditional.
	Provides []Provide
	Params   []*Param // in the file's order
	Refusals []Refusal
	Steps    []Step
}

// Param returns the parameter of that name, or nil.
func (p *Profile) Param(name string) *Param {
	for _, x := range p.Params {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Param is one parameter of a profile.
type Param struct {
	Name        string
	Type        *Type
	Description string
	// Required parameters have no default. Default may be nil for a nullable
	// type.
	Required bool
	Default  Value
	// Identity marks names an installed machine depends on.
	Identity bool
}

// Provide is a mount point that a disk brings, under a condition or (nil) always.
type Provide struct {
	MountPoint string
	When       []Cond
}

// Refusal is a combination of parameters that is refused, with the reason to
// print. All conditions must hold.
type Refusal struct {
	When   []Cond
	Reason string
}

// Step is what is left to do by hand after the installation. Text may hold
// {name}, the disk's, and {PARAMETER}.
type Step struct {
	When []Cond
	Text string
}

// Cond holds when the parameter's value is one of In, and not below Min, and
// not above Max, and given or not as Set says. Min and Max compare a number, or
// the length of a list. The names `disk.adopt`, `host.system` and `host.kind`
// stand for what is said beside the parameters.
type Cond struct {
	Param    string
	In       []Value // nil: any
	Min, Max *int64
	Set      *bool
}

// options is the catalog in use.
func (e *Env) options() *catalog.Catalog {
	if e.Catalog != nil {
		return e.Catalog
	}
	return catalog.Builtin()
}
