package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Calendar is a calendar expression of systemd (systemd.time(7)): when a timer
// elapses. Each part lists the values it admits, sorted; nil admits all.
type Calendar struct {
	Text     string
	Weekdays []int // 0 is Sunday
	Months   []int
	Days     []int
	// LastDays counts the days from the end of the month (`~`).
	LastDays                bool
	Hours, Minutes, Seconds []int
	// Years as written, "" for all.
	Years string
	// Zone is a time zone, "" for that of the machine.
	Zone string
}

var calendarWords = map[string]string{
	"minutely": "*-*-* *:*:00", "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00", "weekly": "Mon *-*-* 00:00:00",
	"monthly": "*-*-01 00:00:00", "yearly": "*-01-01 00:00:00", "annually": "*-01-01 00:00:00",
	"quarterly": "*-01,04,07,10-01 00:00:00", "semiannually": "*-01,07-01 00:00:00",
}

var (
	zoneRE  = compiled(`^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_+-]+)+)$`)
	yearsRE = compiled(`^(\*|[0-9]{4})((,|\.\.|/)[0-9]{1,4})*$`)
)

// ParseCalendar reads a calendar expression.
func ParseCalendar(s string) (*Calendar, error) {
	c := &Calendar{Text: s}
	text := s
	if word, ok := calendarWords[s]; ok {
		text = word
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, fmt.Errorf("is empty")
	}
	if last := fields[len(fields)-1]; zoneRE.MatchString(last) {
		c.Zone, fields = last, fields[:len(fields)-1]
	}
	if len(fields) > 0 && isLetter(fields[0][0]) {
		if err := c.weekdays(fields[0]); err != nil {
			return nil, err
		}
		fields = fields[1:]
	}
	date, clock := "", ""
	for _, f := range fields {
		switch {
		case strings.Contains(f, ":") && clock == "":
			clock = f
		case !strings.Contains(f, ":") && date == "" && clock == "":
			date = f
		default:
			return nil, fmt.Errorf("has an unexpected `%s`", f)
		}
	}
	if date == "" && clock == "" && c.Weekdays == nil {
		return nil, fmt.Errorf("says no time")
	}
	if err := c.date(date); err != nil {
		return nil, err
	}
	return c, c.clock(clock)
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func (c *Calendar) weekdays(s string) error {
	for part := range strings.SplitSeq(strings.TrimSuffix(s, ","), ",") {
		from, to, isRange := strings.Cut(part, "..")
		a, b := weekday(from), weekday(from)
		if isRange {
			b = weekday(to)
		}
		if a < 0 || b < 0 {
			return fmt.Errorf("has `%s`, which is neither a weekday nor a word such as `daily`", part)
		}
		if (a+6)%7 > (b+6)%7 { // a week begins with Monday
			return fmt.Errorf("has `%s`, which goes past Sunday: write `%s..Sun,Mon..%s`", part, from, to)
		}
		for d := a; ; d = (d + 1) % 7 {
			c.Weekdays = append(c.Weekdays, d)
			if d == b {
				break
			}
		}
	}
	slices.Sort(c.Weekdays)
	c.Weekdays = slices.Compact(c.Weekdays)
	return nil
}

// weekday reads a name of three letters or more; -1 for none.
func weekday(s string) int {
	full := []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	low := strings.ToLower(s)
	return slices.IndexFunc(full, func(day string) bool { return low == day || low == day[:3] })
}

func (c *Calendar) date(s string) (err error) {
	if s == "" {
		return nil
	}
	rest, day, last := strings.Cut(s, "~")
	if last {
		c.LastDays = true
	} else {
		i := strings.LastIndex(s, "-")
		if i < 0 {
			return fmt.Errorf("has an unexpected `%s`", s)
		}
		rest, day = s[:i], s[i+1:]
	}
	month := rest
	if i := strings.LastIndex(rest, "-"); i >= 0 {
		year := rest[:i]
		month = rest[i+1:]
		if !yearsRE.MatchString(year) {
			return fmt.Errorf("has no year `%s`", year)
		}
		c.Years = strings.TrimPrefix(year, "*")
	}
	if c.Months, err = component(month, 1, 12, "month"); err != nil {
		return err
	}
	c.Days, err = component(day, 1, 31, "day")
	return err
}

func (c *Calendar) clock(s string) (err error) {
	c.Hours, c.Minutes, c.Seconds = []int{0}, []int{0}, []int{0}
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return fmt.Errorf("has no time `%s`", s)
	}
	if c.Hours, err = component(parts[0], 0, 23, "hour"); err != nil {
		return err
	}
	if c.Minutes, err = component(parts[1], 0, 59, "minute"); err != nil {
		return err
	}
	if len(parts) == 3 {
		c.Seconds, err = component(parts[2], 0, 59, "second")
	}
	return err
}

// component reads `*`, `4`, `1,3`, `1..5`, `2/3`, `1..9/2`.
func component(s string, lo, hi int, what string) ([]int, error) {
	if s == "*" {
		return nil, nil
	}
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		values, every, isStep := strings.Cut(part, "/")
		from, to, isRange := strings.Cut(values, "..")
		a, ok := number(from, lo, hi)
		b := a
		switch {
		case isRange:
			var good bool
			b, good = number(to, a, hi)
			ok = ok && good
		case isStep:
			b = hi
		}
		step := 1
		if isStep {
			var good bool
			step, good = number(every, 1, hi)
			ok = ok && good
		}
		if !ok {
			return nil, fmt.Errorf("has no %s `%s`: %d to %d, as in `%d`, `%d..%d`, `%d/%d`", what, part, lo, hi, lo+1, lo+1, lo+3, lo, lo+2)
		}
		for v := a; v <= b; v += step {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func number(s string, lo, hi int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && len(s) <= 2 && s[0] != '-' && s[0] != '+' && n >= lo && n <= hi
}

// Interval is one dictionary of launchd's StartCalendarInterval: Minute, Hour,
// Day, Weekday, Month; what is absent is any.
type Interval map[string]int64

// Launchd gives the expression as launchd says it, or why launchd cannot.
func (c *Calendar) Launchd() ([]Interval, error) {
	switch {
	case c.Zone != "":
		return nil, fmt.Errorf("launchd knows no time zones")
	case c.Years != "":
		return nil, fmt.Errorf("launchd knows no years")
	case c.LastDays:
		return nil, fmt.Errorf("launchd does not count days from the end of the month")
	case !slices.Equal(c.Seconds, []int{0}):
		return nil, fmt.Errorf("launchd knows no seconds")
	case c.Weekdays != nil && c.Days != nil:
		return nil, fmt.Errorf("launchd takes a weekday and a day of the month as either of them, systemd as both")
	}
	out := []Interval{{}}
	for _, p := range []struct {
		key    string
		values []int
	}{{"Month", c.Months}, {"Day", c.Days}, {"Weekday", c.Weekdays}, {"Hour", c.Hours}, {"Minute", c.Minutes}} {
		out = times(out, p.key, p.values)
		if len(out) > 400 {
			return nil, fmt.Errorf("launchd would need more than 400 entries")
		}
	}
	return out, nil
}

// times combines each interval with each value.
func times(in []Interval, key string, values []int) []Interval {
	if values == nil {
		return in
	}
	var out []Interval
	for _, i := range in {
		for _, v := range values {
			x := Interval{key: int64(v)}
			for k, old := range i {
				x[k] = old
			}
			out = append(out, x)
		}
	}
	return out
}
