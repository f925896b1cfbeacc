package outline

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// fn is a function that the evaluator knows.
type fn struct {
	arity int
	run   func(ev *Eval, a []*Thunk) Value
}

// functions is one table for builtins and lib, made when it is first asked:
// where both have a name they mean the same. Aliases of namespaces
// (lib.lists.x) resolve to it too.
var functions func() map[string]*Builtin

func init() { functions = sync.OnceValue(makeFunctions) } // they lead back to the table

func makeFunctions() map[string]*Builtin {
	out := map[string]*Builtin{}
	for _, table := range []map[string]fn{coreFunctions(), listFunctions(), flakeFunctions()} {
		for name, f := range table {
			out[name] = &Builtin{Name: name, Arity: f.arity, Run: f.run}
		}
	}
	return out
}

// globals are the names that need no `builtins.`.
var globals = map[string]bool{
	"map": true, "import": true, "removeAttrs": true, "toString": true, "throw": true, "abort": true,
	"baseNameOf": true, "dirOf": true, "isNull": true, "fetchTarball": true, "fetchGit": true, "scopedImport": true,
	"derivation": true, "fromTOML": true, "placeholder": true, "break": true, "fetchMercurial": true, "fetchTree": true,
}

// namespaces of lib whose functions are also found on lib itself.
var namespaces = map[string]bool{
	"lists": true, "strings": true, "attrsets": true, "trivial": true, "modules": true, "options": true,
	"filesystem": true, "path": true, "fileset": true, "fixedPoints": true, "customisation": true, "asserts": true, "debug": true,
}

func (ev *Eval) global(name string) Value {
	switch name {
	case "true":
		return Bool(true)
	case "false":
		return Bool(false)
	case "null":
		return Null{}
	case "builtins":
		return ev.Lib()
	}
	if globals[name] {
		return ev.function(name)
	}
	if builtin, ok := strings.CutPrefix(name, "__"); ok {
		return ev.function(builtin)
	}
	return nil
}

// function as a value; nil for one that is not known.
func (ev *Eval) function(name string) Value {
	if f := functions()[name]; f != nil {
		return f
	}
	return nil
}

// Lib is nixpkgs' lib and builtins at once.
func (ev *Eval) Lib() *Attrs {
	if ev.lib == nil {
		ev.lib = &Attrs{}
		ev.lib.Look = func(name string) Value {
			if namespaces[name] {
				return ev.lib
			}
			switch name {
			case "true", "false", "null":
				return ev.global(name)
			case "nixosSystem", "darwinSystem", "homeManagerConfiguration":
				return ev.system(name)
			}
			if v := ev.function(name); v != nil {
				return v
			}
			return ev.external("lib." + name)
		}
	}
	return ev.lib
}

// System is what a call of nixosSystem and its like is kept as: its arguments,
// under a name no attribute can have.
const System = "\x00system"

func (ev *Eval) system(kind string) Value {
	return &Builtin{Name: kind, Arity: 1, Run: func(ev *Eval, a []*Thunk) Value {
		return &Attrs{Names: map[string]*Thunk{System: Of(wholeText(kind)), "args": a[0]}, Open: true}
	}}
}

// callExternal applies something outside the evaluator: a known kind of call,
// or a function that the fleet itself defines under that name.
func (ev *Eval) callExternal(f External, arg *Thunk) Value {
	dot := strings.LastIndexByte(f.Path, '.')
	name := f.Path[dot+1:]
	switch name {
	case "nixosSystem", "darwinSystem", "homeManagerConfiguration":
		return ev.Apply(ev.system(name), arg)
	case "mkLib":
		if isSnowfall(f.Path) {
			return External{"inputs.snowfall-lib.made"}
		}
	case "makeHive":
		return ev.hive(arg)
	case "clan", "buildClan":
		if strings.HasPrefix(f.Path, "inputs.clan") {
			return ev.Clan(arg.Force(ev))
		}
	case "mkFlake":
		if isSnowfall(f.Path) {
			return &Attrs{Names: map[string]*Thunk{Snowfall: arg}, Open: true}
		}
		if strings.HasPrefix(f.Path, "inputs.nixos-unified.") {
			return &Attrs{Names: map[string]*Thunk{FlakeParts: arg, Unified: Of(Bool(true))}, Open: true}
		}
		if ev.isUtilsPlus(arg) {
			return ev.utilsPlus(arg)
		}
		return &Builtin{Name: name, Arity: 1, Run: func(_ *Eval, a []*Thunk) Value {
			return &Attrs{Names: map[string]*Thunk{FlakeParts: a[0]}, Open: true}
		}}
	case "load":
		if strings.HasSuffix(f.Path, "haumea.lib.load") {
			return haumeaLoad(ev, arg)
		}
	}
	if f.Path == "inputs.blueprint" {
		return &Attrs{Names: map[string]*Thunk{Blueprint: arg}, Open: true}
	}
	if t := ev.importTreeOf(f.Path); t != nil {
		return ev.Apply(t, arg)
	}
	if in, ok := nixpkgsInput(f.Path); ok {
		if v := ev.instance(in, arg); v != nil {
			return v
		}
	}
	if strings.HasPrefix(f.Path, "inputs.") || strings.HasPrefix(f.Path, "pkgs.") {
		return unknown("a call of `" + f.Path + "`")
	}
	if v := ev.fleetFunction(name); v != nil {
		return ev.Apply(v, arg)
	}
	return unknown("a call of `" + f.Path + "`")
}

// isSnowfall: a function of snowfall-lib, under the names that its input has.
func isSnowfall(path string) bool {
	return strings.HasPrefix(path, "inputs.snowfall-lib.") || strings.HasPrefix(path, "inputs.snowfall.")
}

// FlakeParts is what a call of flake-parts' mkFlake is kept as: its module,
// under a name no attribute can have.
const FlakeParts = "\x00parts"

// Unified marks a flake that nixos-unified's mkFlake makes.
const Unified = "\x00unified"

// Blueprint is what a call of blueprint is kept as: its argument.
const Blueprint = "\x00blueprint"

// Snowfall is what a call of snowfall-lib's mkFlake is kept as: its argument.
const Snowfall = "\x00snowfall"

func (ev *Eval) fleetFunction(name string) Value {
	v, ok := ev.found[name]
	if ok || ev.Tree == nil {
		return v
	}
	ev.found[name] = nil // a definition in terms of itself is not known
	if x, file := ev.Tree.Function(name); x != nil {
		// The scopes between the file's root and the definition are rebuilt
		// with unknown arguments, lib being the one they surely have.
		v = ev.within(file, x)
		ev.found[name] = v
	}
	return v
}

// within evaluates a part of a file: every lambda on the way gets the usual
// arguments of a file that is imported.
func (ev *Eval) within(file *File, x Expr) Value {
	env := ev.Root(file)
	at := file.Root
	usual := Of(&Attrs{Names: map[string]*Thunk{"lib": Of(ev.Lib())}, Open: true})
	for at != x {
		switch e := at.(type) {
		case *Lambda:
			env = ev.Bind(&Closure{e, env}, usual)
			at = e.Body
		case *Let:
			env = env.letEnv(e.Binds)
			at = e.Body
		case *With:
			env, at = env.under(e.Env), e.Body
		case *Set:
			if e.Rec {
				env = env.letEnv(e)
			}
			return ev.Expr(x, env)
		default:
			return unknown("the definition is not at the top of its file")
		}
	}
	return ev.Expr(x, env)
}

// Import evaluates a file as `import path` does.
func (ev *Eval) Import(path string) Value {
	if t, ok := ev.imported[path]; ok {
		return t.Force(ev)
	}
	f := ev.Tree.File(path)
	if f == nil && !strings.HasSuffix(path, ".nix") {
		f = ev.Tree.File(prefixIn(path, "default.nix"))
	}
	if f == nil {
		return unknown("`" + path + "` cannot be read")
	}
	t := Later(f.Root, ev.Root(f))
	ev.imported[path] = t
	return t.Force(ev)
}

// applied makes f x lazily.
func applied(f Value, args ...*Thunk) *Thunk {
	t := compute(func(ev *Eval) Value {
		v := f
		for _, a := range args {
			v = ev.Apply(v, a)
		}
		return v
	})
	t.from = args[len(args)-1]
	return t
}

func biReadDir(ev *Eval, a []*Thunk) Value {
	p, ok := AsPath(a[0].Force(ev))
	if !ok {
		return unknown("the folder is not known")
	}
	return ev.Common.once(folderKey(p), func() Value {
		es, ok := ev.Tree.ReadDir(p)
		if !ok {
			return unknown("the folder `" + p + "` cannot be read")
		}
		kinds := map[string]*Thunk{}
		out := &Attrs{Names: make(map[string]*Thunk, len(es))}
		for n, k := range es {
			if kinds[k] == nil {
				kinds[k] = Of(wholeText(k))
			}
			out.Names[n] = kinds[k]
		}
		return out
	})
}

func biImport(ev *Eval, a []*Thunk) Value {
	switch v := Located(a[0].Force(ev)).(type) {
	case FilePath:
		if v.Whole {
			return ev.Import(v.Head)
		}
	case External:
		return External{"import " + v.Path}
	case *Attrs: // a flake input or a derivation
		return unknown("an import of something built")
	}
	return unknown("the path of the import is not known")
}

// extend is lib.extend: what the overlay adds over lib itself.
func biExtend(ev *Eval, a []*Thunk) Value {
	more, _ := ev.Apply(ev.Apply(a[0].Force(ev), Of(ev.Lib())), Of(ev.Lib())).(*Attrs)
	if more == nil {
		return ev.Lib()
	}
	return &Attrs{Names: more.Names, Look: ev.Lib().Look}
}

func typeIs[T Value](ev *Eval, a []*Thunk) Value {
	switch v := a[0].Force(ev).(type) {
	case T:
		return Bool(true)
	case *Unknown, External, *Choice:
		return unknownType
	default:
		_ = v
		return Bool(false)
	}
}

// coreFunctions are those that most fleets use.
func coreFunctions() map[string]fn {
	return map[string]fn{
		"map": {2, biMap}, "forEach": {2, flip(biMap)}, "filter": {2, biFilter}, "flatten": {1, biFlatten},
		"concatLists": {1, biConcatLists}, "concatMap": {2, func(ev *Eval, a []*Thunk) Value {
			return biConcatLists(ev, []*Thunk{Of(biMap(ev, a))})
		}},
		"optionals": {2, biOptionals}, "optional": {2, biOptional}, "optionalAttrs": {2, biOptionalAttrs},
		"optionalString": {2, biOptionalString}, "elem": {2, biElem}, "readDir": {1, biReadDir},
		"attrNames": {1, biAttrNames}, "attrValues": {1, biAttrValues}, "mapAttrs": {2, biMapAttrs},
		"filterAttrs": {2, biFilterAttrs}, "mapAttrs'": {2, biMapAttrsPairs}, "listToAttrs": {1, biListToAttrs},
		"mapAttrsToList": {2, biMapAttrsToList}, "genAttrs": {2, biGenAttrs}, "foldl": {3, biFoldl}, "foldl'": {3, biFoldl},
		"mergeAttrsList": {1, biMergeAttrs}, "import": {1, biImport}, "append": {2, biAppendPath}, "hasSuffix": {2, biSuffix},
		"hasPrefix": {2, biPrefix}, "toString": {1, biToString}, "concatStringsSep": {2, biConcatSep},
		"concatStrings":  {1, func(ev *Eval, a []*Thunk) Value { return biConcatSep(ev, []*Thunk{Of(wholeText("")), a[0]}) }},
		"replaceStrings": {3, biReplace}, "fromJSON": {1, biFromJSON}, "fromTOML": {1, biFromTOML},
		"readFile": {1, biReadFile}, "pathExists": {1, biPathExists}, "baseNameOf": {1, biBase}, "dirOf": {1, biDir},
		"importJSON": {1, func(ev *Eval, a []*Thunk) Value { return biFromJSON(ev, []*Thunk{Of(biReadFile(ev, a))}) }},
		"importTOML": {1, func(ev *Eval, a []*Thunk) Value { return biFromTOML(ev, []*Thunk{Of(biReadFile(ev, a))}) }},
		"any":        {2, biAnyAll(false)}, "all": {2, biAnyAll(true)}, "hasAttr": {2, biHasAttr}, "getAttr": {2, biGetAttr},
		"attrByPath": {3, biAttrByPath}, "hasAttrByPath": {2, biHasAttrByPath}, "recursiveUpdate": {2, biRecursiveUpdate},
		"extend": {1, biExtend}, "intersectAttrs": {2, biIntersect}, "removeAttrs": {2, biRemoveAttrs},
		"listFilesRecursive": {1, biListFiles}, "head": {1, at1(0)}, "last": {1, at1(-1)},
		"isString": {1, typeIs[Text]}, "isAttrs": {1, typeIs[*Attrs]}, "isList": {1, typeIs[*Sequence]},
		"isBool": {1, typeIs[Bool]}, "isInt": {1, typeIs[Integer]}, "isPath": {1, typeIs[FilePath]}, "isNull": {1, typeIs[Null]},
		"id":    {1, func(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }},
		"const": {2, func(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }},
		"pipe":  {2, biPipe},
		"flip":  {3, func(ev *Eval, a []*Thunk) Value { return ev.Apply(ev.Apply(a[0].Force(ev), a[2]), a[1]) }},
		"seq":   {2, second}, "deepSeq": {2, second}, "trace": {2, second}, "warn": {2, second}, "addErrorContext": {2, second},
		"nameValuePair": {2, func(ev *Eval, a []*Thunk) Value {
			return &Attrs{Names: map[string]*Thunk{"name": a[0], "value": a[1]}}
		}},
		"removeSuffix": {2, strFn2(func(a, b string) Value { return wholeText(strings.TrimSuffix(b, a)) })},
		"removePrefix": {2, strFn2(func(a, b string) Value { return wholeText(strings.TrimPrefix(b, a)) })},
		"hasInfix":     {2, strFn2(func(a, b string) Value { return Bool(strings.Contains(b, a)) })},
		"splitString":  {2, strFn2(func(a, b string) Value { return strList(strings.Split(b, a)) })},
		"toLower":      {1, strFn1(func(a string) Value { return wholeText(strings.ToLower(a)) })},
		"toUpper":      {1, strFn1(func(a string) Value { return wholeText(strings.ToUpper(a)) })},
		"stringLength": {1, strFn1(func(a string) Value { return Integer(len(a)) })},
		"length":       {1, biLength},
		"not": {1, func(ev *Eval, a []*Thunk) Value {
			return boolOf(TruthOf(a[0].Force(ev)).Not(), unknownCondition)
		}},
		"throw":   {1, func(*Eval, []*Thunk) Value { return unknown("it throws") }},
		"mkMerge": {1, marker("merge", "contents")},
		"mkIf":    {2, biMkIf},
		"mkForce": {1, second1}, "mkDefault": {1, second1}, "mkBefore": {1, second1}, "mkAfter": {1, second1},
		"mkVMOverride": {1, second1}, "mkOverride": {2, second}, "mkOrder": {2, second}, "mkOptionDefault": {1, second1},
		"mkRemovedOptionModule": {2, biDeclares}, "mkRenamedOptionModule": {2, biDeclares},
		"mkRenamedOptionModuleWith": {1, biDeclares}, "mkAliasOptionModule": {2, biDeclares},
		"mkChangedOptionModule": {3, biDeclares}, "mkMergedOptionModule": {3, biDeclares},
		"makeOverridable": {2, biOverridable},
		"singleton":       {1, func(_ *Eval, a []*Thunk) Value { return &Sequence{Elems: []Elem{{Thunk: a[0]}}} }},
		"mkOption":        {1, biMkOption}, "mkEnableOption": {1, biMkEnableOption},
		"setDefaultModuleLocation": {2, second}, "unsafeDiscardStringContext": {1, second1},
	}
}

func second(ev *Eval, a []*Thunk) Value  { return a[1].Force(ev) }
func second1(ev *Eval, a []*Thunk) Value { return a[0].Force(ev) }

func flip(f func(*Eval, []*Thunk) Value) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value { return f(ev, []*Thunk{a[1], a[0]}) }
}

func biPipe(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	v := a[0].Force(ev)
	for _, f := range l.Elems {
		v = ev.Apply(f.Force(ev), Of(v))
	}
	return v
}

// biMkIf as a value: what it holds when the condition is true. Definitions are
// read from the expression, where the guard is kept.
func biMkIf(ev *Eval, a []*Thunk) Value {
	if TruthOf(a[0].Force(ev)) == True {
		return a[1].Force(ev)
	}
	return unknown("a `mkIf` whose condition is not known to hold")
}

// Declares is what a module made by mkRenamedOptionModule and its like is kept
// as: the path of the option that it declares, under a name no attribute has.
const Declares = "\x00declares"

func biDeclares(ev *Eval, a []*Thunk) Value {
	from := a[0]
	if s, ok := from.Force(ev).(*Attrs); ok && s.Names["from"] != nil {
		from = s.Names["from"]
	}
	return &Attrs{Names: map[string]*Thunk{Declares: from}}
}

// OptionMark is a name, one no attribute can have, in what mkOption makes.
const OptionMark = "\x00option"

func biMkOption(ev *Eval, a []*Thunk) Value {
	out := &Attrs{Names: map[string]*Thunk{}, Open: true}
	if s, ok := a[0].Force(ev).(*Attrs); ok {
		maps.Copy(out.Names, s.Names)
	}
	out.Names[OptionMark] = Of(Bool(true))
	return out
}

func biMkEnableOption(*Eval, []*Thunk) Value {
	return &Attrs{Names: map[string]*Thunk{OptionMark: Of(Bool(true)), "default": Of(Bool(false))}, Open: true}
}

func marker(kind, field string) func(*Eval, []*Thunk) Value {
	return func(_ *Eval, a []*Thunk) Value {
		return &Attrs{Names: map[string]*Thunk{"_type": Of(wholeText(kind)), field: a[0]}}
	}
}

// Imported lists the files that were evaluated as values.
func (ev *Eval) Imported() []string {
	out := make([]string, 0, len(ev.imported))
	for p := range ev.imported {
		if f := ev.Tree.File(p); f != nil {
			out = append(out, f.Path)
		} else {
			out = append(out, prefixIn(p, "default.nix"))
		}
	}
	slices.Sort(out)
	return out
}
