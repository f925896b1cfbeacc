package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// names maps labels and projects to tags and paths.
type names struct {
	labelList []api.Label
	labels    map[int64]model.Name
	labelsOld map[int64]model.Name
	byTag     map[string][]api.Label
	usedTags  map[string]bool

	projects    map[int64]api.Project
	paths       map[int64]model.Name
	projectsOld map[int64]model.Name
	byPath      map[string]int64
	alias       map[string]int64 // paths of before a rename
	root        int64            // the default project
}

func (c *cycle) readNames(ctx context.Context) error {
	ps, err := c.Engine.vk.Projects(ctx)
	if err != nil {
		return err
	}
	if c.labelList, err = c.Engine.vk.Labels(ctx); err != nil {
		return err
	}
	c.projects = map[int64]api.Project{}
	for _, p := range ps {
		c.projects[p.ID] = p
	}
	c.root = c.me.DefaultProject
	if _, ok := c.projects[c.root]; !ok {
		c.root = 0
	}
	return c.st.View(func(t *store.Tx) (err error) {
		if c.labelsOld, err = t.Names(false); err != nil {
			return err
		}
		c.projectsOld, err = t.Names(true)
		return err
	})
}

// assignNames comes after the export, whose tags keep their spelling.
func (c *cycle) assignNames(context.Context) error {
	var ls []model.Entry
	for _, l := range c.labelList {
		ls = append(ls, model.Entry{ID: l.ID, Title: l.Title})
	}
	c.labels = model.TagNames(ls, c.labelsOld, func(t string) bool { return c.usedTags[t] })
	c.byTag = map[string][]api.Label{}
	for _, l := range c.labelList {
		tag := c.labels[l.ID].Name
		c.byTag[tag] = append(c.byTag[tag], l)
	}
	c.assignPaths(c.projectsOld)
	c.alias = map[string]int64{}
	for id, n := range c.projectsOld {
		if now, ok := c.paths[id]; ok && now.Path != n.Path && n.Path != "" {
			if _, taken := c.byPath[n.Path]; !taken {
				c.alias[n.Path] = id
			}
		}
	}
	return nil
}

func (c *cycle) assignPaths(known map[int64]model.Name) {
	var ps []model.Entry
	for _, p := range c.projects {
		ps = append(ps, model.Entry{ID: p.ID, Title: p.Title, Parent: p.Parent})
	}
	c.paths = model.ProjectNames(ps, known, c.root)
	c.byPath = map[string]int64{}
	for _, id := range slices.Sorted(maps.Keys(c.paths)) {
		if n := c.paths[id]; id != c.root {
			c.byPath[n.Path] = id
		}
	}
	if n, ok := c.paths[c.root]; ok {
		c.byPath[""] = c.root
		whole := n.Name
		if p := c.paths[c.projects[c.root].Parent]; p.Path != "" {
			whole = p.Path + "." + whole
		}
		if _, taken := c.byPath[whole]; !taken {
			c.byPath[whole] = c.root
		}
	}
}

func (c *cycle) saveNames(clean bool) error {
	paths := maps.Clone(c.paths)
	if !clean {
		for id, n := range paths { // an alias lives until the rename arrived everywhere
			if old, ok := c.projectsOld[id]; ok {
				n.Path = old.Path
				paths[id] = n
			}
		}
	}
	if maps.Equal(paths, c.projectsOld) && maps.Equal(c.labels, c.labelsOld) {
		return nil
	}
	return c.st.Update(func(t *store.Tx) error {
		if err := t.PutNames(false, c.labels); err != nil {
			return err
		}
		return t.PutNames(true, paths)
	})
}

// projectVal is the value of the Project field in Vikunja's domain.
func projectVal(id int64, path string) string { return fmt.Sprintf("%d %s", id, path) }

func splitProject(val string) (id int64, path string) {
	num, path, _ := strings.Cut(val, " ")
	id, _ = strconv.ParseInt(num, 10, 64)
	return id, path
}

// ToTW implements merge.Codec.
func (c *cycle) ToTW(f model.Field, vk string) string {
	switch f {
	case model.Title:
		if vk == "" {
			return ""
		}
		if t := model.TextToTW(vk); strings.TrimSpace(t) != "" {
			return t
		}
		return model.Untitled
	case model.Project:
		_, path := splitProject(vk)
		return path
	case model.Priority:
		n, _ := strconv.ParseInt(vk, 10, 64)
		return model.PriorityToTW(n)
	case model.Due, model.Start, model.End:
		return model.DateToTW(vk)
	case model.Notes:
		return model.NotesText(vk)
	}
	return vk
}

// ToVK implements merge.Codec.
func (c *cycle) ToVK(f model.Field, tw, vkNow string) (string, bool) {
	switch f {
	case model.Title:
		if strings.TrimSpace(tw) == "" {
			return model.Untitled, true
		}
	case model.Project:
		if id, ok := c.resolve(tw); ok {
			return projectVal(id, c.paths[id].Path), true
		}
		return projectVal(0, tw), true
	case model.Priority:
		n, ok := model.PriorityToVK(tw)
		return strconv.FormatInt(n, 10), ok
	case model.Notes:
		return model.NotesHTML(tw, vkNow), true
	}
	return tw, true
}

// Same implements merge.Codec.
func (c *cycle) Same(f model.Field, tw, vk string) bool {
	if vk == "" && f == model.Project {
		return false
	}
	if c.ToTW(f, vk) == tw {
		return true
	}
	switch f {
	case model.Project:
		id, _ := splitProject(vk)
		have, ok := c.byPath[tw]
		return ok && have == id
	case model.Title:
		return strings.TrimSpace(tw) == "" && vk == model.Untitled
	case model.Notes:
		return model.SameNotes(tw, vk)
	}
	return false
}

// renamed reports a path that names the project of vk as it was called before.
func (c *cycle) renamed(tw, vk string) bool {
	id, _ := splitProject(vk)
	_, taken := c.byPath[tw]
	return id != 0 && !taken && c.alias[tw] == id
}

func (c *cycle) resolve(path string) (int64, bool) {
	if id, ok := c.byPath[path]; ok {
		return id, true
	}
	id, ok := c.alias[path]
	return id, ok
}

// projectFor finds or creates the project of a path, parents first.
func (c *cycle) projectFor(ctx context.Context, path string) (int64, error) {
	if id, ok := c.resolve(path); ok {
		return id, nil
	}
	if path == "" {
		id, ok := c.byPath["Inbox"]
		var err error
		if !ok {
			id, err = c.createProject(ctx, "Inbox", "Inbox", 0)
		}
		c.root = id
		c.assignPaths(c.paths)
		return id, err
	}
	var parent int64
	segs := strings.Split(path, ".")
	for i := range segs {
		prefix := strings.Join(segs[:i+1], ".")
		id, ok := c.byPath[prefix]
		if ok && prefix != "" {
			parent = id
			continue
		}
		id, err := c.createProject(ctx, model.TitleFor(segs[i]), segs[i], parent)
		if err != nil {
			return 0, err
		}
		parent = id
	}
	return parent, nil
}

func (c *cycle) createProject(ctx context.Context, title, seg string, parent int64) (int64, error) {
	if cut := []rune(title); len(cut) > 250 {
		return 0, &api.Error{Kind: api.KindInvalid, Method: "POST", Route: "projects", Message: "the project's name is longer than 250 characters"}
	}
	key := projectKey(parent, seg)
	if err := c.blocked[key]; err != nil {
		return 0, err
	}
	seq, err := c.begin(store.Intent{Kind: "project", Title: title, Name: seg, Parent: parent})
	if err != nil {
		return 0, err
	}
	p, err := c.Engine.vk.CreateProject(ctx, title, parent)
	if err := c.outcome(seq, err); err != nil {
		c.blocked[key] = err
		return 0, err
	}
	c.rep.WritesVK++
	c.rep.Projects++
	c.projects[p.ID] = api.Project{ID: p.ID, Title: title, Parent: parent, OwnerID: c.me.ID}
	c.paths[p.ID] = model.Name{ID: p.ID, Title: title, Name: seg}
	c.assignPaths(c.paths)
	return p.ID, c.saveNames(false)
}

// labelFor finds the own, oldest label of a tag, or creates one.
func (c *cycle) labelFor(ctx context.Context, tag string) (int64, error) {
	best := int64(0)
	own := false
	for _, l := range c.byTag[tag] {
		mine := l.OwnerID == 0 || l.OwnerID == c.me.ID
		if best == 0 || (mine && !own) || (mine == own && l.ID < best) {
			best, own = l.ID, mine
		}
	}
	if best != 0 {
		return best, nil
	}
	if err := c.blocked["label "+tag]; err != nil {
		return 0, err
	}
	seq, err := c.begin(store.Intent{Kind: "label", Title: tag})
	if err != nil {
		return 0, err
	}
	l, err := c.Engine.vk.CreateLabel(ctx, tag)
	if err := c.outcome(seq, err); err != nil {
		c.blocked["label "+tag] = err
		return 0, err
	}
	c.rep.WritesVK++
	l.OwnerID, l.Title = c.me.ID, tag
	c.labelList = append(c.labelList, l)
	c.byTag[tag] = append(c.byTag[tag], l)
	c.labels[l.ID] = model.Name{ID: l.ID, Title: tag, Name: tag}
	return l.ID, c.saveNames(false)
}
