package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// Taskwarrior's data that come from a backup show older tasks and lack those
// made since. Neither is an edit or a deletion of anybody's. The name that the
// folder carries has a number which grows with every run that changed the
// state, so a folder from a backup has an older one. Then what it shows becomes
// the base: what Vikunja has is written to Taskwarrior, what is gone is made
// anew, and the old values are in the log. What the user changed since the
// backup came back meets Vikunja's value as a conflict.
//
// Where only the data files were put back, the number is as it was, and an old
// task cannot be told from one that `undo` or a late `task sync` brought. It is
// an edit then; but where several are older at once, what they replace in
// Vikunja is kept in the log.

// marker is the name of a data folder.
type marker struct {
	name       string
	generation uint64
}

func parseMarker(s string) (m marker) {
	fmt.Sscan(s, &m.name, &m.generation)
	return m
}

func (m marker) String() string { return fmt.Sprint(m.name, " ", m.generation) }

// seal counts a run that changed the state. The folder comes first: a crash in
// between leaves it ahead, which means nothing.
func (c *cycle) seal(ctx context.Context) error {
	if c.dry || c.folder.name == "" || (c.st.Writes == c.writes && !c.turnedBack) {
		return nil
	}
	c.folder.generation = max(c.folder.generation, c.meta.Generation) + 1
	if _, err := c.Engine.tw.Marker(ctx, c.folder.String()); err != nil {
		return err
	}
	return c.st.Update(func(t *store.Tx) error {
		m, err := t.Meta()
		if err != nil {
			return err
		}
		m.Generation = c.folder.generation
		return t.PutMeta(m)
	})
}

// bringBack in Pair.Missing: the task is made again.
const bringBack = -1

// severalOlder is how many tasks are older at once when it was hardly `undo`.
const severalOlder = 3

func (c *cycle) checkTurnedBack(context.Context) error {
	if !c.turnedBack {
		return c.findOlder()
	}
	old, gone := 0, 0
	for _, u := range slices.Sorted(maps.Keys(c.index)) {
		x, t := c.index[u], c.tw[u]
		var err error
		switch {
		case x.State == store.Closed && t != nil && !t.same && t.status == model.Pending:
			err = c.endAgain(u, t)
		case x.State != store.Live:
		case t == nil:
			gone++
			err = c.changePair(u, func(p *store.Pair) error { p.Missing = bringBack; return nil })
		case !t.same:
			old++
			err = c.changePair(u, func(p *store.Pair) error { return c.takeForOld(p, t) })
		}
		if err != nil {
			return err
		}
	}
	c.problem(nil, fmt.Sprintf("taskwarrior's data are older than they were, as after a restored backup: %d tasks get what Vikunja has, %d are made anew; what was deleted since the backup is new", old, gone))
	return nil
}

func (c *cycle) changePair(u string, fn func(*store.Pair) error) error {
	p, before, err := c.loadPair(u)
	if err != nil {
		return err
	}
	if err := fn(p); err != nil {
		return err
	}
	return c.keep(p, before)
}

// takeForOld makes what Taskwarrior shows the base of a pair. What was changed
// after the pair was last stored is newer than the backup; then neither side's
// value is the base of a field that differs.
func (c *cycle) takeForOld(p *store.Pair, t *twTask) error {
	td := &todo{pair: p, tw: t.snap}
	newer := t.modified.After(p.At)
	lost := func(field, kept, gone string) {
		if !newer && gone != "" {
			td.res.Conflicts = append(td.res.Conflicts, merge.Conflict{Field: field, Winner: merge.Vikunja, Kept: kept, Lost: gone})
		}
	}
	for f := range model.NumFields {
		tw, vk := t.snap.Scalar[f], p.VK.Scalar[f]
		switch {
		case tw == p.TW.Scalar[f]:
			continue
		case c.Same(f, tw, vk):
		case newer:
			tw, p.VK.Scalar[f] = "", ""
		default:
			lost(f.String(), vk, tw)
			if p.VK.Scalar[f], _ = c.ToVK(f, tw, vk); p.VK.Scalar[f] == vk {
				p.VK.Scalar[f] = ""
			}
		}
		p.TW.Scalar[f] = tw
	}
	if gone := (merge.Delta{Del: p.VK.Tags}).Apply(t.snap.Tags); !slices.Equal(t.snap.Tags, p.TW.Tags) {
		lost("tags", strings.Join(p.VK.Tags, " "), strings.Join(gone, " "))
		p.TW.Tags, p.VK.Tags = oldSet(t.snap.Tags, p.VK.Tags, newer)
	}
	if deps := c.narrow(t.snap.Depends); !slices.Equal(deps, c.narrow(p.TW.Depends)) {
		p.TW.Depends, p.VK.Depends = oldSet(deps, p.VK.Depends, newer)
	}
	for _, l := range oldLinks(p, t.snap.Comments, newer) {
		lost("comment", l.VKText, l.TWText)
	}
	p.TW.Link, p.TW.Comments, p.Updated, p.Wrote, p.Parked, p.ParkedOn = t.snap.Link, t.snap.Comments, "", nil, "", ""
	if c.dry {
		return nil
	}
	return c.logConflicts(td)
}

// oldLinks does the same for annotations and gives those whose text is another.
// One that is not there comes back from Vikunja.
func oldLinks(p *store.Pair, notes []model.Comment, newer bool) (differ []merge.Link) {
	var kept []merge.Link
	for _, l := range p.Links {
		i := slices.IndexFunc(notes, func(k model.Comment) bool { return k.ID == l.TW })
		switch {
		case i < 0 && !l.Hidden:
			continue
		case i >= 0 && notes[i].Text != l.TWText:
			differ = append(differ, merge.Link{TWText: notes[i].Text, VKText: l.VKText})
			if l.TWText, l.VKText = notes[i].Text, notes[i].Text; newer {
				l.TWText, l.VKText = "", ""
			}
		}
		kept = append(kept, l)
	}
	p.Links = kept
	return differ
}

// oldSet gives the bases under which Vikunja's set wins or, newer, both unite.
func oldSet(tw, vk []string, newer bool) (baseTW, baseVK []string) {
	if !newer {
		return tw, tw
	}
	both := slices.DeleteFunc(slices.Clone(tw), func(e string) bool { return !slices.Contains(vk, e) })
	return both, both
}

// endAgain completes an occurrence that the backup shows pending.
func (c *cycle) endAgain(u string, t *twTask) error {
	p, before, err := c.loadPair(u)
	if err != nil {
		return err
	}
	t.same = true // it did not return
	td := &todo{kind: update, pair: p, before: before, tw: t.snap, vk: p.VK.Clone(), twTask: t, vkTask: &vkTask{same: true}}
	td.mergedTW, td.mergedVK = td.tw.Scalar, td.vk.Scalar
	td.res.Scalars = []merge.Scalar{{Field: model.Status, Action: merge.ToTW, Val: model.Completed}}
	c.plan = append(c.plan, td)
	return nil
}

// olderThan reports a task that was last modified before its pair was stored.
func (t *twTask) olderThan(p *store.Pair) bool { return t.modified.Before(p.At.Add(-2 * time.Second)) }

// findOlder looks for tasks that were last modified before their pair was
// stored, with other content than it had then.
func (c *cycle) findOlder() error {
	older := map[string]bool{}
	for u, x := range c.index {
		t := c.tw[u]
		if x.State != store.Live || t == nil || t.same || t.modified.IsZero() {
			continue
		}
		p, _, err := c.loadPair(u)
		if err != nil {
			return err
		}
		if t.olderThan(p) {
			older[u] = true
		}
	}
	if len(older) >= severalOlder {
		c.older = older
	}
	return nil
}

// keepReplaced logs what the older task replaces in Vikunja.
func keepReplaced(td *todo) {
	for _, s := range td.res.Scalars {
		if s.Action == merge.ToVK && !s.Stuck && !slices.ContainsFunc(td.res.Conflicts, func(k merge.Conflict) bool { return k.Field == s.Field.String() }) {
			td.res.Conflicts = append(td.res.Conflicts, merge.Conflict{Field: s.Field.String(), Winner: merge.Taskwarrior, Kept: td.tw.Scalar[s.Field], Lost: td.vk.Scalar[s.Field]})
		}
	}
	if len(td.res.TagsVK.Del) > 0 {
		td.res.Conflicts = append(td.res.Conflicts, merge.Conflict{Field: "tags", Winner: merge.Taskwarrior, Kept: strings.Join(td.tw.Tags, " "), Lost: strings.Join(td.vk.Tags, " ")})
	}
}
