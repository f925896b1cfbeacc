package syntax

import (
	"bytes"
	"fmt"

	"nixgen/diag"
)

// Recovery: after an error the parser goes on at the next token that the
// construct at hand or one around it waits for. What is skipped becomes a node
// of KindError. One error is reported per token at most, so that each report
// is followed by progress.

// descend enters a level of nesting; where there are too many, it gives up on
// the rest of the file and leaves an empty error node.
func (p *parser) descend() bool {
	if p.depth < maxDepth {
		p.depth++
		return true
	}
	p.fail(fmt.Sprintf("expressions are nested more than %d levels deep", maxDepth))
	mark, first := p.open()
	for p.kind != TokEOF {
		p.take()
	}
	p.failedAt = p.cur + 1
	p.close(KindError, mark, first)
	return false
}

func (p *parser) ascend() { p.depth-- }

// await notes that an enclosing construct waits for tokens of kind k.
func (p *parser) await(k TokenKind, by int) { p.awaited[k] += uint16(by) }

func (p *parser) accept(k TokenKind) bool {
	if p.kind != k {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(k TokenKind) bool {
	if p.kind == k {
		p.take()
		return true
	}
	p.unexpected(k.String())
	return false
}

// unexpected reports that the current token cannot stand where it does.
func (p *parser) unexpected(want string) *diag.Diagnostic {
	msg := "unexpected " + p.kind.String()
	if p.kind == TokInvalid {
		msg += fmt.Sprintf(" %q", p.src[p.start(p.cur):p.toks[p.cur].end])
	}
	if want != "" {
		msg += ", expected " + want
	}
	return p.fail(msg)
}

// fail reports an error at the current token, unless there is one already; it
// returns nil then.
func (p *parser) fail(msg string) *diag.Diagnostic {
	if p.failedAt == p.cur+1 {
		return nil
	}
	p.failedAt = p.cur + 1
	start, end := p.start(p.cur), int(p.toks[p.cur].end)
	when := moment(start, whenUnfit)
	switch p.kind {
	case TokEOF:
		start = min(p.eofPos, len(p.src))
		end = start
	case TokPathEnd:
		start = p.pathEndPos()
	}
	return p.problem(when, start, end, msg)
}

// pathEndPos is where Nix sees the end of a path: at its last piece, at the
// end of the file at the one before.
func (p *parser) pathEndPos() int {
	i := p.cur - 1
	if p.start(p.cur) == len(p.src) && i > 0 {
		i--
	}
	return p.start(i)
}

// missing reports that an expression or a name should be here, and leaves an
// empty error node for it.
func (p *parser) missing() {
	p.unexpected("")
	p.stack = append(p.stack, uint32(len(p.nodes)))
	p.nodes = append(p.nodes, node{kind: KindError, first: p.cur, end: p.cur})
}

// closer are the brackets that skipping must keep together.
var closer = [numTokenKinds]TokenKind{
	TokLBrace: TokRBrace, TokInterpOpen: TokRBrace, TokLBracket: TokRBracket, TokLParen: TokRParen,
	TokQuote: TokQuote, TokIndentOpen: TokIndentClose, TokPathStart: TokPathEnd, TokHomeStart: TokPathEnd,
}

// skipTo skips tokens, at least one, up to one that wanted accepts or that an
// enclosing construct waits for. It is true if it stopped at a wanted one.
func (p *parser) skipTo(wanted func(TokenKind) bool) bool {
	mark, first := p.open()
	defer func() {
		if p.prev > first {
			p.close(KindError, mark, first)
		}
	}()
	for moved := false; p.kind != TokEOF; moved = true {
		if p.awaited[p.kind] > 0 && p.kind != TokComma {
			return wanted(p.kind) && moved
		}
		if moved && wanted(p.kind) {
			return true
		}
		p.skipOne()
	}
	return false
}

// skipOne takes the current token; with what belongs to it if it opens a
// bracket.
func (p *parser) skipOne() {
	var stack []TokenKind
	for p.kind != TokEOF {
		k := p.kind
		switch {
		case len(stack) > 0 && k == stack[len(stack)-1]:
			stack = stack[:len(stack)-1]
		case closer[k] != 0 && closer[k] != k || k == TokQuote:
			stack = append(stack, closer[k])
		case len(stack) > 0 && p.awaited[k] > 0 && isCloser(k):
			return
		}
		p.take()
		if len(stack) == 0 {
			return
		}
	}
}

func isCloser(k TokenKind) bool {
	return k == TokRBrace || k == TokRBracket || k == TokRParen || k == TokIn
}

// recoverTo skips to one of two tokens and returns which it found, or the
// token at which an enclosing construct goes on.
func (p *parser) recoverTo(a, b TokenKind) TokenKind {
	if p.kind != a && p.kind != b {
		p.skipTo(func(k TokenKind) bool { return k == a || k == b })
	}
	return p.kind
}

// closeBracket takes the closing token for opener. If something else is there,
// it says where the bracket was opened, and skips to the closing token if none
// is open around that would be passed.
func (p *parser) closeBracket(k TokenKind, opener uint32) {
	if p.accept(k) {
		return
	}
	p.unclosed(p.unexpected(k.String()), opener)
	p.await(k, 1)
	if p.kind != TokEOF {
		p.skipTo(func(t TokenKind) bool { return t == k })
	}
	p.await(k, -1)
	p.accept(k)
}

// unclosed notes at an error what was opened and not closed. At the end of the
// file that is added to an error which the innermost of the open constructs
// has told already.
func (p *parser) unclosed(d *diag.Diagnostic, opener uint32) {
	if n := len(p.problems); d == nil && n > 0 && p.kind == TokEOF && len(p.problems[n-1].d.Notes) == 0 {
		d = &p.problems[n-1].d
	}
	if d != nil {
		d.Notes = append(d.Notes, p.openedHere(opener))
	}
}

func (p *parser) openedHere(opener uint32) diag.Note {
	return diag.Note{
		Span:    diag.Span{Start: p.start(opener), End: int(p.toks[opener].end)},
		Message: "for " + p.toks[opener].kind().String() + " opened here",
	}
}

// keyword takes then or else.
func (p *parser) keyword(k TokenKind, first uint32) {
	if p.accept(k) {
		return
	}
	p.unclosed(p.unexpected(k.String()), first)
	p.recoverTo(k, k)
	p.accept(k)
}

// semicolon takes the `;` of the construct k that starts at token first.
func (p *parser) semicolon(k Kind, first uint32) {
	if p.accept(TokSemicolon) {
		return
	}
	if d := p.unexpected("`;`"); d != nil {
		p.suggestSemicolon(d, first)
	}
	if k == KindBinding && p.kind == TokInherit {
		return
	}
	p.recoverTo(TokSemicolon, TokSemicolon)
	p.accept(TokSemicolon)
}

// suggestSemicolon adds a note and a fix where a `;` is likely missing: before
// the token that ends the bindings or starts the next one.
func (p *parser) suggestSemicolon(d *diag.Diagnostic, first uint32) {
	at := p.prev - 1
	switch p.kind {
	case TokRBrace, TokIn, TokInherit:
	case TokAssign:
		at = p.beforePath(first)
		if !p.lineEndsAfter(at) {
			return
		}
	default:
		return
	}
	if at <= first {
		return
	}
	end := int(p.toks[at].end)
	span := diag.Span{Start: end, End: end}
	d.Notes = append(d.Notes, diag.Note{Span: span, Message: "a `;` is likely missing here"})
	d.Fixes = append(d.Fixes, diag.Fix{Message: "insert `;`", Edits: []diag.Edit{{Span: span, New: ";"}}})
}

// lineEndsAfter is true if the token after token i is on a later line.
func (p *parser) lineEndsAfter(i uint32) bool {
	return bytes.IndexByte(p.src[p.toks[i].end:p.start(p.after(i))], '\n') >= 0
}

// beforePath is the last token before the attribute path that ends before the
// current token.
func (p *parser) beforePath(first uint32) uint32 {
	i := p.before(p.cur)
	for i > first && p.toks[p.before(i)].kind() == TokDot {
		i = p.before(p.before(i))
	}
	return p.before(i)
}

func (p *parser) before(i uint32) uint32 {
	for i > 0 {
		if i--; p.toks[i].kind() > lastTrivia {
			break
		}
	}
	return i
}

// notAssociative reports a == b == c, and goes on.
func (p *parser) notAssociative() {
	p.unexpected("")
}
