package lint

import (
	"errors"
	"io/fs"
)

var (
	errNotRegular = errors.New("not a regular file")
	errTooBig     = errors.New("larger than 32 MiB")
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
