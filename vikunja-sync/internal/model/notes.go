package model

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/text"
	xhtml "golang.org/x/net/html"
)

// block is one top level element of a description: its source bytes, the
// Markdown a Taskwarrior user reads and edits, and what follows and shows
// nothing (empty paragraphs, with which people make room).
type block struct{ src, text, tail string }

// blocks cuts a description at its top level elements without changing a byte:
// lead and the sources and tails joined are the description, unless it ends in
// markup that shows nothing and is not closed.
func blocks(src string) (lead string, out []block) {
	for _, part := range cutTop(src) {
		text, err := toMarkdown.ConvertString(part)
		if err != nil {
			text = CommentText(part)
		}
		text = TextToTW(strings.TrimSpace(text))
		switch {
		case text != "":
			out = append(out, block{src: part, text: text})
		case !balanced(part): // would swallow what comes after it
		case len(out) > 0:
			out[len(out)-1].tail += part
		default:
			lead += part
		}
	}
	return lead, out
}

// balanced reports that every tag is closed in its order or needs no closing.
func balanced(src string) bool {
	z, pos := xhtml.NewTokenizer(strings.NewReader(src)), 0
	var open []string
	for {
		tt := z.Next()
		if tt == xhtml.ErrorToken {
			return pos == len(src) && len(open) == 0
		}
		pos += len(z.Raw())
		name, _ := z.TagName()
		switch {
		case tt == xhtml.StartTagToken && !voidElement(string(name)):
			open = append(open, string(name))
		case tt == xhtml.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return false
			}
			open = open[:len(open)-1]
		}
	}
}

// tag is what no text without markup holds.
var tag = regexp.MustCompile(`<[A-Za-z/!]`)

// NotesText renders a stored description as Markdown. Plain text, which many
// scripts store, stays as it is.
func NotesText(src string) string {
	if !tag.MatchString(src) {
		return TextToTW(strings.TrimSpace(src))
	}
	var parts []string
	_, bs := blocks(src)
	for _, b := range bs {
		parts = append(parts, b.text)
	}
	return TextToTW(strings.Join(parts, "\n\n"))
}

// SameNotes reports that a text says what the description does, in the typist's
// own Markdown: `* a` is `- a`.
func SameNotes(text, src string) bool {
	shown := NotesText(src)
	return text == shown || NotesText(NotesHTML(text, src)) == shown
}

// KeepTyped is the text of a description in which the paragraphs that are in
// typed too are written as there.
func KeepTyped(src, typed string) string {
	shown, own, known := NotesText(src), map[string][]string{}, map[string]bool{}
	for _, t := range splitText(typed, nil) {
		key := NotesText(markdownHTML(t))
		own[key], known[key] = append(own[key], t), true
	}
	var out []string
	for _, t := range splitText(shown, known) {
		if was := own[t]; len(was) > 0 {
			t, own[t] = was[0], was[1:]
		}
		out = append(out, t)
	}
	if kept := strings.Join(out, "\n\n"); SameNotes(kept, src) {
		return kept
	}
	return shown
}

// NotesHTML gives the description for an edited text. Blocks whose text did
// not change keep their bytes, so that what Markdown cannot say (underlines,
// mentions, colours) is lost at most in the paragraph or the list item that
// was edited.
func NotesHTML(text, oldSrc string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if oldSrc != "" && NotesText(oldSrc) == text {
		return oldSrc
	}
	lead, old := blocks(oldSrc)
	free, known := map[string][]int{}, map[string]bool{}
	for i, b := range old {
		free[b.text], known[b.text] = append(free[b.text], i), true
	}
	parts := splitText(strings.ReplaceAll(text, "\r\n", "\n"), known)
	from, kept := make([]int, len(parts)), map[int]bool{}
	for i, p := range parts {
		from[i] = -1
		if l := free[p]; len(l) > 0 && (i == len(parts)-1 || balanced(old[l[0]].src)) {
			from[i], free[p], kept[l[0]] = l[0], l[1:], true
		}
	}
	var out strings.Builder
	out.WriteString(lead)
	next := 0 // the block whose place an edited one takes
	for i, p := range parts {
		switch {
		case from[i] >= 0:
			next = from[i]
			out.WriteString(old[next].src + old[next].tail)
			next++
		case next < len(old) && !kept[next]:
			out.WriteString(editedHTML(p, old[next].src) + old[next].tail)
			next++
		default:
			out.WriteString(markdownHTML(p))
		}
	}
	return out.String()
}

// splitText cuts the text at blank lines, keeping together what was one block
// before (a paragraph with an empty line, a table) and what is one in Markdown
// (a list, its paragraphs and code between blank lines).
func splitText(text string, known map[string]bool) []string {
	parts := strings.Split(text, "\n\n")
	begins := beginners(text, parts)
	join := func(from, n int) string { return strings.Trim(strings.Join(parts[from:from+n], "\n\n"), "\n") }
	var sizes []int // of the known blocks with blank lines, the largest first
	for k := range known {
		sizes = append(sizes, strings.Count(k, "\n\n")+1)
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	sizes = slices.Compact(sizes)
	var out []string
	for i := 0; i < len(parts); {
		n := 1
		ends := func(end int) bool { return end == len(parts) || begins[end] || !indented.MatchString(parts[end]) }
		if s := slices.IndexFunc(sizes, func(s int) bool { return i+s <= len(parts) && known[join(i, s)] && ends(i+s) }); s >= 0 {
			n = sizes[s]
		} else {
			for i+n < len(parts) && !begins[i+n] && !(listItem.MatchString(join(i+n, 1)) && known[join(i+n, 1)]) {
				n++
			}
		}
		if piece := join(i, n); strings.TrimSpace(piece) != "" {
			out = append(out, piece)
		}
		i += n
	}
	return out
}

// listItem begins a list; two that were apart stay so. indented goes on in one.
var (
	listItem = regexp.MustCompile(`^([-*+]|[0-9]+[.)]) `)
	indented = regexp.MustCompile(`^\n*[ \t]`)
)

// topLines tells at which offsets a line begins a block of Markdown that is in
// no other.
func topLines(s string) map[int]bool {
	out := map[int]bool{}
	doc := markdown.Parser().Parse(text.NewReader([]byte(s)))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if at := n.Pos(); at >= 0 && at <= len(s) {
			out[strings.LastIndexByte(s[:at], '\n')+1] = true
		}
	}
	return out
}

// beginners tells which parts of a text begin a block of Markdown: a blank one
// does if the next does or none follows.
func beginners(text string, parts []string) []bool {
	tops, out := topLines(text), make([]bool, len(parts))
	at := len(text) + 2
	for i, p := range slices.Backward(parts) {
		at -= len(p) + 2
		line, ok := firstLine(p)
		out[i] = ok && tops[at+line] || !ok && (i+1 == len(parts) || out[i+1])
	}
	return out
}

// firstLine is the offset of the first line that is not blank, if there is one.
func firstLine(s string) (at int, ok bool) {
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) != "" {
			return at, true
		}
		at += len(line)
	}
	return 0, false
}

// list is the source of one list, cut at its items.
type list struct {
	open, end string
	items     []string
	kind      string // element, type and first number
}

// cutList is ok if src is one list and nothing else.
func cutList(src string) (l list, ok bool) {
	z := xhtml.NewTokenizer(strings.NewReader(src))
	pos, start, depth := 0, 0, 0
	for {
		tt := z.Next()
		if tt == xhtml.ErrorToken {
			return l, ok && strings.TrimSpace(src[start:]) == ""
		}
		pos += len(z.Raw())
		switch t := z.Token(); {
		case tt == xhtml.StartTagToken && voidElement(t.Data):
		case tt == xhtml.StartTagToken:
			if depth++; depth == 1 {
				if ok || (t.Data != "ul" && t.Data != "ol") || strings.TrimSpace(src[:pos-len(z.Raw())]) != "" {
					return l, false
				}
				l.open, start, l.kind = src[:pos], pos, t.Data
				for _, a := range t.Attr {
					if a.Key == "data-type" || a.Key == "start" {
						l.kind += " " + a.Key + "=" + a.Val
					}
				}
			}
		case tt == xhtml.EndTagToken:
			switch depth--; {
			case depth == 1 && t.Data == "li":
				l.items, start = append(l.items, src[start:pos]), pos
			case depth == 0:
				l.end, start, ok = src[start:pos], pos, true
			}
		}
	}
}

// editedHTML renders a block that takes the place of another. The items of a
// list that are as they were keep their bytes.
func editedHTML(text, oldSrc string) string {
	src := markdownHTML(text)
	now, ok := cutList(src)
	was, wasOK := cutList(oldSrc)
	if !ok || !wasOK || now.kind != was.kind {
		return src
	}
	shown := func(item string) string { return NotesText("<ul>" + item + "</ul>") }
	known := map[string][]string{}
	for _, it := range was.items {
		known[shown(it)] = append(known[shown(it)], it)
	}
	var out strings.Builder
	out.WriteString(was.open)
	for _, it := range now.items {
		if key := shown(it); len(known[key]) > 0 {
			it, known[key] = known[key][0], known[key][1:]
		}
		out.WriteString(it)
	}
	out.WriteString(was.end)
	return out.String()
}
