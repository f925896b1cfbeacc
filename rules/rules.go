// Package rules holds the lint rules, one a file, and the list of them.
//
// A rule is a value: its id is the name of its file, of its fixture
// testdata/<id>.txtar and of the word that suppresses it. Errors are what
// evaluation would reject or silently lose, and need a certain fact for
// everything they claim; warnings are what a tier forbids or what is probably
// a slip; style rules are off unless switched on. A rule says what, where and
// why, and offers a fix only where nothing but the named thing changes.
//
// Rules are pure functions of a Pass and do not see each other. What several
// need (how a definition looks to the catalog, what a module from outside may
// declare) is in options.go, walk.go and foreign.go.
package rules

import "nixgen/lint"

// All is every rule, in the order of the documentation.
var All = []*lint.Rule{
	syntaxError,
	duplicateAttribute,
	undefinedVariable,
	missingImport,
	importCaseMismatch,
	undeclaredOption,
	unknownOption,
	removedOption,
	optionType,
	undeclaredHostspecField,
	homeLinuxOnly,
	platformMismatch,
	linuxOnlyPackage,
	tierImport,
	unsubscribedModule,
	configDependentStructure,
	updateWithMkIf,
	uselessPlatformMkIf,
	doubledModule,
	redundantImport,
	hostSpecificInCommon,
	secretInStore,
	undeclaredSecret,
	undecryptableSecret,
	staleRecipient,
	undeclaredInput,
	absoluteInput,
	lockMismatch,
	invalidHash,
	unknownSubscription,
	suppression,
	unreadableFile,
	unusedSuppression,

	// The language itself, off unless switched on.
	boolComparison,
	boolSimplification,
	collapsibleLetIn,
	deprecatedToPath,
	emptyInherit,
	emptyLetIn,
	emptyListConcat,
	emptyPattern,
	etaReduction,
	legacyLet,
	manualInherit,
	manualInheritFrom,
	redundantPatternBind,
	repeatedKeys,
	unquotedURI,
	unusedArgument,
	unusedAtBinding,
	unusedBinding,
	unusedInherit,
	unusedPatternName,
	uselessHasAttr,
	uselessParens,
}
