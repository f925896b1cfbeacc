// Package layout is the one classifier of a fleet's files: which file is which
// tier, platform, topic, host and user.
package layout

// Inventory says what every file of the tree is.
type Inventory struct{}
