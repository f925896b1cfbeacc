package syntax

import "nixgen/diag"

// TokenKind says what a token is. Every byte of a file belongs to exactly one
// token, blanks and comments included.
type TokenKind uint8

const (
	TokSpace        TokenKind = iota // blanks and line ends
	TokLineComment                   // # to the end of the line
	TokBlockComment                  // /* … */
	TokIgnored                       // what follows a NUL byte: Nix stops reading there
	lastTrivia      = TokIgnored
)

const (
	TokEOF     TokenKind = iota + lastTrivia + 1 // empty, always the last token
	TokInvalid                                   // a byte that starts no token
	TokIdent
	TokInt
	TokFloat
	TokURI
	TokPath       // a whole path without interpolation
	TokHomePath   // ~/x
	TokSearchPath // <x/y>
	TokPathStart  // the text before the first interpolation of a path
	TokHomeStart  // likewise, starting with ~/
	TokPathText   // later text of such a path
	TokPathEnd    // empty: ends a path that has interpolations
	TokQuote      // "
	TokStrText
	TokIndentOpen // '' with the rest of its line, if blank
	TokIndentText
	TokIndentClose
	TokInterpOpen // ${
	TokLBrace
	TokRBrace // also ends ${
	TokLBracket
	TokRBracket
	TokLParen
	TokRParen
	TokSemicolon
	TokComma
	TokDot
	TokEllipsis
	TokColon
	TokAt
	TokAssign
	TokQuestion
	TokNot
	TokPlus
	TokMinus
	TokMul
	TokDiv
	TokConcat
	TokUpdate
	TokEq
	TokNotEq
	TokLess
	TokGreater
	TokLessEq
	TokGreaterEq
	TokAnd
	TokOrOr
	TokImpl
	TokPipeInto // |>
	TokPipeFrom // <|
	TokIf
	TokThen
	TokElse
	TokAssert
	TokWith
	TokLet
	TokIn
	TokRec
	TokInherit
	TokOr
	numTokenKinds
)

// tokenNames are the words of error messages.
var tokenNames = [numTokenKinds]string{
	TokSpace: "blank", TokLineComment: "comment", TokBlockComment: "comment", TokIgnored: "text after a NUL byte",
	TokEOF: "end of file", TokInvalid: "invalid character", TokIdent: "identifier", TokInt: "integer",
	TokFloat: "floating-point number", TokURI: "URI", TokPath: "path", TokHomePath: "path",
	TokSearchPath: "search path", TokPathStart: "path", TokHomeStart: "path", TokPathText: "path",
	TokPathEnd: "end of path", TokQuote: "`\"`", TokStrText: "string", TokIndentOpen: "`''`",
	TokIndentText: "indented string", TokIndentClose: "`''`", TokInterpOpen: "`${`", TokLBrace: "`{`",
	TokRBrace: "`}`", TokLBracket: "`[`", TokRBracket: "`]`", TokLParen: "`(`", TokRParen: "`)`",
	TokSemicolon: "`;`", TokComma: "`,`", TokDot: "`.`", TokEllipsis: "`...`", TokColon: "`:`", TokAt: "`@`",
	TokAssign: "`=`", TokQuestion: "`?`", TokNot: "`!`", TokPlus: "`+`", TokMinus: "`-`", TokMul: "`*`",
	TokDiv: "`/`", TokConcat: "`++`", TokUpdate: "`//`", TokEq: "`==`", TokNotEq: "`!=`", TokLess: "`<`",
	TokGreater: "`>`", TokLessEq: "`<=`", TokGreaterEq: "`>=`", TokAnd: "`&&`", TokOrOr: "`||`",
	TokImpl: "`->`", TokPipeInto: "`|>`", TokPipeFrom: "`<|`", TokIf: "`if`", TokThen: "`then`",
	TokElse: "`else`", TokAssert: "`assert`", TokWith: "`with`", TokLet: "`let`", TokIn: "`in`",
	TokRec: "`rec`", TokInherit: "`inherit`", TokOr: "`or`",
}

// String gives the kind as error messages name it.
func (k TokenKind) String() string { return tokenNames[k] }

// IsTrivia tells blanks and comments from tokens that mean something.
func (k TokenKind) IsTrivia() bool { return k <= lastTrivia }

// IsComment is true for both forms of comments.
func (k TokenKind) IsComment() bool { return k == TokLineComment || k == TokBlockComment }

// token is the stored form: where it ends and, in one word, its kind (low
// byte) and the number of the name it spells (0 for what is no name).
type token struct {
	end uint32
	ks  uint32
}

func (t token) kind() TokenKind { return TokenKind(t.ks) }
func (t token) sym() symbol     { return symbol(t.ks >> 8) }

// Token is one token of a file. The zero Token is no token.
type Token struct {
	f *File
	i uint32
}

// Valid is false for the zero Token.
func (t Token) Valid() bool { return t.f != nil }

// Kind of the token.
func (t Token) Kind() TokenKind { return t.f.toks[t.i].kind() }

// Span of the token in bytes.
func (t Token) Span() diag.Span {
	return diag.Span{Start: int(t.f.tokStart(t.i)), End: int(t.f.toks[t.i].end)}
}

// Text of the token as it is written.
func (t Token) Text() string { return string(t.f.src[t.f.tokStart(t.i):t.f.toks[t.i].end]) }

// Next token of the file, trivia included; not Valid after the last.
func (t Token) Next() Token {
	if int(t.i)+1 >= len(t.f.toks) {
		return Token{}
	}
	return Token{t.f, t.i + 1}
}

// Prev token of the file, trivia included; not Valid before the first.
func (t Token) Prev() Token {
	if t.i == 0 {
		return Token{}
	}
	return Token{t.f, t.i - 1}
}
