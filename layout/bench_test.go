package layout

import (
	"fmt"
	"testing"
)

func BenchmarkClassify(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		var files []string
		for i := range n {
			files = append(files,
				fmt.Sprintf("hosts/h%d/default.nix", i), fmt.Sprintf("hosts/h%d/hardware-configuration.nix", i),
				fmt.Sprintf("home/u%d/hosts/h%d.nix", i%10, i), fmt.Sprintf("generated/hosts/h%d/default.nix", i),
				fmt.Sprintf("modules/opt-in/area%d/topic%d/default.nix", i%7, i%200), fmt.Sprintf("pkgs/p%d/default.nix", i))
		}
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Classify(usual(), files)
			}
		})
	}
}
