package syntax

import "bytes"

// The lexer turns a whole file into tokens before the parser starts. It
// follows the longest-match rules of Nix's lexer.l; which rules hold at a
// place depends on a stack of modes, because `}` may end an interpolation.

type lexMode uint8

const (
	modeTop      lexMode = iota // outside of all brackets; never popped
	modeBrace                   // inside { } or ${ }
	modeString                  // inside " "
	modeIndented                // inside '' ''
	modePath                    // inside a path with interpolations
)

// Classes of bytes, as bits.
const (
	cSpace uint8 = 1 << iota
	cIDStart
	cID
	cPath
	cURI
	cDigit
	cScheme
)

var class = makeClasses()

func makeClasses() (t [256]uint8) {
	set := func(chars string, bits uint8) {
		for i := range len(chars) {
			t[chars[i]] |= bits
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(letters, cIDStart|cID|cPath|cURI|cScheme)
	set("0123456789", cDigit|cID|cPath|cURI|cScheme)
	set("_", cIDStart|cID|cPath|cURI)
	set("'", cID|cURI)
	set("-", cID|cPath|cURI|cScheme)
	set(".+", cPath|cURI|cScheme)
	set("%/?:@&=$,!~*", cURI)
	set(" \t\r\n", cSpace)
	return t
}

type lexer struct {
	src   []byte
	pos   int
	toks  []token
	modes []lexMode // below mode
	mode  lexMode
	syms  symbols
	run   pathRun
	// noCommentEnd is set once no */ is left, so that many /* cost nothing.
	noCommentEnd bool
	// eofPos is where Nix reports an unexpected end of file.
	eofPos int
	report func(at, start, end int, msg string)
}

// pathRun remembers the maximal run of path characters around the last place
// where one was looked for, so that a.b.c.d… is looked through only once.
type pathRun struct {
	end    int // the run is src[…:end]; places before end lie in it
	scheme int // from here on it may be the scheme of a URI
	path   bool
	uri    bool
}

// lex fills toks; it always ends them with TokEOF.
func (l *lexer) lex() {
	for l.pos < len(l.src) {
		switch l.mode {
		case modeString:
			l.stringPart()
		case modeIndented:
			l.indentedPart()
		case modePath:
			l.pathPart()
		default:
			l.token()
		}
	}
	if l.mode == modePath {
		l.pathPart()
	}
	l.emit(TokEOF, l.pos)
}

// emit adds a token that ends at end and moves there.
func (l *lexer) emit(k TokenKind, end int) {
	l.toks = append(l.toks, token{uint32(end), uint32(k)})
	l.pos = end
}

func (l *lexer) push(m lexMode) {
	l.modes = append(l.modes, l.mode)
	l.mode = m
}

func (l *lexer) pop() {
	if n := len(l.modes); n > 0 {
		l.mode = l.modes[n-1]
		l.modes = l.modes[:n-1]
	}
}

// at returns the byte at i, or 0 behind the end; no token of more than one
// byte contains a 0.
func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// skip returns the first place from i on whose byte has none of the bits.
func (l *lexer) skip(i int, bits uint8) int {
	for i < len(l.src) && class[l.src[i]]&bits != 0 {
		i++
	}
	return i
}

// token reads one token outside of strings.
func (l *lexer) token() {
	c := l.src[l.pos]
	switch cl := class[c]; {
	case cl&cSpace != 0:
		l.emit(TokSpace, l.skip(l.pos+1, cSpace))
	case cl&cIDStart != 0:
		l.word()
	case cl&cPath != 0:
		l.pathChar(c)
	default:
		l.punct(c)
	}
}

// word reads a keyword, a name, or a path or URI that starts like one.
func (l *lexer) word() {
	start := l.pos
	end := l.skip(start+1, cID)
	switch l.at(end) {
	case '.', '+', '/', ':':
		if l.pathOrURI(start) {
			return
		}
	}
	k := keyword(l.src[start:end])
	s := noSymbol
	if k == TokIdent || k == TokOr {
		s = l.syms.intern(start, end)
	}
	l.toks = append(l.toks, token{uint32(end), uint32(s)<<8 | uint32(k)})
	l.pos = end
}

func keyword(w []byte) TokenKind {
	if len(w) > 7 {
		return TokIdent
	}
	switch string(w) {
	case "if":
		return TokIf
	case "then":
		return TokThen
	case "else":
		return TokElse
	case "assert":
		return TokAssert
	case "with":
		return TokWith
	case "let":
		return TokLet
	case "in":
		return TokIn
	case "rec":
		return TokRec
	case "inherit":
		return TokInherit
	case "or":
		return TokOr
	}
	return TokIdent
}

// pathChar reads what starts with a digit or one of `.`, `+`, `-`.
func (l *lexer) pathChar(c byte) {
	start := l.pos
	if (class[l.at(start+1)]&cPath != 0 || l.at(start+1) == '/') && l.pathOrURI(start) {
		return
	}
	switch {
	case class[c]&cDigit != 0:
		l.number()
	case c == '.':
		l.dot()
	case c == '+':
		l.either('+', TokConcat, TokPlus)
	default:
		l.either('>', TokImpl, TokMinus)
	}
}

func (l *lexer) dot() {
	start := l.pos
	switch {
	case class[l.at(start+1)]&cDigit != 0:
		l.number()
	case l.at(start+1) == '.' && l.at(start+2) == '.':
		l.emit(TokEllipsis, start+3)
	default:
		l.emit(TokDot, start+1)
	}
}

// either reads a token of two bytes if the second is next, otherwise of one.
func (l *lexer) either(next byte, two, one TokenKind) {
	if l.at(l.pos+1) == next {
		l.emit(two, l.pos+2)
	} else {
		l.emit(one, l.pos+1)
	}
}

// number reads an integer or a float: [0-9]+ or
// ([1-9][0-9]*\.[0-9]*|0?\.[0-9]+)([Ee][+-]?[0-9]+)?
func (l *lexer) number() {
	start := l.pos
	end := l.skip(start, cDigit)
	float := l.at(end) == '.'
	switch {
	case !float:
	case end == start || end == start+1 && l.src[start] == '0':
		float = class[l.at(end+1)]&cDigit != 0
	default:
		float = l.src[start] != '0'
	}
	if !float {
		l.checkInt(start, end)
		l.emit(TokInt, end)
		return
	}
	end = l.exponent(l.skip(end+1, cDigit))
	l.checkFloat(start, end)
	l.emit(TokFloat, end)
}

func (l *lexer) exponent(i int) int {
	if l.at(i) != 'e' && l.at(i) != 'E' {
		return i
	}
	j := i + 1
	if l.at(j) == '+' || l.at(j) == '-' {
		j++
	}
	if class[l.at(j)]&cDigit == 0 {
		return i
	}
	return l.skip(j, cDigit)
}

// checkInt reports integers above 2^63-1.
func (l *lexer) checkInt(start, end int) {
	if end-start < 19 {
		return
	}
	if _, err := parseInt(l.src[start:end]); err != nil {
		l.report(start, start, end, "invalid integer `"+string(l.src[start:end])+"`: it needs more than 64 bits")
	}
}

// checkFloat reports what strtod calls out of range.
func (l *lexer) checkFloat(start, end int) {
	if _, ok := parseFloat(l.src[start:end]); !ok {
		l.report(start, start, end, "invalid float `"+string(l.src[start:end])+"`: it is out of range")
	}
}

// pathOrURI reads a path or a URI that starts at start, if there is one.
func (l *lexer) pathOrURI(start int) bool {
	if start >= l.run.end {
		l.findRun(start)
	}
	switch r := &l.run; {
	case r.path:
		l.path(start, r.end, TokPath, TokPathStart)
		return true
	case r.uri && start >= r.scheme && class[l.src[start]]&(cIDStart|cDigit) == cIDStart:
		l.emit(TokURI, l.skip(r.end+1, cURI))
		return true
	}
	return false
}

// findRun looks at the path characters from start on and what follows them.
func (l *lexer) findRun(start int) {
	r := pathRun{scheme: start}
	i := start
	for ; i < len(l.src) && class[l.src[i]]&cPath != 0; i++ {
		if l.src[i] == '_' {
			r.scheme = i + 1
		}
	}
	r.end = i
	r.path = l.pathSlash(i)
	r.uri = l.at(i) == ':' && class[l.at(i+1)]&cURI != 0
	l.run = r
}

// pathSlash is true if a slash at i makes the characters before it a path.
func (l *lexer) pathSlash(i int) bool {
	if l.at(i) != '/' {
		return false
	}
	return class[l.at(i+1)]&cPath != 0 || l.at(i+1) == '$' && l.at(i+2) == '{'
}

// path reads a path whose first slash is at slash, as one token of kind whole
// or as the text before an interpolation.
func (l *lexer) path(start, slash int, whole, first TokenKind) {
	end := slash
	for l.at(end) == '/' && class[l.at(end+1)]&cPath != 0 {
		end = l.skip(end+1, cPath)
	}
	if l.at(end) == '/' {
		end++
	}
	interp := l.at(end) == '$' && l.at(end+1) == '{'
	if interp || l.src[end-1] == '/' && l.at(end) == '/' {
		l.emit(first, end)
		l.push(modePath)
		return
	}
	l.emit(whole, end)
	if l.src[end-1] == '/' {
		l.trailingSlash(start)
	} else if end == len(l.src) {
		l.eofPos = start
	}
}

// trailingSlash reports a path that ends in a slash. Nix points at what comes
// after it, and at the path itself at the end of the file.
func (l *lexer) trailingSlash(start int) {
	at := l.pos
	if at == len(l.src) {
		at = start
	}
	l.report(l.pos, at, l.pos, "path has a trailing slash")
}

// pathPart reads an interpolation, more text, or the end of a path.
func (l *lexer) pathPart() {
	start := l.pos
	if l.at(start) == '$' && l.at(start+1) == '{' {
		l.emit(TokInterpOpen, start+2)
		l.push(modeBrace)
		return
	}
	end := l.skip(start, cPath)
	for l.at(end) == '/' && class[l.at(end+1)]&cPath != 0 {
		end = l.skip(end+1, cPath)
	}
	if l.at(end) == '/' {
		end++
	}
	if end > start {
		l.emit(TokPathText, end)
		return
	}
	if l.src[start-1] == '/' {
		l.trailingSlash(l.prevStart())
	} else if start == len(l.src) {
		l.eofPos = l.prevStart()
	}
	l.pop()
	l.emit(TokPathEnd, start)
}

// prevStart is where the last token starts.
func (l *lexer) prevStart() int {
	if n := len(l.toks); n > 1 {
		return int(l.toks[n-2].end)
	}
	return 0
}

// punct reads what starts with none of the characters of names and numbers.
func (l *lexer) punct(c byte) {
	switch c {
	case '{':
		l.emit(TokLBrace, l.pos+1)
		l.push(modeBrace)
	case '}':
		l.emit(TokRBrace, l.pos+1)
		l.pop()
	case '"':
		l.emit(TokQuote, l.pos+1)
		l.push(modeString)
	case '\'':
		l.apostrophe()
	case '#':
		l.lineComment()
	case '/':
		l.slash()
	case '<':
		l.less()
	case '~':
		l.tilde()
	case 0:
		l.nul()
	default:
		l.operator(c)
	}
}

// single maps bytes that are tokens by themselves.
var single = [256]TokenKind{
	'[': TokLBracket, ']': TokRBracket, '(': TokLParen, ')': TokRParen, ';': TokSemicolon,
	',': TokComma, ':': TokColon, '@': TokAt, '?': TokQuestion, '*': TokMul,
}

func (l *lexer) operator(c byte) {
	if k := single[c]; k != 0 {
		l.emit(k, l.pos+1)
		return
	}
	switch c {
	case '=':
		l.either('=', TokEq, TokAssign)
	case '!':
		l.either('=', TokNotEq, TokNot)
	case '>':
		l.either('=', TokGreaterEq, TokGreater)
	case '&':
		l.either('&', TokAnd, TokInvalid)
	case '$':
		l.dollar()
	case '|':
		l.bar()
	default:
		l.emit(TokInvalid, l.pos+1)
	}
}

func (l *lexer) dollar() {
	if l.at(l.pos+1) != '{' {
		l.emit(TokInvalid, l.pos+1)
		return
	}
	l.emit(TokInterpOpen, l.pos+2)
	l.push(modeBrace)
}

func (l *lexer) bar() {
	switch l.at(l.pos + 1) {
	case '|':
		l.emit(TokOrOr, l.pos+2)
	case '>':
		l.emit(TokPipeInto, l.pos+2)
	default:
		l.emit(TokInvalid, l.pos+1)
	}
}

// less reads `<`, `<=`, `<|` or a search path.
func (l *lexer) less() {
	if end := l.searchPath(); end > 0 {
		l.emit(TokSearchPath, end)
		return
	}
	if l.at(l.pos+1) == '|' {
		l.emit(TokPipeFrom, l.pos+2)
		return
	}
	l.either('=', TokLessEq, TokLess)
}

// searchPath returns the end of <a/b>, or 0.
func (l *lexer) searchPath() int {
	i := l.skip(l.pos+1, cPath)
	if i == l.pos+1 {
		return 0
	}
	for l.at(i) == '/' && class[l.at(i+1)]&cPath != 0 {
		i = l.skip(i+1, cPath)
	}
	if l.at(i) != '>' {
		return 0
	}
	return i + 1
}

func (l *lexer) tilde() {
	if l.pathSlash(l.pos + 1) {
		l.path(l.pos, l.pos+1, TokHomePath, TokHomeStart)
		return
	}
	l.emit(TokInvalid, l.pos+1)
}

// slash reads `/`, `//`, an absolute path or a comment.
func (l *lexer) slash() {
	start := l.pos
	switch c := l.at(start + 1); {
	case l.pathSlash(start):
		l.path(start, start, TokPath, TokPathStart)
	case c == '/':
		l.emit(TokUpdate, start+2)
	case c == '*' && l.blockComment(start):
	default:
		l.emit(TokDiv, start+1)
	}
}

func (l *lexer) blockComment(start int) bool {
	if l.noCommentEnd {
		return false
	}
	n := bytes.Index(l.src[min(start+2, len(l.src)):], []byte("*/"))
	if n < 0 {
		l.noCommentEnd = true
		return false
	}
	l.emit(TokBlockComment, start+2+n+2)
	return true
}

func (l *lexer) lineComment() {
	i := l.pos + 1
	for i < len(l.src) && l.src[i] != '\n' && l.src[i] != '\r' {
		i++
	}
	l.emit(TokLineComment, i)
}

// apostrophe reads ” with the blanks and the line end after it.
func (l *lexer) apostrophe() {
	if l.at(l.pos+1) != '\'' {
		l.emit(TokInvalid, l.pos+1)
		return
	}
	end := l.pos + 2
	i := end
	for l.at(i) == ' ' {
		i++
	}
	if l.at(i) == '\n' {
		end = i + 1
	}
	l.emit(TokIndentOpen, end)
	l.push(modeIndented)
}

// nul ends the file, as it does for Nix; the rest is kept as trivia.
func (l *lexer) nul() {
	l.eofPos = l.pos + 1
	l.emit(TokIgnored, len(l.src))
}
