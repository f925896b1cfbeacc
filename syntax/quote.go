package syntax

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkText refuses what no Nix file can hold.
func checkText(s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return fmt.Errorf("text has a NUL byte at offset %d, which Nix cannot hold", i)
	}
	if utf8.ValidString(s) {
		return nil
	}
	i := 0
	for _, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			break
		}
		i += utf8.RuneLen(r)
	}
	return fmt.Errorf("text is not valid UTF-8 at offset %d", i)
}

var stringEscapes = strings.NewReplacer(
	`"`, `\"`, `\`, `\\`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`,
)

// QuoteString prints s as a string literal of one line.
func QuoteString(s string) (string, error) {
	if err := checkText(s); err != nil {
		return "", err
	}
	for i := range len(s) {
		switch s[i] {
		case '"', '\\', '$', '\n', '\r', '\t':
			return `"` + stringEscapes.Replace(s) + `"`, nil
		}
	}
	return `"` + s + `"`, nil
}

// indentedLines splits and escapes the lines of an indented string; the last
// one is what stands before the closing quotes. It reports false for texts that
// the form cannot carry (carriage returns, a common indentation of their own,
// lines of blanks) or would not make easier to read (a single line).
func indentedLines(s string) ([]string, bool) {
	if checkText(s) != nil || strings.Contains(s, "\r") {
		return nil, false
	}
	lines := strings.Split(s, "\n")
	if len(lines) < 2 || !keepsIndentation(lines) {
		return nil, false
	}
	for i, l := range lines {
		lines[i] = escapeIndented(l, i == len(lines)-1)
	}
	return lines, true
}

// keepsIndentation reports whether Nix, which removes the indentation common
// to all lines, leaves these as they are. Lines of blanks only are at the
// mercy of editors and are refused.
func keepsIndentation(lines []string) bool {
	flush := false
	for _, l := range lines {
		switch {
		case l == "":
		case strings.Trim(l, " ") == "":
			return false
		case l[0] != ' ':
			flush = true
		}
	}
	return flush
}

// escapeIndented escapes one line. A single quote that would touch the next
// two ones is written ”\'.
func escapeIndented(l string, last bool) string {
	if !strings.ContainsAny(l, "'$") {
		return l
	}
	var b strings.Builder
	for i := 0; i < len(l); {
		rest := l[i:]
		switch {
		case strings.HasPrefix(rest, "''"):
			b.WriteString("'''")
			i += 2
		case strings.HasPrefix(rest, "${"):
			b.WriteString("''${")
			i += 2
		case rest[0] == '\'' && (strings.HasPrefix(rest, "'${") || last && rest == "'"):
			b.WriteString(`''\'`)
			i++
		default:
			b.WriteByte(l[i])
			i++
		}
	}
	return b.String()
}

// writeIndented indents the text by `indent` blanks, and the closing quotes by
// two less.
func writeIndented(b *strings.Builder, lines []string, indent int) {
	b.WriteString("''")
	for i, l := range lines {
		b.WriteByte('\n')
		switch {
		case l != "":
			pad(b, indent)
			b.WriteString(l)
		case i == len(lines)-1:
			pad(b, indent-2)
		}
	}
	b.WriteString("''")
}

func pad(b *strings.Builder, n int) {
	for range n {
		b.WriteByte(' ')
	}
}

// IsIdentifier reports whether s can be written as a name without quotes.
// `or` is one to Nix in most places, but not in all.
func IsIdentifier(s string) bool {
	if s == "" || s[0] != '_' && !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '-' && c != '\'' {
			return false
		}
	}
	switch s {
	case "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or":
		return false
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// QuoteAttr prints one attribute name, quoted only where it must be.
func QuoteAttr(name string) (string, error) {
	if IsIdentifier(name) {
		return name, nil
	}
	return QuoteString(name)
}

// QuoteAttrPath prints a dotted path of attribute names.
func QuoteAttrPath(path []string) (string, error) {
	if len(path) == 0 {
		return "", errors.New("an attribute path needs at least one name")
	}
	if len(path) == 1 {
		return QuoteAttr(path[0])
	}
	parts := make([]string, len(path))
	for i, name := range path {
		q, err := QuoteAttr(name)
		if err != nil {
			return "", err
		}
		parts[i] = q
	}
	return strings.Join(parts, "."), nil
}

// QuoteInt prints any integer as an expression, which for the smallest one is
// a subtraction: Nix has no literal for it.
func QuoteInt(i int64) string {
	if i == math.MinInt64 {
		return "-9223372036854775807 - 1"
	}
	return strconv.FormatInt(i, 10)
}

// smallestNormal is the smallest float that Nix reads: it refuses literals
// that underflow.
const smallestNormal = 0x1p-1022

// QuoteFloat prints a finite float as an expression. What Nix has no literal
// for (negative zero, subnormal numbers) is an exact product.
func QuoteFloat(f float64) (string, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "", fmt.Errorf("the number %v cannot be written in Nix", f)
	case f == 0 && math.Signbit(f):
		return "0.0 * -1", nil
	case f != 0 && math.Abs(f) < smallestNormal:
		return floatLiteral(f*0x1p54) + " * " + floatLiteral(0x1p-54), nil
	}
	return floatLiteral(f), nil
}

// floatLiteral gives the shortest digits that read back as f, with the point
// that makes them a float to Nix.
func floatLiteral(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.Contains(s, ".") {
		return s
	}
	mant, exp, hasExp := strings.Cut(s, "e")
	if !hasExp {
		return s + ".0"
	}
	return mant + ".0e" + exp
}

// QuotePath prints a relative path. Components with characters outside of
// Nix's path literals become interpolated strings.
func QuotePath(path string) (string, error) {
	if !strings.HasPrefix(path, "./") && !strings.HasPrefix(path, "../") {
		return "", fmt.Errorf("path `%s` must start with `./` or `../`", path)
	}
	if err := checkText(path); err != nil {
		return "", err
	}
	parts := strings.Split(path, "/")
	for i, c := range parts {
		switch {
		case c == "":
			return "", fmt.Errorf("path `%s` has an empty component", path)
		case !plainInPath(c):
			q, err := QuoteString(c)
			if err != nil {
				return "", err
			}
			parts[i] = "${" + q + "}"
		}
	}
	return strings.Join(parts, "/"), nil
}

// plainInPath reports whether a component needs no quotes.
func plainInPath(c string) bool {
	for i := range len(c) {
		if b := c[i]; !isLetter(b) && !isDigit(b) && b != '.' && b != '_' && b != '-' && b != '+' {
			return false
		}
	}
	return true
}
