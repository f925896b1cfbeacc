package diag

import "strings"

// Suggest returns the candidate that `name` was most likely meant to be, or ""
// when none is near. Near means a Damerau-Levenshtein distance of at most a
// third of the length, or equality but for case and separators; ties go to the
// first candidate.
func Suggest(name string, candidates []string) string {
	best, bestD := "", 1+max(1, len(name)/3)
	folded := fold(name)
	for _, c := range candidates {
		if c == name {
			continue
		}
		if fold(c) == folded {
			return c
		}
		if apart(name, c) >= bestD {
			continue
		}
		if d := distance(name, c); d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

// Slip is the one candidate that differs from `name` by a slip of the pen: by
// case and separators alone, or by one letter left out, doubled, exchanged or
// swapped with its neighbour. It is "" where several do, or none: only what
// cannot have been meant otherwise is fit to be put right unasked.
func Slip(name string, candidates []string) string {
	found, folded := "", fold(name)
	for _, c := range candidates {
		if c == name || fold(c) != folded && (len(name) < 4 || apart(name, c) > 1 || distance(name, c) > 1) {
			continue
		}
		if found != "" {
			return ""
		}
		found = c
	}
	return found
}

var separators = strings.NewReplacer("-", "", "_", "")

func fold(s string) string { return strings.ToLower(separators.Replace(s)) }

// apart is the least that the distance of two names can be.
func apart(a, b string) int { return max(len(a)-len(b), len(b)-len(a)) }

// distance is the optimal string alignment distance over bytes.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
