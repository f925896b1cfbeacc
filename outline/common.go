package outline

import "sync"

// Common is what the evaluators of several hosts share: data that is the same
// for all of them, wholly known, and never changed once it is made. It may be
// asked from several goroutines.
type Common struct {
	values sync.Map // key → func() Value
}

// once makes a value when it is first asked for.
func (c *Common) once(key any, make func() Value) Value {
	f, ok := c.values.Load(key)
	if !ok {
		f, _ = c.values.LoadOrStore(key, sync.OnceValue(make))
	}
	return f.(func() Value)()
}

// Keys of values in Common: a folder by its path, data by its text.
type (
	folderKey string
	jsonKey   string
	tomlKey   string
)
