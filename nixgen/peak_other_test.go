//go:build !(linux || darwin)

package main

import "os"

func peak(*os.ProcessState) float64 { return 0 }
