// Package secrets says what a repository of sops files tells without
// decrypting: which keys each file has, who can read it, which values are not
// encrypted, and what the creation rules of .sops.yaml would do with it.
//
// The model: Parse reads one file that sops wrote (YAML, JSON, .env, .ini;
// ParseBinary the rest), ParseConfig a .sops.yaml. Plan derives from the fleet
// table who must be able to read which file; Rules prints that as .sops.yaml,
// Check compares it with a repository (a Tree: plain bytes by name), Sync says
// which files must be encrypted anew, Next what is to be done first, Migrate
// which files of a fleet's own tree go where. Everything is a pure function of
// its arguments.
//
// The laws:
//
//   - Nothing is ever decrypted, and no value of a file appears in a message:
//     messages name keys, recipients and files.
//   - Recipients are compared as age recipients; an ssh-ed25519 key is the
//     recipient that ssh-to-age prints for it.
//   - Who reads what: administrators ([keys]) read every file, a host reads the
//     shared file and its own, a user with an ageKey reads the shared file and
//     those of the hosts that he has an account on.
//   - Names inside a file are joined with "/", as `sops.secrets.<name>.key` of
//     sops-nix takes them.
//
// Not here: decrypting, encrypting, the message authentication code of a file
// (both need the data key), keys of cloud services and PGP (listed as what
// they are, never judged).
package secrets
