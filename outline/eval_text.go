package outline

import (
	"strconv"
	"strings"
)

func (ev *Eval) text(parts []Part, env *Env) Value {
	out := wholeText("")
	for _, p := range parts {
		if p.X == nil {
			out = join(out, wholeText(p.Text))
			continue
		}
		out = join(out, toText(ev.Expr(p.X, env)))
	}
	ev.spend((len(out.Head) + len(out.Tail)) / 64)
	return out
}

// RootMark begins a string that is a path of the tree: `"${self}/x.nix"`.
const RootMark = "\x00/"

// toText is string interpolation.
func toText(v Value) Text {
	switch v := v.(type) {
	case Text:
		return v
	case FilePath:
		// What is copied to the store keeps, for us, the place it came from.
		return Text{Head: RootMark + v.Head, Tail: v.Tail, Whole: v.Whole}
	case Integer:
		return wholeText(strconv.FormatInt(int64(v), 10))
	case External:
		// Folders in the store; what lies in an input may be anything.
		if in, ok := strings.CutPrefix(v.Path, "inputs."); v.Path == "modulesPath" || ok && !strings.Contains(in, ".") {
			return Text{Head: "/"}
		}
	case *Attrs:
		if v.Look != nil {
			if p, ok := v.Look("outPath").(Text); ok {
				return p
			}
		}
	}
	return Text{}
}

func (ev *Eval) path(x *Path, env *Env) Value {
	t, _ := ev.text(x.Parts, env).(Text)
	if x.Search || x.Home || strings.HasPrefix(t.Head, "/") {
		return External{t.Head}
	}
	if env.file == nil {
		return ev.unknown(x, env, "a path outside of any file")
	}
	dir := env.file.Dir()
	if t.Whole {
		p, ok := cleanPath(dir, t.Head)
		if !ok {
			return External{t.Head}
		}
		return FilePath{Head: p, Whole: true}
	}
	cut := strings.LastIndexByte(t.Head, '/')
	p, ok := cleanPath(dir, t.Head[:cut+1])
	if !ok {
		return ev.unknown(x, env, "the path may lie outside of the tree")
	}
	return FilePath{Head: prefixIn(p, t.Head[cut+1:]), Tail: t.Tail}
}

func prefixIn(dir, rest string) string {
	if dir == "." {
		return rest
	}
	return dir + "/" + rest
}
