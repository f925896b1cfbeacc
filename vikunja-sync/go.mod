module vikunja-sync

go 1.25.0
