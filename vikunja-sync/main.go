// Command vikunja-sync keeps Taskwarrior and Vikunja in step.
package main

func main() {}
