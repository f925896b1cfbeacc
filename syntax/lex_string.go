package syntax

import "bytes"

// stringPart reads the text of a string up to its end or an interpolation.
func (l *lexer) stringPart() {
	start := l.pos
	end := l.stringText(start)
	if end > start {
		l.checkNul(start, end)
		l.emit(TokStrText, end)
	}
	switch l.at(end) {
	case '"':
		l.emit(TokQuote, end+1)
		l.pop()
	case '$':
		l.emit(TokInterpOpen, end+2)
		l.push(modeBrace)
	}
}

// stringText returns where text from i on ends: at `"`, `${` or the end.
func (l *lexer) stringText(i int) int {
	for i < len(l.src) {
		switch l.src[i] {
		case '"':
			return i
		case '\\':
			i += 2
		case '$':
			switch l.at(i + 1) {
			case '{':
				return i
			case '"':
				return i + 1
			case '\\':
				i += 3
			default:
				i += 2
			}
		default:
			i++
		}
	}
	return len(l.src)
}

// indentedPart reads the text of an indented string up to its end or an
// interpolation.
func (l *lexer) indentedPart() {
	start := l.pos
	end := l.indentedText(start)
	if end > start {
		l.checkIndentedNul(start, end)
		l.emit(TokIndentText, end)
	}
	switch l.at(end) {
	case '\'':
		l.emit(TokIndentClose, end+2)
		l.pop()
	case '$':
		l.emit(TokInterpOpen, end+2)
		l.push(modeBrace)
	}
}

func (l *lexer) indentedText(i int) int {
	for i < len(l.src) {
		switch l.src[i] {
		case '$':
			if l.at(i+1) == '{' {
				return i
			}
			i += indentedDollar(l.at(i + 1))
		case '\'':
			n := l.indentedQuote(i)
			if n == 0 {
				return i
			}
			i += n
		default:
			i++
		}
	}
	return len(l.src)
}

// indentedDollar says how many bytes a `$` takes with it: `$$` and `$x` are
// read in pairs, so that `$${` is no interpolation.
func indentedDollar(next byte) int {
	if next == '\'' {
		return 1
	}
	return 2
}

// indentedQuote returns the length of the text that starts with the `'` at i,
// or 0 for the end of the string.
func (l *lexer) indentedQuote(i int) int {
	switch next := l.at(i + 1); {
	case next == '$':
		return 1
	case next != '\'':
		return 2
	}
	switch l.at(i + 2) {
	case '$', '\'':
		return 3
	case '\\':
		if i+3 < len(l.src) {
			return 4
		}
	}
	return 0
}

// checkNul reports NUL bytes in the text of a string. As for Nix, one after a
// backslash passes.
func (l *lexer) checkNul(start, end int) {
	text := l.src[start:end]
	for i := 0; i < len(text); i++ {
		n := bytes.IndexByte(text[i:], 0)
		if n < 0 {
			return
		}
		if i += n; !escapedAt(text, i) {
			l.report(start, start, end, "a string cannot contain a NUL byte")
			return
		}
	}
}

// escapedAt is true if an odd number of backslashes stands before text[i].
func escapedAt(text []byte, i int) bool {
	n := i
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (i-n)%2 == 1
}

// checkIndentedNul is checkNul for indented strings: Nix reports the piece
// between two escapes.
func (l *lexer) checkIndentedNul(start, end int) {
	if bytes.IndexByte(l.src[start:end], 0) < 0 {
		return
	}
	for p := range indentedPieces(l.src[start:end]) {
		s, e := start+p.start, start+p.end
		if p.plain && bytes.IndexByte(l.src[s:e], 0) >= 0 {
			l.report(s, s, e, "a string cannot contain a NUL byte")
		}
	}
}
