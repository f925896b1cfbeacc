package fleet

import "slices"

// CI is [ci]: what a forge does with every change of the fleet.
type CI struct {
	// GitHub are the workflows to write, of Workflows, sorted.
	GitHub []string
	// Runners are the labels of the machines that build, by system; a system
	// without one is not built.
	Runners map[string]string
}

// Workflows of GitHub that can be asked for.
var Workflows = []string{"build", "lint", "update"}

// runners are those that GitHub has for everybody.
var runners = map[string]string{
	"x86_64-linux":   "ubuntu-24.04",
	"aarch64-linux":  "ubuntu-24.04-arm",
	"aarch64-darwin": "macos-15",
	"x86_64-darwin":  "macos-15-intel",
}

var ciShape = table(
	key("github", listOf(enum("workflow", Workflows...)), "workflows to write to .github/workflows: `lint` compares and lints, `build` builds every host, `update` updates flake.lock in pull requests that build what is touched").or("`lint` and `build`"),
	key("runners", mapOf("SYSTEM", checkSystemKey, line), "label of the runner that builds for a system").or("GitHub's own"),
)

// checkSystemKey judges the key of a table by system.
func checkSystemKey(w *walker, n *node) {
	if !slices.Contains(Systems, n.name) {
		w.errorf(n.key, "`%s`: there is no system %s%s", n.path(), quoted(n.name), meant(n.name, Systems))
	}
}

func decodeCI(n *node) *CI {
	if !n.is(tableNode) {
		return nil
	}
	c := &CI{GitHub: []string{"build", "lint"}, Runners: map[string]string{}}
	if n.get("github") != nil {
		c.GitHub = union(nil, n.list("github"))
		slices.Sort(c.GitHub)
	}
	for system, label := range runners {
		c.Runners[system] = label
	}
	for _, k := range n.entries("runners") {
		c.Runners[k.name] = k.str
	}
	return c
}
