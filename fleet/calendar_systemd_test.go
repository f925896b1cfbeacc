package fleet

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"nixgen/internal/realnix"
)

// expressions that systemd takes, those of the other test among them.
var expressions = []string{
	"minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually", "04:40", "4:40:00", "04:40:30", "Sun 3:05",
	"Sat,sunday 10:00", "Fri..Sun 1:0", "*:0/30", "*-*-1,15 12:00", "03-05", "*-*-* 8..10/2:30", "Mon", "Mon..Fri", "04:40 Europe/Berlin", "04:40 UTC",
	"2026-01-01", "2026-01-01 00:00:00", "*-*~1 10:00", "Mon *-*-1..7 04:00", "Mon..Fri 03:00", "Wed,Fri *-1/3-* 22..23/1:10..40/10", "*-02-29 12:00",
	"*-1,4,7,10-1 00:00:00", "Tue *-*~7/1 10:00", "*:*", "*-*-*", "*-*-* *:*:*",
	"*:*:0/20", "mon,tue", "MONDAY 10:00", "*-*-31 04:00",
}

// refused are no expressions, for systemd neither.
var refused = []string{
	"soon", "24:00", "10:60", "*-0-1", "*-13-1", "*-1-32", "Mon..Fry 10:00", "10:00 11:00", "*/0:00", "a:b", "Mon Tue", ",Mon", "Mon..",
	"10:00 mars/north", "10:", "1:2:3:4", "-1:00", "*:*/", "~", "-", "5..3:00", "Fri..Mon 1:0", "Sun..Mon", "*:*/15", "*-*-*/2 04:00", "*..5:00",
}

// TestCalendarIsSystemds holds ParseCalendar against systemd-analyze calendar.
func TestCalendarIsSystemds(t *testing.T) {
	for _, e := range expressions {
		if out, err := realnix.Systemd(t, "calendar", e); err != nil {
			t.Errorf("systemd refuses %q: %s", e, out)
		}
		if _, err := ParseCalendar(e); err != nil {
			t.Errorf("%q: %v", e, err)
		}
	}
	for _, e := range refused {
		if _, err := realnix.Systemd(t, "calendar", e); err == nil {
			t.Errorf("systemd takes %q", e)
		}
		if _, err := ParseCalendar(e); err == nil {
			t.Errorf("%q passes", e)
		}
	}
}

var elapseRE = regexp.MustCompile(`(?:Next elapse|Iter\. #\d+): (?:... )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`)

// TestLaunchdElapsesWithSystemd compares the next times of each expression: those
// of systemd, and those at which launchd would start the job.
func TestLaunchdElapsesWithSystemd(t *testing.T) {
	const count = 6
	base := time.Date(2026, 2, 27, 22, 11, 30, 0, time.UTC)
	compared := 0
	for _, e := range expressions {
		c, err := ParseCalendar(e)
		if err != nil {
			continue // told by the test above
		}
		intervals, err := c.Launchd()
		if err != nil {
			continue
		}
		out, err := realnix.Systemd(t, "calendar", fmt.Sprintf("--iterations=%d", count), "--base-time="+base.Format("2006-01-02 15:04:05"), e)
		if err != nil {
			continue
		}
		compared++
		var want []string
		for _, m := range elapseRE.FindAllStringSubmatch(out, -1) {
			want = append(want, m[1])
		}
		if got := elapses(intervals, base, len(want)); len(want) < count || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q:\nlaunchd %v\nsystemd %v", e, got, want)
		}
	}
	if compared < 20 {
		t.Errorf("only %d expressions were compared", compared)
	}
}

// elapses are the next times that match one of the intervals, as launchd.plist(5)
// tells: what is absent matches any.
func elapses(intervals []Interval, after time.Time, n int) []string {
	var out []string
	at := after.Truncate(time.Minute).Add(time.Minute)
	for len(out) < n && at.Year() < 2100 {
		facts := Interval{"Month": int64(at.Month()), "Day": int64(at.Day()), "Weekday": int64(at.Weekday()), "Hour": int64(at.Hour()), "Minute": int64(at.Minute())}
		day, minute := false, false
		for _, i := range intervals {
			today := matches(i, facts, "Month", "Day", "Weekday")
			day, minute = day || today, minute || today && matches(i, facts, "Hour", "Minute")
		}
		if minute {
			out = append(out, at.Format("2006-01-02 15:04:05"))
		}
		if at = at.Add(time.Minute); !day {
			at = at.Truncate(24 * time.Hour).Add(24 * time.Hour)
		}
	}
	return out
}

func matches(i, facts Interval, keys ...string) bool {
	for _, k := range keys {
		if v, ok := i[k]; ok && facts[k] != v {
			return false
		}
	}
	return true
}

// TestSeconds holds time spans against systemd-analyze timespan.
func TestSeconds(t *testing.T) {
	usRE := regexp.MustCompile(`(?:μs|us): (\d+)`)
	for span, want := range map[string]int64{
		"90": 90, "45min": 2700, "1h 30min": 5400, "1h30m": 5400, "2.5 hours": 9000, "14d": 1209600, "2w": 1209600, "1500ms": 2, "1us": 1,
		"1 month": 2629800, "1M": 2629800, "1y": 31557600, "3 days 4 hr 5 seconds": 273605, "10 sec": 10, "1week": 604800,
	} {
		if !spanRE.MatchString(span) || Seconds(span) != want {
			t.Errorf("%q is %d seconds, want %d", span, Seconds(span), want)
		}
		out, err := realnix.Systemd(t, "timespan", span)
		m := usRE.FindStringSubmatch(out)
		if err != nil || m == nil {
			t.Errorf("%q: %v\n%s", span, err, out)
			continue
		}
		var us int64
		fmt.Sscan(m[1], &us)
		if (us+999999)/1000000 != want {
			t.Errorf("%q: systemd says %d µs", span, us)
		}
	}
}
