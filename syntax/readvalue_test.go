package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// readValue reads the part of Nix that Values can express and nothing else.
// It is kept apart from the parser on purpose: what is printed is judged by a
// reader that shares no code with it.
func readValue(src string) (v Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not a value: %v", r)
		}
	}()
	r := &valueReader{s: src}
	v = r.value()
	if r.skip(); r.s != "" {
		panic(r.s)
	}
	return v, nil
}

type valueReader struct{ s string }

func (r *valueReader) skip() { r.s = strings.TrimLeft(r.s, " \n") }

func (r *valueReader) got(prefix string) bool {
	r.skip()
	rest, ok := strings.CutPrefix(r.s, prefix)
	r.s = rest
	return ok
}

func (r *valueReader) want(prefix string) {
	if !r.got(prefix) {
		panic("no " + prefix + " at " + r.s)
	}
}

func (r *valueReader) value() Value {
	switch {
	case r.got("["):
		l := List{}
		for !r.got("]") {
			l = append(l, r.value())
		}
		return l
	case r.got("{"):
		as := Attrs{}
		for !r.got("}") {
			as = append(as, r.attr())
		}
		return as
	case r.got("("):
		v := r.value()
		r.want(")")
		return v
	case r.got("''"):
		return r.lines()
	case r.got(`"`):
		return String(r.quoted())
	}
	return r.scalar()
}

func (r *valueReader) attr() Attr {
	a := Attr{Path: []string{r.name()}}
	for r.got(".") {
		a.Path = append(a.Path, r.name())
	}
	r.want("=")
	a.Value = r.value()
	r.want(";")
	return a
}

func (r *valueReader) name() string {
	if r.got(`"`) {
		return r.quoted()
	}
	if n := r.word("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"); n != "" && n != "inherit" {
		return n
	}
	panic("no name at " + r.s)
}

func (r *valueReader) word(chars string) string {
	r.skip()
	n := len(r.s) - len(strings.TrimLeft(r.s, chars))
	w := r.s[:n]
	r.s = r.s[n:]
	return w
}

func (r *valueReader) quoted() string {
	var b strings.Builder
	for i := 0; ; i++ {
		switch c := r.s[i]; {
		case c == '"':
			r.s = r.s[i+1:]
			return b.String()
		case c == '\\':
			i++
			b.WriteString(map[byte]string{'n': "\n", 't': "\t", 'r': "\r"}[r.s[i]])
			if strings.IndexByte("ntr", r.s[i]) < 0 {
				b.WriteByte(r.s[i])
			}
		case c == '\n', strings.HasPrefix(r.s[i:], "${"):
			panic("interpolation or raw newline")
		default:
			b.WriteByte(c)
		}
	}
}

// lines removes the common indentation; of the escapes it knows those of the
// recorded inputs.
func (r *valueReader) lines() Value {
	end := 0
	for !strings.HasPrefix(r.s[end:], "''") || strings.ContainsAny(r.s[end+2:end+3], `'$\`) {
		if strings.HasPrefix(r.s[end:], "''") {
			end++
		}
		end++
	}
	text := strings.TrimPrefix(r.s[:end], "\n")
	r.s = r.s[end+2:]
	lines := strings.Split(text, "\n")
	common := len(text)
	for _, l := range lines {
		if body := strings.TrimLeft(l, " "); body != "" {
			common = min(common, len(l)-len(body))
		}
	}
	for i, l := range lines {
		lines[i] = l[min(common, len(l)):]
	}
	return Lines(strings.NewReplacer("''${", "${", "'''", "''", `''\n`, "\n").Replace(strings.Join(lines, "\n")))
}

func (r *valueReader) scalar() Value {
	w := r.word("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789./-")
	switch w {
	case "null":
		return Null{}
	case "true", "false":
		return Bool(w == "true")
	}
	if strings.HasPrefix(w, "./") || strings.HasPrefix(w, "../") {
		return Path(w)
	}
	if i, err := strconv.ParseInt(w, 10, 64); err == nil {
		return Int(i)
	}
	f, err := strconv.ParseFloat(w, 64)
	if err != nil {
		panic("no scalar: " + w)
	}
	return Float(f)
}
