package engine

import (
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
)

// A PATCH is a read and a write inside the server, and a web page sends back
// all that it had read. So a write of another field that was under way when
// ours came can undo ours after we have looked. It shows: within moments of
// our write the fields have exactly their values from before it, and another
// one has changed too, or several went back at once. One field alone that went
// back is somebody's change of mind.

// moments is how long such a write may take.
const moments = 3 * time.Second

// remember notes what a write replaced.
func remember(td *todo, after *api.Task) {
	p := td.pair
	if after.Updated.Sub(model.ParseStamp(p.WroteAt)) > moments {
		p.Wrote = nil
	}
	p.WroteAt = model.Stamp(after.Updated)
	for _, s := range td.res.Scalars {
		f := s.Field
		if s.Action != merge.ToVK || s.Stuck || p.VK.Scalar[f] == td.vk.Scalar[f] {
			continue
		}
		if p.Wrote == nil {
			p.Wrote = map[string][2]string{}
		}
		p.Wrote[f.String()] = [2]string{p.TW.Scalar[f], p.VK.Scalar[f]}
	}
}

// undone takes fields that another's write has undone for not yet written. The
// values from before come back in the result: they are for the log, should it
// have been a person after all.
func undone(td *todo, in *merge.Input) (lost []merge.Conflict) {
	p := td.pair
	if len(p.Wrote) == 0 || td.vkTask.task == nil || td.vkTask.task.Updated.Sub(model.ParseStamp(p.WroteAt)) > moments {
		return nil
	}
	var back []model.Field
	other := false
	for f := range model.NumFields {
		was, ours := p.Wrote[f.String()]
		switch {
		case in.VK.Scalar[f] == in.BaseVK.Scalar[f]:
		case ours && in.VK.Scalar[f] == was[1]:
			back = append(back, f)
		default:
			other = true
		}
	}
	if !other && len(back) < 2 {
		return nil
	}
	for _, f := range back {
		was := p.Wrote[f.String()]
		in.BaseTW.Scalar[f], in.BaseVK.Scalar[f] = was[0], was[1]
		lost = append(lost, merge.Conflict{Field: f.String(), Winner: merge.Taskwarrior, Kept: in.TW.Scalar[f], Lost: was[1]})
	}
	return lost
}
