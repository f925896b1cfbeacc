package lint

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Lock is flake.lock.
type Lock struct {
	Nodes map[string]LockNode `json:"nodes"`
	Root  string              `json:"root"`
	// Text is the file as it is.
	Text []byte `json:"-"`
}

// LockNode is one locked input. Inputs maps names to a node, or to a path that
// is followed.
type LockNode struct {
	Inputs   map[string]json.RawMessage `json:"inputs"`
	Locked   LockRef                    `json:"locked"`
	Original LockRef                    `json:"original"`
}

// LockRef is what an input is or was asked to be.
type LockRef struct {
	Type, Owner, Repo, Ref, Rev, URL, ID, Path string
	LastModified                               int64
}

// Lock is flake.lock at the root; nil when there is none that can be read.
func (w *Workspace) Lock() *Lock {
	w.lockOnce.Do(func() { w.lock = w.readLock() })
	return w.lock
}

func (w *Workspace) readLock() *Lock {
	text, ok := w.ReadFile("flake.lock")
	if !ok {
		return nil
	}
	l := &Lock{Text: []byte(text)}
	if json.Unmarshal(l.Text, l) != nil || l.Nodes == nil {
		return nil
	}
	return l
}

// Input gives the node that a root input is locked to. A followed input gives
// nil with ok.
func (l *Lock) Input(name string) (n *LockNode, ok bool) {
	raw, ok := l.Nodes[l.Root].Inputs[name]
	if !ok {
		return nil, false
	}
	var key string
	if json.Unmarshal(raw, &key) != nil {
		return nil, true
	}
	node, ok := l.Nodes[key]
	return &node, ok
}

// Roots are the nodes of the root inputs from repositories of these names.
func (l *Lock) Roots(repos ...string) []*LockNode {
	var out []*LockNode
	for name := range l.Nodes[l.Root].Inputs {
		if n, _ := l.Input(name); n != nil && n.Locked.LastModified != 0 && slices.Contains(repos, strings.ToLower(n.Locked.Repo)) {
			out = append(out, n)
		}
	}
	return out
}

// Newest is when the root inputs from repositories of these names were last
// modified, at the latest; the zero time when there are none.
func (l *Lock) Newest(repos ...string) time.Time {
	var out time.Time
	for _, n := range l.Roots(repos...) {
		if t := time.Unix(n.Locked.LastModified, 0).UTC(); t.After(out) {
			out = t
		}
	}
	return out
}
