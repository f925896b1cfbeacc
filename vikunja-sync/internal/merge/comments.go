package merge

import (
	"slices"

	"vikunja-sync/internal/model"
)

// Link joins an annotation and a comment, with both texts as last agreed.
type Link struct {
	TW     string `json:"tw"` // entry
	VK     string `json:"vk"` // id
	TWText string `json:"a"`
	VKText string `json:"b"`
	// Hidden: removed in Taskwarrior, but another account's and so still
	// there; it stays away until its author edits it.
	Hidden bool `json:"h,omitempty"`
}

// CommentKind is what to do with one annotation or comment.
type CommentKind int

const (
	LinkComment   CommentKind = iota // nothing to write: remember that they are one
	AddComment                       // write the text to the target
	SetComment                       // replace the text at the target
	DelComment                       // remove at the target
	ForgetComment                    // both are gone
)

// CommentOp is one step; Target is the side to write. TW and VK are the keys
// where they are known.
type CommentOp struct {
	Kind   CommentKind
	Target Side
	TW, VK string
	Text   string
	// Foreign: another account's comment cannot be changed; the step is
	// reported instead of made.
	Foreign bool
}

// comments pairs what is linked, then equal texts, and carries over the rest.
func comments(in Input, r *Result) {
	tw, vk := index(in.TW.Comments), index(in.VK.Comments)
	for _, l := range in.Links {
		a, okA := tw[l.TW]
		b, okB := vk[l.VK]
		delete(tw, l.TW)
		delete(vk, l.VK)
		linked(in, r, l, a, b, okA, okB)
	}
	for _, a := range in.TW.Comments {
		if _, free := tw[a.ID]; !free {
			continue
		}
		b, found := sameText(in.VK.Comments, vk, a.Text)
		if found {
			delete(vk, b.ID)
			r.Comments = append(r.Comments, CommentOp{Kind: LinkComment, Target: Vikunja, TW: a.ID, VK: b.ID, Text: a.Text})
			continue
		}
		r.Comments = append(r.Comments, CommentOp{Kind: AddComment, Target: Vikunja, TW: a.ID, Text: a.Text})
	}
	for _, b := range in.VK.Comments {
		if _, free := vk[b.ID]; free {
			r.Comments = append(r.Comments, CommentOp{Kind: AddComment, Target: Taskwarrior, VK: b.ID, Text: b.Text})
		}
	}
}

// commentStep does something to one pair of comments.
type commentStep struct {
	op CommentOp
	r  *Result
}

func (s *commentStep) add(k CommentKind, target Side, text string) {
	s.op.Kind, s.op.Target, s.op.Text = k, target, text
	s.r.Comments = append(s.r.Comments, s.op)
}

// lost records the text that did not win.
func (s *commentStep) lost(winner Side, kept, gone string) {
	s.r.Conflicts = append(s.r.Conflicts, Conflict{Field: "comment", Winner: winner, Kept: kept, Lost: gone})
}

// linked merges two comments that belong together; ok tells whether each is
// still there.
func linked(in Input, r *Result, l Link, a, b model.Comment, okA, okB bool) {
	do := commentStep{CommentOp{TW: l.TW, VK: l.VK, Foreign: b.Foreign}, r}
	aCh, bCh := okA && a.Text != l.TWText, okB && b.Text != l.VKText
	if l.Hidden {
		if bCh {
			r.Comments = append(r.Comments, CommentOp{Kind: AddComment, Target: Taskwarrior, VK: l.VK, Text: b.Text})
		}
		if okB {
			return
		}
		okA = false
	}
	if apart := okA && !aCh && l.TWText != l.VKText; apart && (!okB || (bCh && b.Foreign && a.Text != b.Text)) {
		do.lost(Vikunja, b.Text, a.Text) // changed here alone, where it cannot be changed there: no other copy is left
	}
	switch {
	case !okA && !okB:
		do.add(ForgetComment, Vikunja, "")
	case !okA && bCh: // removed here, edited there: the edit stays
		do.lost(Vikunja, b.Text, "")
		do.op.TW = ""
		do.add(AddComment, Taskwarrior, b.Text)
	case !okA:
		do.add(DelComment, Vikunja, "")
	case !okB && aCh:
		do.lost(Taskwarrior, a.Text, "")
		do.op.VK, do.op.Foreign = "", false
		do.add(AddComment, Vikunja, a.Text)
	case !okB:
		do.add(DelComment, Taskwarrior, "")
	case aCh && bCh && a.Text == b.Text:
		do.add(LinkComment, Vikunja, a.Text)
	case aCh && bCh && (in.Winner == Vikunja || b.Foreign):
		do.lost(Vikunja, b.Text, a.Text)
		do.add(SetComment, Taskwarrior, b.Text)
	case aCh && bCh:
		do.lost(Taskwarrior, a.Text, b.Text)
		do.add(SetComment, Vikunja, a.Text)
	case aCh:
		do.add(SetComment, Vikunja, a.Text)
	case bCh:
		do.add(SetComment, Taskwarrior, b.Text)
	}
}

func index(cs []model.Comment) map[string]model.Comment {
	m := make(map[string]model.Comment, len(cs))
	for _, c := range cs {
		m[c.ID] = c
	}
	return m
}

func sameText(cs []model.Comment, free map[string]model.Comment, text string) (model.Comment, bool) {
	i := slices.IndexFunc(cs, func(c model.Comment) bool {
		_, ok := free[c.ID]
		return ok && c.Text == text
	})
	if i < 0 {
		return model.Comment{}, false
	}
	return cs[i], true
}
