//go:build !unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// readInto reads a file into the room of buf.
func readInto(buf []byte, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return buf, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return buf, err
	}
	if info.IsDir() {
		return buf, fmt.Errorf("%s: %w", path, errIsFolder)
	}
	b := bytes.NewBuffer(slices.Grow(buf[:0], int(info.Size())+bytes.MinRead))
	_, err = b.ReadFrom(f)
	return b.Bytes(), err
}
