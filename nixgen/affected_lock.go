package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// lockFile is flake.lock as far as it tells two of them apart.
type lockFile struct {
	Root  string              `json:"root"`
	Nodes map[string]lockNode `json:"nodes"`
}

type lockNode struct {
	// Inputs are names of nodes, or paths from the root that are followed.
	Inputs map[string]json.RawMessage `json:"inputs"`
	Locked json.RawMessage            `json:"locked"`
}

func readLock(text []byte) (*lockFile, error) {
	var l lockFile
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("flake.lock cannot be read: %w", err)
	}
	return &l, nil
}

// changedInputs are the root inputs that two locks lock differently, themselves
// or anything below them, sorted; among them those that only one has.
func changedInputs(old, now []byte) ([]string, error) {
	before, err := readLock(old)
	if err != nil {
		return nil, err
	}
	after, err := readLock(now)
	if err != nil {
		return nil, err
	}
	out := []string{}
	names := map[string]bool{}
	for _, l := range []*lockFile{before, after} {
		for name := range l.Nodes[l.Root].Inputs {
			names[name] = true
		}
	}
	for name := range names {
		if before.print(name) != after.print(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// print is everything that a root input is locked to, as one text.
func (l *lockFile) print(input string) string {
	var b strings.Builder
	seen := map[string]bool{}
	var visit func(raw json.RawMessage)
	visit = func(raw json.RawMessage) {
		key, ok := l.follow(raw, 0)
		if !ok {
			b.WriteString("none")
			return
		}
		n := l.Nodes[key]
		var locked bytes.Buffer
		if json.Compact(&locked, n.Locked) == nil {
			b.Write(locked.Bytes())
		}
		if seen[key] {
			return
		}
		seen[key] = true
		names := make([]string, 0, len(n.Inputs))
		for name := range n.Inputs {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b.WriteString("(" + name + " ")
			visit(n.Inputs[name])
			b.WriteString(")")
		}
	}
	raw, ok := l.Nodes[l.Root].Inputs[input]
	if !ok {
		return ""
	}
	visit(raw)
	return b.String()
}

// follow gives the node that an input means: its name, or a path of inputs from
// the root. A path that goes nowhere or in a circle means none.
func (l *lockFile) follow(raw json.RawMessage, depth int) (string, bool) {
	var key string
	if json.Unmarshal(raw, &key) == nil {
		_, ok := l.Nodes[key]
		return key, ok
	}
	var path []string
	if json.Unmarshal(raw, &path) != nil || len(path) == 0 || depth > 50 {
		return "", false
	}
	at := l.Root
	for _, name := range path {
		next, ok := l.Nodes[at].Inputs[name]
		if !ok {
			return "", false
		}
		if at, ok = l.follow(next, depth+1); !ok {
			return "", false
		}
	}
	return at, true
}
