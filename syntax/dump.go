package syntax

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// maxDump bounds the text that Dump shows of a node, in bytes.
const maxDump = 60

// Dump writes the tree below n for people: a line per node with its kind, its
// range of bytes and, for nodes without children, its text.
func Dump(w io.Writer, n Node) error { return dump(w, n, "") }

func dump(w io.Writer, n Node, indent string) error {
	s := n.Span()
	if _, err := fmt.Fprintf(w, "%s%s %d-%d%s\n", indent, n.Kind(), s.Start, s.End, leafText(n)); err != nil {
		return err
	}
	for c := range n.Children() {
		if err := dump(w, c, indent+"  "); err != nil {
			return err
		}
	}
	return nil
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

// jsonNode is the form of a node in JSON. Offsets count bytes from 0.
type jsonNode struct {
	Kind     string     `json:"kind"`
	Start    int        `json:"start"`
	End      int        `json:"end"`
	Operator string     `json:"operator,omitempty"`
	Text     string     `json:"text,omitempty"`
	Children []jsonNode `json:"children,omitempty"`
}

// MarshalJSON gives the tree below n for programs: kind, start and end in
// bytes, the children, the text of nodes without children, and the operator
// of operations.
func (n Node) MarshalJSON() ([]byte, error) { return json.Marshal(n.toJSON()) }

func (n Node) toJSON() jsonNode {
	s := n.Span()
	j := jsonNode{Kind: n.Kind().String(), Start: s.Start, End: s.End}
	switch n.Kind() {
	case KindBinaryOp:
		j.Operator = BinaryOp{n}.OpToken().Text()
	case KindUnaryOp:
		j.Operator = n.First().Text()
	}
	if n.NumChildren() == 0 {
		j.Text = n.Text()
	}
	for c := range n.Children() {
		j.Children = append(j.Children, c.toJSON())
	}
	return j
}
