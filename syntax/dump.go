package syntax

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
)

// maxDump bounds the text that Dump shows of a node, in bytes.
const maxDump = 60

// maxIndent is the depth from which on Dump stops to indent further.
const maxIndent = 100

// Dump writes the tree below n for people: a line per node with its kind, its
// range of bytes and, for nodes without children, its text.
func Dump(w *bufio.Writer, n Node) { dump(w, n, 0) }

func dump(w *bufio.Writer, n Node, depth int) {
	s := n.Span()
	fmt.Fprintf(w, "%*s%s %d-%d%s\n", 2*min(depth, maxIndent), "", n.Kind(), s.Start, s.End, leafText(n))
	for c := range n.Children() {
		dump(w, c, depth+1)
	}
}

func leafText(n Node) string {
	text := n.Text()
	switch {
	case n.NumChildren() > 0 || text == "":
		return ""
	case len(text) > maxDump:
		text = strings.ToValidUTF8(text[:maxDump], "") + "…"
	}
	return fmt.Sprintf(" %q", text)
}

// WriteJSON writes the tree below n for programs: an object with the kind of
// the node, its start and end in bytes from 0, the operator of operations, the
// text of nodes without children, and the children.
func WriteJSON(w *bufio.Writer, n Node) {
	s := n.Span()
	fmt.Fprintf(w, `{"kind":"%s","start":%d,"end":%d`, n.Kind(), s.Start, s.End)
	switch n.Kind() {
	case KindBinaryOp:
		fmt.Fprintf(w, `,"operator":"%s"`, BinaryOp{n}.OpToken().Text())
	case KindUnaryOp:
		fmt.Fprintf(w, `,"operator":"%s"`, n.First().Text())
	}
	if n.NumChildren() == 0 {
		text, _ := json.Marshal(n.Text()) // a string always has a form
		fmt.Fprintf(w, `,"text":%s`, text)
	} else {
		writeChildren(w, n)
	}
	w.WriteByte('}')
}

func writeChildren(w *bufio.Writer, n Node) {
	sep := `,"children":[`
	for c := range n.Children() {
		w.WriteString(sep)
		WriteJSON(w, c)
		sep = ","
	}
	w.WriteByte(']')
}
