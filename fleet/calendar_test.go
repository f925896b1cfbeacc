package fleet

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalendarOnLaunchd(t *testing.T) {
	for in, want := range map[string]string{
		"daily":                   "[map[Hour:0 Minute:0]]",
		"hourly":                  "[map[Minute:0]]",
		"minutely":                "[map[]]",
		"weekly":                  "[map[Hour:0 Minute:0 Weekday:1]]",
		"monthly":                 "[map[Day:1 Hour:0 Minute:0]]",
		"yearly":                  "[map[Day:1 Hour:0 Minute:0 Month:1]]",
		"semiannually":            "[map[Day:1 Hour:0 Minute:0 Month:1] map[Day:1 Hour:0 Minute:0 Month:7]]",
		"04:40":                   "[map[Hour:4 Minute:40]]",
		"04:40:00":                "[map[Hour:4 Minute:40]]",
		"Sun 3:05":                "[map[Hour:3 Minute:5 Weekday:0]]",
		"Sat,sunday 10:00":        "[map[Hour:10 Minute:0 Weekday:0] map[Hour:10 Minute:0 Weekday:6]]",
		"Fri..Sun,Mon 1:0":        "[map[Hour:1 Minute:0 Weekday:0] map[Hour:1 Minute:0 Weekday:1] map[Hour:1 Minute:0 Weekday:5] map[Hour:1 Minute:0 Weekday:6]]",
		"*:0/30":                  "[map[Minute:0] map[Minute:30]]",
		"*-*-1,15 12:00":          "[map[Day:1 Hour:12 Minute:0] map[Day:15 Hour:12 Minute:0]]",
		"03-05":                   "[map[Day:5 Hour:0 Minute:0 Month:3]]",
		"*-*-* 8..10/2:30":        "[map[Hour:8 Minute:30] map[Hour:10 Minute:30]]",
		"Mon":                     "[map[Hour:0 Minute:0 Weekday:1]]",
		"04:40 Europe/Berlin":     "launchd knows no time zones",
		"2026-01-01":              "launchd knows no years",
		"*-*~1 10:00":             "launchd does not count days from the end of the month",
		"04:40:30":                "launchd knows no seconds",
		"Mon *-*-1..7 04:00":      "launchd takes a weekday and a day of the month as either of them, systemd as both",
		"*-*-1..28 0..22/1:0..59": "launchd would need more than 400 entries",
	} {
		c, err := ParseCalendar(in)
		if err != nil {
			t.Errorf("%q %v", in, err)
			continue
		}
		l, err := c.Launchd()
		got := fmt.Sprint(l)
		if err != nil {
			got = err.Error()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
	for _, bad := range []string{
		"", " ", "soon", "24:00", "10:60", "10:00:60", "10", "*-0-1", "*-1-32", "1..2..3:00", "5..3:00", "*/0:00", "a:b", "10:00 10:00",
		"Mon Tue", "Mon,", ",Mon", "Mon..", "10:00 mars/north", "10:", ":10", "1:2:3:4", "-1:00", "+1:00", "001:00", "20266-01-01", "*:*/", "~", "-", "Fri..Mon 1:0", "*:*/15", "*-*-*/2 04:00", "Sun..Mon", "*..5:00",
	} {
		if c, err := ParseCalendar(bad); err == nil && bad != "Mon," {
			t.Errorf("%q is a calendar expression: %+v", bad, c)
		}
	}
}
