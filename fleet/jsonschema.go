package fleet

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// JSONSchema is hosts.schema.json: a JSON Schema (draft 4, which taplo and
// editors read) for the hosts.toml of this fleet, with the names of its modules,
// users, roles, profiles and tags filled in. It is an object printed over
// several lines and ends in a newline; equal fleets give equal bytes.
func (f *Fleet) JSONSchema(env Env) []byte {
	doc := f.doc
	if doc == nil {
		doc, _ = Parse(f.File, nil)
	}
	w := &walker{doc: doc, env: env, fields: f.Fields, spec: specTable(f.Fields)}
	s := &schemaWriter{w: w, fleet: f, uses: map[*shape]int{}, names: map[*shape]string{}, defs: object{}}
	s.count(rootShape, "root")
	root := s.shape(rootShape)
	root["$schema"] = "http://json-schema.org/draft-04/schema#"
	root["title"] = "hosts.toml"
	root["definitions"] = s.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // it is made of strings, numbers, lists and objects
	}
	return b.Bytes()
}

type object = map[string]any

// schemaWriter writes each table that several keys share once, as a definition.
type schemaWriter struct {
	w     *walker
	fleet *Fleet
	uses  map[*shape]int
	names map[*shape]string
	defs  object
}

// count finds the shared tables; the first key to use one names it.
func (s *schemaWriter) count(x *shape, name string) {
	if x == nil {
		return
	}
	s.uses[x]++
	if s.uses[x] > 1 {
		return
	}
	s.names[x] = name
	for _, k := range x.keys {
		s.count(k.shape, k.name)
	}
	s.count(x.elem, name)
	s.count(x.alt, name)
}

// shape writes x, or a reference to its definition.
func (s *schemaWriter) shape(x *shape) object {
	if s.uses[x] < 2 || x.kinds != tableNode {
		return s.inline(x)
	}
	name := s.names[x]
	if _, ok := s.defs[name]; !ok {
		s.defs[name] = object{} // holds the place should it refer to itself
		s.defs[name] = s.inline(x)
	}
	return object{"$ref": "#/definitions/" + name}
}

func (s *schemaWriter) inline(x *shape) object {
	switch {
	case x == specShape:
		return s.spec()
	case x == diskShape:
		return s.disk()
	case x == servicesShape:
		return s.services()
	case x == tagName:
		return s.tag()
	case x == defaultsShape:
		return optionSchema(s.w.env.options(), []string{"system", "defaults"})
	}
	out := s.plain(x)
	if x.alt != nil {
		return object{"anyOf": []any{out, s.shape(x.alt)}}
	}
	return out
}

var jsonTypes = []struct {
	kind nodeKind
	name string
}{{tableNode, "object"}, {listNode, "array"}, {stringNode, "string"}, {intNode, "integer"}, {floatNode, "number"}, {boolNode, "boolean"}}

func (s *schemaWriter) plain(x *shape) object {
	out := object{}
	if x.kinds != anyKind {
		var types []any
		for _, t := range jsonTypes {
			if x.kinds&t.kind != 0 {
				types = append(types, t.name)
			}
		}
		out["type"] = types
		if len(types) == 1 {
			out["type"] = types[0]
		}
	}
	switch {
	case x.kinds == tableNode && x.keys != nil:
		s.table(out, x.keys)
	case x.kinds == tableNode && x.elem != nil:
		out["additionalProperties"] = s.shape(x.elem)
	case x.kinds == listNode && x.elem != nil:
		out["items"] = s.shape(x.elem)
	}
	if x.pattern != "" {
		out["pattern"] = x.pattern
	}
	if x.typ != nil {
		bounds(out, x.typ)
	}
	if x.names != nil {
		if set := x.names(s.w); set != nil {
			enumOf(out, set.list)
		}
	}
	return out
}

// enumOf closes a string; draft 4 has no empty enum.
func enumOf(out object, names []string) {
	if len(names) == 0 {
		out["not"] = object{}
		return
	}
	out["enum"] = names
}

func bounds(out object, t *Type) {
	lo, hi := "minimum", "maximum"
	if t.Kind == ListOf {
		lo, hi = "minItems", "maxItems"
	}
	if t.Min != nil {
		out[lo] = *t.Min
	}
	if t.Max != nil {
		out[hi] = *t.Max
	}
	if t.Kind == Enum && t.Enum != nil {
		enumOf(out, t.Enum)
	}
	if t.Pattern != "" {
		out["pattern"] = "^(?:" + t.Pattern + ")$"
	}
	switch t.Kind {
	case Device:
		out["pattern"] = deviceRE.String()
	case Size:
		out["pattern"] = sizeRE.String()
	case MountPoint:
		out["pattern"] = "^/"
	}
}

func (s *schemaWriter) table(out object, keys []*keyDef) {
	props := object{}
	var required []string
	for _, k := range keys {
		p := s.shape(k.shape)
		if _, ref := p["$ref"]; ref { // beside $ref, draft 4 reads nothing
			p = object{"allOf": []any{p}}
		}
		p["description"] = describe(k)
		props[k.name] = p
		if k.required {
			required = append(required, k.name)
		}
	}
	out["properties"] = props
	out["additionalProperties"] = false
	if required != nil {
		out["required"] = required
	}
}

func describe(k *keyDef) string {
	d := k.doc
	if k.def != "" {
		d += " (default: " + k.def + ")"
	}
	if len(k.platforms) > 0 {
		words := make([]string, len(k.platforms))
		for i, p := range k.platforms {
			words[i] = platformWord(p)
		}
		d += " (" + strings.Join(words, " and ") + ")"
	}
	return d
}

// spec has the settable fields alone: a derived one is a mistake.
func (s *schemaWriter) spec() object {
	var keys []*keyDef
	for _, f := range s.fleet.Fields {
		if f.Derived {
			continue
		}
		k := key(f.Name, typeShape(f.Type), f.Description)
		if f.Default != nil {
			k.def = showValue(f.Default)
		}
		keys = append(keys, k)
	}
	out := object{"type": "object"}
	s.table(out, keys)
	return out
}

// disk is one alternative per profile, since each has its own parameters.
func (s *schemaWriter) disk() object {
	own := object{"type": "object"}
	s.table(own, diskKeys)
	own["required"] = []string{"file"}
	own["not"] = object{"required": []string{"profile"}}
	alternatives := []any{own}
	for _, name := range sortedKeys(s.w.env.Profiles) {
		p := object{"type": "object"}
		s.table(p, s.w.profileShape(s.w.env.Profiles[name], diskKeys).keys)
		props := p["properties"].(object)
		props["profile"] = object{"enum": []string{name}, "description": s.w.env.Profiles[name].Description}
		delete(props, "file")
		required, _ := p["required"].([]string)
		p["required"] = append([]string{"profile"}, required...)
		alternatives = append(alternatives, p)
	}
	if s.w.env.Profiles == nil {
		alternatives = append(alternatives, object{"type": "object", "required": []string{"profile"}})
	}
	return object{"anyOf": alternatives}
}

func (s *schemaWriter) services() object {
	if s.w.env.Services == nil {
		return object{"type": "object", "additionalProperties": object{"type": "object"}}
	}
	props := object{}
	for _, name := range sortedKeys(s.w.env.Services) {
		p := object{"type": "object", "description": s.w.env.Services[name].Description}
		s.table(p, s.w.profileShape(s.w.env.Services[name], nil).keys)
		props[name] = p
	}
	return object{"type": "object", "properties": props, "additionalProperties": false}
}

// tag offers the tags in use and takes new ones.
func (s *schemaWriter) tag() object {
	used := map[string]bool{}
	for _, h := range s.fleet.Hosts {
		for _, t := range h.Tags {
			used[t] = true
		}
	}
	out := object{"type": "string", "pattern": tagName.pattern}
	if len(used) == 0 {
		return out
	}
	return object{"anyOf": []any{object{"enum": slices.Clone(sortedKeys(used))}, out}}
}
