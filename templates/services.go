package templates

import "io/fs"

// Services lists the service templates, sorted. Each is a folder
// "services/NAME" with a module for each way of running it: nixos.nix,
// darwin.nix, home-manager.nix, the files these import, and settings.json,
// which declares the service's settings as its own binary prints them.
func Services() []string { return foldersWith("services/*/settings.json") }

// ServiceFiles lists the files of one service, sorted.
func ServiceFiles(name string) []string {
	found, err := fs.Glob(FS, "services/"+name+"/*")
	if err != nil {
		panic(err)
	}
	return found
}
