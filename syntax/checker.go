package syntax

import "nixgen/diag"

// NameChecker finds undefined variables in one file after the other, in the
// same buffers.
type NameChecker struct{ r resolver }

// Undefined is like File.Undefined.
func (c *NameChecker) Undefined(f *File) (diag.Diagnostic, bool) { return c.r.undefined(f) }
