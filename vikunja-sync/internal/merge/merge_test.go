package merge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"vikunja-sync/internal/model"
)

// coarse is a codec where Vikunja's values are finer: "H3" and "H5" are both
// "H", and "?" cannot be said there.
type coarse struct{}

func (coarse) ToTW(_ model.Field, vk string) string {
	if len(vk) > 1 {
		return vk[:1]
	}
	return vk
}
func (coarse) ToVK(_ model.Field, tw, _ string) (string, bool) { return tw, tw != "?" }
func (c coarse) Same(f model.Field, tw, vk string) bool        { return c.ToTW(f, vk) == tw }

// one builds an input about the title.
func one(btw, bvk, tw, vk string) Input {
	var in Input
	in.BaseTW.Scalar[0], in.BaseVK.Scalar[0], in.TW.Scalar[0], in.VK.Scalar[0] = btw, bvk, tw, vk
	return in
}

func TestScalars(t *testing.T) {
	for _, tc := range []struct {
		btw, bvk, tw, vk string
		winner           Side
		want             string
	}{
		{"a", "a", "a", "a", Vikunja, "[] []"},
		{"a", "a", "b", "a", Vikunja, "[→vk b] []"},
		{"a", "a", "a", "b", Vikunja, "[→tw b] []"},
		{"a", "a", "b", "b", Vikunja, "[=] []"},
		{"a", "a", "b", "c", Vikunja, "[→tw c] [b]"},
		{"a", "a", "b", "c", Taskwarrior, "[→vk b] [c]"},
		{"H", "H3", "H", "H5", Vikunja, "[=] []"},
		{"L", "H3", "L", "H5", Vikunja, "[=] []"}, // parked: the change cannot be seen here
		{"H", "H3", "L", "H5", Taskwarrior, "[→vk L] [H5]"},
		{"a", "a", "?", "a", Taskwarrior, "[stuck] []"},
		{"a", "a", "?", "b", Taskwarrior, "[→tw b] [?]"},
		{"?", "a", "?", "b", Taskwarrior, "[→tw b] [?]"},
		{"", "", "a", "", Vikunja, "[→vk a] []"},
		{"", "", "", "a", Vikunja, "[→tw a] []"},
		{"", "", "a", "b", Vikunja, "[→tw b] [a]"},
		{"x", "y", "x", "y", Vikunja, "[] []"}, // they differ, but nobody changed anything
	} {
		in := one(tc.btw, tc.bvk, tc.tw, tc.vk)
		in.Winner = tc.winner
		r := Merge(coarse{}, in)
		var ops, lost []string
		for _, s := range r.Scalars {
			switch {
			case s.Stuck:
				ops = append(ops, "stuck")
			case s.Action == Agree:
				ops = append(ops, "=")
			case s.Action == ToVK:
				ops = append(ops, "→vk "+s.Val)
			default:
				ops = append(ops, "→tw "+s.Val)
			}
		}
		for _, k := range r.Conflicts {
			lost = append(lost, k.Lost)
		}
		if got := fmt.Sprint(ops, " ", lost); got != tc.want {
			t.Errorf("%v: %s", tc, got)
		}
	}
}

// TestSets: the laws hold for every combination of an element on four sides.
func TestSets(t *testing.T) {
	for mask := range 16 {
		set := func(bit int) []string {
			if mask&bit != 0 {
				return []string{"e"}
			}
			return nil
		}
		btw, bvk, tw, vk := set(1), set(2), set(4), set(8)
		forTW, forVK := Sets(btw, bvk, tw, vk)
		a, b := forTW.Apply(tw), forVK.Apply(vk)
		if (len(btw) == len(bvk)) && !slices.Equal(a, b) {
			t.Errorf("%04b: %v and %v", mask, a, b)
		}
		changed := len(btw) != len(tw) || len(bvk) != len(vk)
		if !changed && !(forTW.Empty() && forVK.Empty()) {
			t.Errorf("%04b: nobody changed anything, but %v %v", mask, forTW, forVK)
		}
		if len(tw) > len(btw) && len(a) == 0 || len(vk) > len(bvk) && len(b) == 0 {
			t.Errorf("%04b: an element that was added is lost", mask)
		}
	}
}

// TestConverges: after both writes, a second merge has nothing to do.
func TestConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func() string { return []string{"", "a", "b", "c"}[rng.IntN(4)] }
	for range 20000 {
		in := one(word(), word(), word(), word())
		in.BaseVK.Scalar = in.BaseTW.Scalar
		in.TW.Tags, in.VK.Tags = model.Set([]string{word(), word()}), model.Set([]string{word(), word()})
		in.BaseTW.Tags = model.Set([]string{word(), word()})
		in.BaseVK.Tags = in.BaseTW.Tags
		in.Winner = Side(rng.IntN(2))
		r := Merge(coarse{}, in)
		for _, s := range r.Scalars {
			switch s.Action {
			case ToVK:
				in.VK.Scalar[s.Field] = s.Val
			case ToTW:
				in.TW.Scalar[s.Field] = s.Val
			}
		}
		in.TW.Tags, in.VK.Tags = r.TagsTW.Apply(in.TW.Tags), r.TagsVK.Apply(in.VK.Tags)
		in.BaseTW, in.BaseVK = in.TW, in.VK
		if in.TW.Scalar != in.VK.Scalar || !slices.Equal(in.TW.Tags, in.VK.Tags) {
			t.Fatalf("%+v does not meet", in)
		}
		if again := Merge(coarse{}, in); again.ForTW() || again.ForVK() || len(again.Conflicts) > 0 {
			t.Fatalf("%+v is not at rest: %+v", in, again)
		}
	}
}

func TestDeletionMeetsEdit(t *testing.T) {
	in := Input{KeepEdit: true}
	in.BaseTW.Scalar[model.Status], in.BaseVK.Scalar[model.Status] = model.Pending, ""
	in.TW.Scalar[model.Status], in.VK.Scalar[model.Status] = model.Deleted, model.Pending
	r := Merge(coarse{}, in)
	if len(r.Scalars) != 1 || r.Scalars[0].Action != ToTW || len(r.Conflicts) != 1 || r.Conflicts[0].Lost != model.Deleted {
		t.Errorf("%+v", r)
	}
	in.KeepEdit = false
	if r := Merge(coarse{}, in); r.Scalars[0].Action != ToVK || r.Scalars[0].Val != model.Deleted {
		t.Errorf("%+v", r)
	}
}

func TestComments(t *testing.T) {
	link := Link{TW: "t1", VK: "1", TWText: "a", VKText: "a"}
	note := func(id, text string) []model.Comment { return []model.Comment{{ID: id, Text: text}} }
	theirs := []model.Comment{{ID: "1", Text: "a", Foreign: true}}
	for _, tc := range []struct {
		name   string
		links  []Link
		tw, vk []model.Comment
		want   string
	}{
		{"new here", nil, note("t1", "a"), nil, "[{1 vikunja t1  a false}] 0"},
		{"new there", nil, nil, note("1", "a"), "[{1 taskwarrior  1 a false}] 0"},
		{"equal and unknown", nil, note("t1", "a"), note("1", "a"), "[{0 vikunja t1 1 a false}] 0"},
		{"at rest", []Link{link}, note("t1", "a"), note("1", "a"), "[] 0"},
		{"edited here", []Link{link}, note("t1", "b"), note("1", "a"), "[{2 vikunja t1 1 b false}] 0"},
		{"edited there", []Link{link}, note("t1", "a"), note("1", "b"), "[{2 taskwarrior t1 1 b false}] 0"},
		{"edited on both", []Link{link}, note("t1", "b"), note("1", "c"), "[{2 taskwarrior t1 1 c false}] 1"},
		{"removed here", []Link{link}, nil, note("1", "a"), "[{3 vikunja t1 1  false}] 0"},
		{"removed there", []Link{link}, note("t1", "a"), nil, "[{3 taskwarrior t1 1  false}] 0"},
		{"removed here, edited there", []Link{link}, nil, note("1", "b"), "[{1 taskwarrior  1 b false}] 1"},
		{"edited here, removed there", []Link{link}, note("t1", "b"), nil, "[{1 vikunja t1  b false}] 1"},
		{"gone", []Link{link}, nil, nil, "[{4 vikunja t1 1  false}] 0"},
		{"another's, removed here", []Link{link}, nil, theirs, "[{3 vikunja t1 1  true}] 0"},
		{"another's, changed here, at rest", []Link{{TW: "t1", VK: "1", TWText: "mine", VKText: "a"}}, note("t1", "mine"), theirs, "[] 0"},
		{"another's, changed here, then there", []Link{{TW: "t1", VK: "1", TWText: "mine", VKText: "x"}}, note("t1", "mine"), theirs, "[{2 taskwarrior t1 1 a true}] 1"},
		{"another's, changed here, removed there", []Link{{TW: "t1", VK: "1", TWText: "mine", VKText: "x"}}, note("t1", "mine"), nil, "[{3 taskwarrior t1 1  false}] 1"},
		{"hidden", []Link{{VK: "1", VKText: "a", Hidden: true}}, nil, theirs, "[] 0"},
		{"hidden and edited", []Link{{VK: "1", VKText: "x", Hidden: true}}, nil, theirs, "[{1 taskwarrior  1 a false}] 0"},
	} {
		in := Input{Links: tc.links}
		in.TW.Comments, in.VK.Comments = tc.tw, tc.vk
		r := Merge(coarse{}, in)
		if got := fmt.Sprint(r.Comments, len(r.Conflicts)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}
