package outline

import "sync"

// A File is one parsed file of the tree.
type File struct {
	// Path is relative to the root of the tree, slash-separated.
	Path string
	// Root is the file's expression.
	Root Expr
	// read are the outlines of the values in it that are used as modules.
	read sync.Map // Expr → *Module
}

// Dir is the folder of the file, "." for the root.
func (f *File) Dir() string {
	for i := len(f.Path) - 1; i >= 0; i-- {
		if f.Path[i] == '/' {
			return f.Path[:i]
		}
	}
	return "."
}
