package syntax

import (
	"bytes"
	"math"
	"strconv"
)

func parseInt(text []byte) (int64, error) { return strconv.ParseInt(string(text), 10, 64) }

// parseFloat reads a float as C's strtod does: what is too large, or too small
// for a normal number, is out of range.
func parseFloat(text []byte) (float64, bool) {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return v, false
	}
	const smallestNormal = 0x1p-1022
	if math.Abs(v) >= smallestNormal {
		return v, true
	}
	mantissa, _, _ := bytes.Cut(bytes.ToLower(text), []byte("e"))
	return v, len(bytes.Trim(mantissa, "0.")) == 0
}
