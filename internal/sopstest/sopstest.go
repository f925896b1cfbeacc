// Package sopstest holds package secrets to the real sops: it is a module of
// its own, so that nothing of sops (and of the services' libraries that come
// with it) reaches the modules that nixgen is built from. It is no part of the
// workspace either, which would choose one version of shared modules for all:
//
//	cd internal/sopstest && GOWORK=off go test .
//
// What is held: sops takes the .sops.yaml that secrets.Rules prints, encrypts
// the skeleton to exactly the recipients that secrets.Plan says, the steps of
// secrets.Sync lead from one fleet to the next, and secrets.Parse reads every
// file that sops wrote. Every check uses the keys: those who may read a file can
// decrypt it, all others cannot.
package sopstest
