package lint

import "nixgen/outline"

// Sure is true where the host certainly reads the module, false where it may.
func (m *Module) Sure() bool { return m.Reach == outline.True }
