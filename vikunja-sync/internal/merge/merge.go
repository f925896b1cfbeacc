// Package merge decides, field by field, what a pair of tasks should become.
//
// The input is four snapshots: both sides at the last agreement (the base)
// and both sides now. A side changed a field when its own value differs from
// its own base. The output names writes; it makes none.
//
// Laws:
//
//   - One side changed: the other takes it. Both changed to what means the
//     same: agreement, nothing is written. Both changed differently: sets and
//     comments merge element by element, scalars go to the winner, and the
//     other value is in Conflicts. No value is dropped otherwise.
//   - A change that the other side cannot see (a priority 5 instead of 3)
//     writes nothing.
//   - Merge is a function: equal inputs give equal results, in a fixed order.
//   - With an empty base (two tasks found to be one) everything both sides
//     have survives: sets unite, filled scalars beat empty ones.
//
// Non-goals: knowing ids, servers, files or clocks; the caller says who wins.
package merge

import (
	"slices"

	"vikunja-sync/internal/model"
)

// Side is one of the two.
type Side int

const (
	Vikunja Side = iota
	Taskwarrior
)

func (s Side) String() string {
	if s == Taskwarrior {
		return "taskwarrior"
	}
	return "vikunja"
}

// Other is the opposite side.
func (s Side) Other() Side { return 1 - s }

// Codec maps values between the domains of the sides.
type Codec interface {
	// ToTW projects a Vikunja value.
	ToTW(f model.Field, vk string) string
	// ToVK gives the value to write, nearest to what is there now; ok is
	// false where Vikunja cannot hold it.
	ToVK(f model.Field, tw, vkNow string) (val string, ok bool)
	// Same reports that both values mean the same.
	Same(f model.Field, tw, vk string) bool
}

// Input is one pair.
type Input struct {
	BaseTW, BaseVK, TW, VK model.Snapshot
	Links                  []Link
	Winner                 Side
	// KeepEdit: an edit beats a deletion made at the same time.
	KeepEdit bool
}

// Action says what becomes of one field.
type Action int

const (
	Agree Action = iota // both mean the same: only the base moves
	ToVK
	ToTW
)

// Scalar is the verdict on one field. Val is in the domain of the target.
type Scalar struct {
	Field  model.Field
	Action Action
	Val    string
	// Stuck: Vikunja cannot hold the value; the base moves, nothing is sent.
	Stuck bool
}

// Delta is what one side must add to and remove from a set.
type Delta struct{ Add, Del []string }

// Empty reports nothing to do.
func (d Delta) Empty() bool { return len(d.Add) == 0 && len(d.Del) == 0 }

// Conflict is a value that lost.
type Conflict struct {
	Field  string
	Winner Side
	Kept   string // in the winner's domain
	Lost   string // in the loser's domain
}

// Result is the plan for one pair.
type Result struct {
	Scalars        []Scalar // only fields that changed somewhere
	TagsTW, TagsVK Delta
	DepTW, DepVK   Delta
	Comments       []CommentOp
	Conflicts      []Conflict
}

// ForVK reports whether Vikunja is to be written.
func (r *Result) ForVK() bool {
	return !r.TagsVK.Empty() || !r.DepVK.Empty() ||
		slices.ContainsFunc(r.Scalars, func(s Scalar) bool { return s.Action == ToVK && !s.Stuck }) ||
		slices.ContainsFunc(r.Comments, func(c CommentOp) bool { return c.Target == Vikunja && c.Kind != LinkComment })
}

// ForTW reports whether Taskwarrior is to be written.
func (r *Result) ForTW() bool {
	return !r.TagsTW.Empty() || !r.DepTW.Empty() ||
		slices.ContainsFunc(r.Scalars, func(s Scalar) bool { return s.Action == ToTW }) ||
		slices.ContainsFunc(r.Comments, func(c CommentOp) bool { return c.Target == Taskwarrior && c.Kind != LinkComment })
}

// Merge plans one pair.
func Merge(c Codec, in Input) Result {
	var r Result
	for f := range model.NumFields {
		scalar(c, f, in, &r)
	}
	r.TagsTW, r.TagsVK = Sets(in.BaseTW.Tags, in.BaseVK.Tags, in.TW.Tags, in.VK.Tags)
	r.DepTW, r.DepVK = Sets(in.BaseTW.Depends, in.BaseVK.Depends, in.TW.Depends, in.VK.Depends)
	comments(in, &r)
	return r
}

func scalar(c Codec, f model.Field, in Input, r *Result) {
	btw, bvk, tw, vk := in.BaseTW.Scalar[f], in.BaseVK.Scalar[f], in.TW.Scalar[f], in.VK.Scalar[f]
	twCh, vkCh := tw != btw, vk != bvk
	seen := vkCh && c.ToTW(f, vk) != c.ToTW(f, bvk) // a change the coarser side can tell
	switch {
	case !twCh && !vkCh:
	case c.Same(f, tw, vk):
		r.Scalars = append(r.Scalars, Scalar{Field: f, Action: Agree})
	case twCh && !vkCh:
		toVK(c, f, tw, vk, r)
	case !twCh && !seen:
		r.Scalars = append(r.Scalars, Scalar{Field: f, Action: Agree})
	case !twCh:
		if _, ok := c.ToVK(f, tw, vk); !ok { // Vikunja never had it, and nobody could look it up there
			r.Conflicts = append(r.Conflicts, Conflict{Field: f.String(), Winner: Vikunja, Kept: vk, Lost: tw})
		}
		r.Scalars = append(r.Scalars, Scalar{Field: f, Action: ToTW, Val: c.ToTW(f, vk)})
	default:
		conflict(c, f, in, r)
	}
}

func toVK(c Codec, f model.Field, tw, vk string, r *Result) {
	val, ok := c.ToVK(f, tw, vk)
	r.Scalars = append(r.Scalars, Scalar{Field: f, Action: ToVK, Val: val, Stuck: !ok})
}

func conflict(c Codec, f model.Field, in Input, r *Result) {
	tw, vk := in.TW.Scalar[f], in.VK.Scalar[f]
	winner := in.Winner
	if f == model.Status {
		winner = statusWinner(tw, vk, in)
	}
	if winner == Taskwarrior {
		if _, ok := c.ToVK(f, tw, vk); !ok {
			winner = Vikunja
		}
	}
	lost := Conflict{Field: f.String(), Winner: winner}
	if winner == Taskwarrior {
		lost.Kept, lost.Lost = tw, vk
		toVK(c, f, tw, vk, r)
	} else {
		lost.Kept, lost.Lost = vk, tw
		r.Scalars = append(r.Scalars, Scalar{Field: f, Action: ToTW, Val: c.ToTW(f, vk)})
	}
	r.Conflicts = append(r.Conflicts, lost)
}

// statusWinner lets life beat death where edits are to be kept.
func statusWinner(tw, vk string, in Input) Side {
	dead := map[Side]bool{Taskwarrior: tw == model.Deleted, Vikunja: vk == model.Deleted}
	for _, s := range []Side{Vikunja, Taskwarrior} {
		if dead[s] && !dead[s.Other()] {
			if in.KeepEdit {
				return s.Other()
			}
			return s
		}
	}
	return in.Winner
}

// Sets merges element by element. An element that one side added stays even
// where the other removed its own copy.
func Sets(btw, bvk, tw, vk []string) (forTW, forVK Delta) {
	addTW, addVK := minus(tw, btw), minus(vk, bvk)
	forTW.Add = minus(addVK, tw)
	forTW.Del = minus(both(minus(bvk, vk), tw), addTW)
	forVK.Add = minus(addTW, vk)
	forVK.Del = minus(both(minus(btw, tw), vk), addVK)
	return forTW, forVK
}

func minus(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func both(a, b []string) []string {
	var out []string
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// Apply gives the set after a delta.
func (d Delta) Apply(set []string) []string {
	return model.Set(append(minus(set, d.Del), d.Add...))
}
