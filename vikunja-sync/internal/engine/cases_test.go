package engine

import (
	"testing"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

// TestEditBetween: a web edit after the engine looked at a field that both
// sides had alike, and before it looked again to settle, is still an edit.
func TestEditBetween(t *testing.T) {
	r := newRig(t)
	hit := false
	r.vk.Fault = func(_, call, point string) error {
		if call == "add label" && point == "before" && !hit {
			hit = true
			for _, v := range r.vk.TaskM {
				r.web(v, api.TaskPatch{Title: ptr("from the web")})
			}
		}
		return nil
	}
	u := r.add(1, func(raw model.Raw) { raw.SetList("tags", []string{"x"}) })
	r.settle()
	if got := r.tw.All()[u].Str("description"); !hit || got != "from the web" {
		t.Errorf("the title is %q\n%s", got, r.dump())
	}
}
