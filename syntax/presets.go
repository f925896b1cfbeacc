package syntax

import "strings"

// presetSymbols are the names that Nix 2.34 knows before it reads a file, in
// the order in which it numbers them; see symbolRanks. The list was read off
// `nix-instantiate --parse`, which of several undefined variables reports the
// one that belongs to the lowest number.
var presetSymbols = strings.Fields(`
	outPath drvPath type meta name value system __overrides outputs outputName __ignoreNulls file line column
	__functor __toString right wrong __structuredAttrs __json allowedReferences allowedRequisites
	disallowedReferences disallowedRequisites maxSize maxClosureSize builder args __contentAddressed __impure
	outputHash outputHashAlgo outputHashMode recurseForDerivations description self startSet operator key path
	prefix outputSpecified __sub __lessThan __mul __div or __findFile __nixPath body builtins true false null
	__currentTime currentTime __currentSystem currentSystem __nixVersion nixVersion __storeDir storeDir
	__langVersion langVersion __traceVerbose traceVerbose nixPath scopedImport import __typeOf typeOf isNull
	__isFunction isFunction __isInt isInt __isFloat isFloat __isString isString __isBool isBool __isPath isPath
	__genericClosure genericClosure
	break abort throw __addErrorContext addErrorContext __ceil ceil __floor floor __tryEval tryEval __getEnv
	getEnv __seq seq __deepSeq deepSeq __trace trace __warn warn derivationStrict placeholder __toPath toPath
	__storePath storePath __pathExists pathExists baseNameOf dirOf __readFile readFile findFile __hashFile
	hashFile __readFileType readFileType __readDir readDir __toXML toXML __toJSON toJSON __fromJSON fromJSON
	__toFile toFile __filterSource filterSource __path __attrNames attrNames __attrValues attrValues __getAttr
	getAttr __unsafeGetAttrPos unsafeGetAttrPos __hasAttr hasAttr __isAttrs isAttrs removeAttrs __listToAttrs
	listToAttrs __intersectAttrs intersectAttrs __catAttrs catAttrs __functionArgs functionArgs __mapAttrs
	mapAttrs __zipAttrsWith zipAttrsWith __isList isList __elemAt elemAt __head head __tail tail map __filter
	filter __elem elem __concatLists concatLists __length length __foldl' foldl' __any any __all all __genList
	genList __sort sort __partition partition __groupBy groupBy __concatMap concatMap __add add sub mul div
	__bitAnd bitAnd __bitOr bitOr __bitXor bitXor lessThan toString __substring substring __stringLength
	stringLength __hashString hashString __convertHash convertHash __match match __split split __concatStringsSep
	concatStringsSep __replaceStrings replaceStrings __parseDrvName parseDrvName __compareVersions compareVersions
	__splitVersion splitVersion __unsafeDiscardStringContext unsafeDiscardStringContext __hasContext hasContext
	__unsafeDiscardOutputDependency unsafeDiscardOutputDependency __addDrvOutputDependencies
	addDrvOutputDependencies __getContext getContext __appendContext appendContext fetchMercurial fetchTree
	fetchFinalTree __fetchurl fetchurl fetchTarball fetchGit fromTOML __getFlake getFlake __parseFlakeRef
	parseFlakeRef __flakeRefToString flakeRefToString derivation strict drvAttrs commonAttrs outputsList x
	outputToAttrListElement
`)

// hiddenPresets are those of presetSymbols that are no variables: they are
// names of attributes, or builtins that exist as an attribute only.
const hiddenPresets = `
	outPath drvPath type meta name value system __overrides outputs outputName __ignoreNulls file line column
	__functor __toString right wrong __structuredAttrs __json allowedReferences allowedRequisites
	disallowedReferences disallowedRequisites maxSize maxClosureSize builder args __contentAddressed __impure
	outputHash outputHashAlgo outputHashMode recurseForDerivations description self startSet operator key path
	prefix outputSpecified or body currentTime currentSystem nixVersion storeDir langVersion traceVerbose nixPath
	typeOf isFunction isInt isFloat isString isBool isPath genericClosure addErrorContext ceil floor tryEval getEnv seq deepSeq trace warn toPath
	storePath pathExists readFile findFile hashFile readFileType readDir toXML toJSON fromJSON toFile filterSource
	attrNames attrValues getAttr unsafeGetAttrPos hasAttr isAttrs listToAttrs intersectAttrs catAttrs functionArgs
	mapAttrs zipAttrsWith isList elemAt head tail filter elem concatLists length foldl' any all genList sort
	partition groupBy concatMap add sub mul div bitAnd bitOr bitXor lessThan substring stringLength hashString
	convertHash match split concatStringsSep replaceStrings parseDrvName compareVersions splitVersion
	unsafeDiscardStringContext hasContext unsafeDiscardOutputDependency addDrvOutputDependencies getContext
	appendContext fetchFinalTree fetchurl getFlake parseFlakeRef flakeRefToString strict drvAttrs commonAttrs
	outputsList x outputToAttrListElement
`

var (
	presetRanks = rankPresets()
	globals     = globalNames()
)

func rankPresets() map[string]int {
	m := make(map[string]int, len(presetSymbols))
	for i, s := range presetSymbols {
		m[s] = i
	}
	return m
}

// globalNames are the variables that every file can use.
func globalNames() map[string]bool {
	m := make(map[string]bool, len(presetSymbols))
	for _, s := range presetSymbols {
		m[s] = true
	}
	for _, s := range strings.Fields(hiddenPresets) {
		delete(m, s)
	}
	return m
}

// presetRank is the number of a name that Nix knows from the start, or -1.
func presetRank(name string) int {
	if r, ok := presetRanks[name]; ok {
		return r
	}
	return -1
}

// IsGlobal is true for the variables that every file can use: builtins, true,
// map and the like.
func IsGlobal(name string) bool { return globals[name] }
