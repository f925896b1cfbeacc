package syntax

// The methods of this file are the grammar of Nix's parser.y, in its order
// and with its names where they say something. Each reads one construct and
// leaves one node on the stack, whatever it meets.

// expr: a function, let, with, assert, if, or an operation.
func (p *parser) expr() {
	if !p.descend() {
		return
	}
	defer p.ascend()
	switch p.kind {
	case TokIdent:
		if k := p.peek(); k == TokColon || k == TokAt {
			p.lambda()
			return
		}
	case TokLBrace:
		if p.atPattern() {
			p.lambda()
			return
		}
	case TokLet:
		if p.peek() != TokLBrace {
			p.let()
			return
		}
	case TokWith:
		p.prefixed(KindWith)
		return
	case TokAssert:
		p.prefixed(KindAssert)
		return
	case TokIf:
		p.ifElse()
		return
	}
	p.pipes()
}

// atPattern tells { a, b ? c, ... } from an attribute set.
func (p *parser) atPattern() bool {
	i := p.after(p.cur)
	k := p.toks[p.after(i)].kind()
	switch p.toks[i].kind() {
	case TokEllipsis:
		return true
	case TokRBrace:
		return k == TokColon || k == TokAt
	case TokIdent:
		return k == TokComma || k == TokQuestion || k == TokRBrace
	}
	return false
}

// lambda: x: body, { formals }: body, with @ on either side.
func (p *parser) lambda() {
	mark, first := p.open()
	if p.kind == TokIdent && p.peek() == TokColon {
		p.leaf(KindIdent)
	} else {
		p.pattern()
	}
	p.expect(TokColon)
	p.expr()
	p.close(KindLambda, mark, first)
}

// pattern: { formals }, { formals } @ x, x @ { formals }.
func (p *parser) pattern() {
	mark, first := p.open()
	if p.kind == TokIdent {
		p.leaf(KindIdent)
		p.expect(TokAt)
		p.formals()
	} else {
		p.formals()
		if p.accept(TokAt) {
			p.ident()
		}
	}
	p.close(KindPattern, mark, first)
}

func (p *parser) formals() {
	opener := p.cur
	if !p.expect(TokLBrace) {
		return
	}
	p.await(TokRBrace, 1)
	for p.kind == TokIdent {
		p.formal()
		if p.kind != TokRBrace && !p.expect(TokComma) && p.recoverTo(TokComma, TokRBrace) == TokComma {
			p.take()
		}
	}
	p.accept(TokEllipsis)
	p.await(TokRBrace, -1)
	p.closeBracket(TokRBrace, opener)
}

func (p *parser) formal() {
	mark, first := p.open()
	p.leaf(KindIdent)
	if p.accept(TokQuestion) {
		p.await(TokComma, 1)
		p.expr()
		p.await(TokComma, -1)
	}
	p.close(KindFormal, mark, first)
}

// prefixed: with x; body, assert x; body.
func (p *parser) prefixed(k Kind) {
	mark, first := p.open()
	p.take()
	p.await(TokSemicolon, 1)
	p.expr()
	p.await(TokSemicolon, -1)
	p.semicolon(k, first)
	p.expr()
	p.close(k, mark, first)
}

// let: let bindings in body.
func (p *parser) let() {
	mark, first := p.open()
	p.take()
	p.await(TokIn, 1)
	p.bindings(TokIn)
	p.await(TokIn, -1)
	p.closeBracket(TokIn, first)
	p.expr()
	p.close(KindLet, mark, first)
}

// ifElse: if x then y else z.
func (p *parser) ifElse() {
	mark, first := p.open()
	p.take()
	p.await(TokThen, 1)
	p.await(TokElse, 1)
	p.expr()
	p.await(TokThen, -1)
	p.keyword(TokThen, first)
	p.expr()
	p.await(TokElse, -1)
	p.keyword(TokElse, first)
	p.expr()
	p.close(KindIf, mark, first)
}

// pipes: x |> f |> g, f <| g <| x; the two do not mix.
func (p *parser) pipes() {
	mark, first := p.open()
	p.operation(1)
	switch p.kind {
	case TokPipeInto:
		for p.kind == TokPipeInto {
			p.notePipe()
			p.take()
			p.operation(1)
			p.close(KindBinaryOp, mark, first)
		}
	case TokPipeFrom:
		p.pipeFrom(mark, first)
	}
}

func (p *parser) pipeFrom(mark int, first uint32) {
	p.notePipe()
	p.take()
	if p.descend() {
		next, nextFirst := p.open()
		p.operation(1)
		if p.kind == TokPipeFrom {
			p.pipeFrom(next, nextFirst)
		}
		p.ascend()
	}
	p.close(KindBinaryOp, mark, first)
}

// notePipe remembers that the file needs the experimental pipe operators.
func (p *parser) notePipe() {
	if p.pipe == 0 {
		p.pipe = p.cur + 1
	}
}

type assoc uint8

const (
	left assoc = iota
	right
	none
)

// binary is the precedence and associativity of the operators.
var binary = [numTokenKinds]struct {
	prec  uint8
	assoc assoc
}{
	TokImpl: {1, right}, TokOrOr: {2, left}, TokAnd: {3, left}, TokEq: {4, none}, TokNotEq: {4, none},
	TokLess: {5, none}, TokGreater: {5, none}, TokLessEq: {5, none}, TokGreaterEq: {5, none},
	TokUpdate: {6, right}, TokPlus: {8, left}, TokMinus: {8, left}, TokMul: {9, left}, TokDiv: {9, left},
	TokConcat: {10, right}, TokQuestion: {11, none},
}

// Precedences of the operators with one operand.
const (
	precNot    = 7
	precNegate = 12
)

// operation: operators that bind at least as tightly as min.
func (p *parser) operation(min uint8) {
	mark, first := p.open()
	p.operand()
	for {
		op := binary[p.kind]
		switch {
		case op.prec < min || op.prec == 0:
			return
		case p.kind == TokQuestion:
			p.take()
			p.attrPath()
			p.close(KindHasAttr, mark, first)
		default:
			p.binaryOp(op.prec, op.assoc)
			p.close(KindBinaryOp, mark, first)
		}
	}
}

// binaryOp: an operator and what is right of it.
func (p *parser) binaryOp(prec uint8, a assoc) {
	p.take()
	if a != right {
		p.operation(prec + 1)
	} else if p.descend() {
		p.operation(prec)
		p.ascend()
	}
	if a == none && binary[p.kind].prec == prec {
		p.notAssociative()
	}
}

// operand: !x, -x, or an application.
func (p *parser) operand() {
	switch p.kind {
	case TokNot:
		p.unaryOp(precNot)
	case TokMinus:
		p.unaryOp(precNegate)
	default:
		p.application()
	}
}

func (p *parser) unaryOp(prec uint8) {
	mark, first := p.open()
	p.take()
	if p.descend() {
		p.operation(prec)
		p.ascend()
	}
	p.close(KindUnaryOp, mark, first)
}

// startsSimple are the tokens with which a simple expression starts.
var startsSimple = [numTokenKinds]bool{
	TokIdent: true, TokInt: true, TokFloat: true, TokURI: true, TokPath: true, TokHomePath: true,
	TokSearchPath: true, TokPathStart: true, TokHomeStart: true, TokQuote: true, TokIndentOpen: true,
	TokLBrace: true, TokLBracket: true, TokLParen: true, TokLet: true, TokRec: true,
}

// application: a function and its arguments.
func (p *parser) application() {
	mark, first := p.open()
	p.selection()
	if !startsSimple[p.kind] {
		return
	}
	for startsSimple[p.kind] {
		p.selection()
	}
	p.close(KindApply, mark, first)
}

// selection: x.path, x.path or default, and x or, which applies x to a
// variable of the name or.
func (p *parser) selection() {
	mark, first := p.open()
	p.simple()
	switch p.kind {
	case TokDot:
		p.take()
		p.attrPath()
		if p.kind == TokOr {
			p.orDefault()
		}
		p.close(KindSelect, mark, first)
	case TokOr:
		p.leaf(KindIdent)
		p.close(KindApply, mark, first)
	}
}

func (p *parser) orDefault() {
	p.take()
	if p.descend() {
		p.selection()
		p.ascend()
	}
}

// simple: names, literals and whatever has brackets around it.
func (p *parser) simple() {
	switch p.kind {
	case TokIdent:
		p.leaf(KindIdent)
	case TokInt:
		p.leaf(KindInt)
	case TokFloat:
		p.leaf(KindFloat)
	case TokURI:
		p.leaf(KindURI)
	case TokPath, TokHomePath, TokSearchPath:
		p.leaf(KindPath)
	case TokPathStart, TokHomeStart:
		p.path()
	case TokQuote:
		p.str(KindStr, TokStrText, TokQuote)
	case TokIndentOpen:
		p.str(KindIndentedStr, TokIndentText, TokIndentClose)
	case TokLParen:
		p.paren()
	case TokLBracket:
		p.list()
	case TokLBrace, TokRec:
		p.attrSet(KindAttrSet)
	case TokLet:
		p.attrSet(KindLegacyLet)
	default:
		p.missing()
	}
}

// str: text and interpolations up to the closing quote.
func (p *parser) str(k Kind, text, closer TokenKind) {
	mark, opener := p.open()
	p.take()
	for p.kind == text || p.kind == TokInterpOpen {
		if p.kind == text {
			p.take()
		} else {
			p.interp()
		}
	}
	p.closeBracket(closer, opener)
	p.close(k, mark, opener)
}

// path: text with at least one interpolation, the first of which comes after
// one piece of text or two.
func (p *parser) path() {
	mark, first := p.open()
	p.take()
	p.accept(TokPathText)
	if p.kind != TokInterpOpen {
		p.unexpected("`${`")
	}
	for p.kind == TokPathText || p.kind == TokInterpOpen {
		if p.kind == TokPathText {
			p.take()
		} else {
			p.interp()
		}
	}
	p.accept(TokPathEnd)
	p.close(KindPath, mark, first)
}

// interp: ${x}.
func (p *parser) interp() { p.enclosed(KindInterp, TokRBrace) }

func (p *parser) paren() { p.enclosed(KindParen, TokRParen) }

func (p *parser) enclosed(k Kind, closer TokenKind) {
	mark, opener := p.open()
	p.take()
	p.await(closer, 1)
	p.expr()
	p.await(closer, -1)
	p.closeBracket(closer, opener)
	p.close(k, mark, opener)
}

// list: [ elements ].
func (p *parser) list() {
	mark, opener := p.open()
	p.take()
	p.await(TokRBracket, 1)
	if p.descend() {
		for p.kind != TokRBracket && p.elements(opener) {
		}
		p.ascend()
	}
	p.await(TokRBracket, -1)
	p.closeBracket(TokRBracket, opener)
	p.close(KindList, mark, opener)
}

// elements reads elements as far as it can; it is true if after an error
// there may be more.
func (p *parser) elements(opener uint32) bool {
	for startsSimple[p.kind] {
		p.selection()
	}
	if p.kind == TokRBracket {
		return true
	}
	p.unclosed(p.unexpected("`]`"), opener)
	return p.skipTo(func(k TokenKind) bool { return k == TokRBracket || startsSimple[k] })
}

// attrSet: { bindings }, rec { bindings }, let { bindings }.
func (p *parser) attrSet(k Kind) {
	mark, first := p.open()
	if p.kind != TokLBrace {
		p.take()
	}
	opener := p.cur
	if p.expect(TokLBrace) {
		p.await(TokRBrace, 1)
		if p.descend() {
			p.bindings(TokRBrace)
			p.ascend()
		}
		p.await(TokRBrace, -1)
		p.closeBracket(TokRBrace, opener)
	}
	p.close(k, mark, first)
}

// bindings: path = value; and inherit, up to closer.
func (p *parser) bindings(closer TokenKind) {
	for p.kind != closer {
		switch p.kind {
		case TokInherit:
			p.inherit()
		case TokIdent, TokOr, TokQuote, TokInterpOpen:
			p.binding()
		default:
			p.unexpected(closer.String())
			if !p.skipTo(startsBinding) {
				return
			}
		}
	}
}

func startsBinding(k TokenKind) bool {
	return k == TokInherit || k == TokIdent || k == TokQuote
}

// binding: path = value;
func (p *parser) binding() {
	mark, first := p.open()
	p.await(TokSemicolon, 1)
	p.attrPath()
	if p.expect(TokAssign) || p.recoverTo(TokAssign, TokSemicolon) == TokAssign && p.accept(TokAssign) {
		p.expr()
	}
	p.await(TokSemicolon, -1)
	p.semicolon(KindBinding, first)
	p.close(KindBinding, mark, first)
}

// inherit: inherit names; and inherit (x) names;
func (p *parser) inherit() {
	mark, first := p.open()
	p.take()
	p.await(TokSemicolon, 1)
	if p.kind == TokLParen {
		p.enclosed(KindInheritFrom, TokRParen)
	}
	for startsAttr(p.kind) {
		p.attr()
	}
	p.await(TokSemicolon, -1)
	p.semicolon(KindInherit, first)
	p.close(KindInherit, mark, first)
}

// attrPath: a."b".${c}.
func (p *parser) attrPath() {
	mark, first := p.open()
	p.attr()
	for p.accept(TokDot) {
		p.attr()
	}
	p.close(KindAttrPath, mark, first)
}

func startsAttr(k TokenKind) bool {
	return k == TokIdent || k == TokOr || k == TokQuote || k == TokInterpOpen
}

// attr: a name, a string, or an interpolation.
func (p *parser) attr() {
	p.numAttrs++
	switch p.kind {
	case TokQuote:
		p.str(KindStr, TokStrText, TokQuote)
	case TokInterpOpen:
		p.interp()
	case TokIdent, TokOr:
		p.leaf(KindIdent)
	default:
		p.missing()
	}
}

func (p *parser) ident() {
	if p.kind == TokIdent {
		p.leaf(KindIdent)
	} else {
		p.missing()
	}
}
