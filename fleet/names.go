package fleet

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Systems are the Nix systems a host may have.
var Systems = []string{
	"aarch64-darwin", "aarch64-linux", "armv6l-linux", "armv7l-linux", "i686-linux", "loongarch64-linux",
	"powerpc64le-linux", "riscv64-linux", "x86_64-darwin", "x86_64-linux",
}

// PlatformOf derives the platform from system and kind.
func PlatformOf(system, kind string) string {
	switch {
	case kind == "home":
		return Home
	case strings.HasSuffix(system, "-darwin"):
		return Darwin
	}
	return NixOS
}

// The forms of names. What they leave out would break a path, a DNS label, a
// partition label or a Nix identifier somewhere downstream.
var (
	hostRE       = compiled(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	userRE       = compiled(`^[A-Za-z_][A-Za-z0-9_.-]{0,30}$`)
	nameRE       = compiled(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
	diskRE       = compiled(`^[a-z][a-z0-9-]{0,15}$`)
	identRE      = compiled(`^[A-Za-z_][A-Za-z0-9_'-]*$`)
	fieldRE      = compiled(`^[a-z][A-Za-z0-9]{0,62}$`)
	hostIDRE     = compiled(`^[0-9a-f]{8}$`)
	releaseRE    = compiled(`^(1[3-9]|[23][0-9])\.(0[3459]|1[0-2])$`)
	sizeRE       = compiled(`^([1-9][0-9]{0,14}[KMGTP]?|([1-9][0-9]?|100)%)$`)
	deviceRE     = compiled(`^/dev/[A-Za-z0-9_][A-Za-z0-9_.:+@=,/-]*$`)
	pinRE        = compiled(`^(>=|<=|>|<|=)?\s*([0-9]+)(\.[0-9]+)?(\.[0-9]+)?$`)
	ageRE        = compiled(`^age1[0-9a-z]{20,200}$`)
	cryptRE      = compiled(`^(\$[0-9a-z]+\$[^\s:]+|!|\*)$`)
	bracesRE     = regexp.MustCompile(`\{[A-Za-z]+\}`)
	keyAlgorithm = compiled(`^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$`)
)

// nixKeywords cannot be names of arguments or fields.
var nixKeywords = []string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"}

// ValidHostName says whether a name is safe as a folder, a DNS label and an
// attribute name.
func ValidHostName(s string) bool { return hostRE.MatchString(s) }

// checkHostName judges the key of a host's table.
func checkHostName(w *walker, n *node) {
	if ValidHostName(n.name) {
		return
	}
	w.failKey(n, "%s is no host name: at most 63 letters, digits and inner hyphens (RFC 1123)", quoted(n.name))
}

func keyMatches(re *pattern, what, rule string) func(*walker, *node) {
	return func(w *walker, n *node) {
		if !re.MatchString(n.name) {
			w.failKey(n, "%s is no %s: %s", quoted(n.name), what, rule)
		}
	}
}

func valueMatches(re *pattern, rule string) func(*walker, *node) {
	return func(w *walker, n *node) {
		if !re.MatchString(n.str) {
			w.fail(n, "`%s` is %s, must be %s", n.path(), quoted(n.str), rule)
		}
	}
}

// treePath cleans a path that must stay in the tree; the second result says
// what is wrong with it.
func treePath(s string) (Path, string) {
	switch {
	case s == "":
		return "", "is empty"
	case strings.ContainsAny(s, "\x00\n\r"):
		return "", "holds a control character"
	case strings.Contains(s, `\`):
		return "", "holds a backslash; paths are written with `/`"
	case strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~"):
		return "", "is absolute; paths are relative to hosts.toml"
	}
	p := path.Clean(s)
	if p == ".." || strings.HasPrefix(p, "../") {
		return "", "leaves the folder of hosts.toml"
	}
	if slices.Contains(strings.Split(p, "/"), ".git") {
		return "", "lies in .git"
	}
	return Path(p), ""
}

func checkTreePath(w *walker, n *node) {
	if _, wrong := treePath(n.str); wrong != "" {
		w.fail(n, "`%s`: the path %s %s", n.path(), quoted(n.str), wrong)
	}
}

// placeholders of layout patterns.
var placeholders = []string{"platform", "host", "user"}

func checkGlob(w *walker, n *node) {
	if _, wrong := treePath(n.str); wrong != "" {
		w.fail(n, "`%s`: the pattern %s %s", n.path(), quoted(n.str), wrong)
		return
	}
	for _, b := range bracesRE.FindAllString(n.str, -1) {
		if name := b[1 : len(b)-1]; !slices.Contains(placeholders, name) {
			w.fail(n, "`%s`: unknown placeholder `%s`%s", n.path(), b, meant(name, placeholders))
			return
		}
	}
	if !doublestar.ValidatePattern(bracesRE.ReplaceAllString(n.str, "x")) {
		w.fail(n, "`%s`: %s is no valid pattern", n.path(), quoted(n.str))
	}
}

// moduleClasses maps the first attribute below an input to the platform that
// its modules are for.
var moduleClasses = map[string]string{
	"nixosModules": NixOS, "nixosModule": NixOS, "darwinModules": Darwin, "darwinModule": Darwin,
	"homeModules": Home, "homeManagerModules": Home, "homeManagerModule": Home, "hmModules": Home,
}

// parseRef reads `input.attr.attr`; components that are no identifiers are
// quoted, as in Nix.
func parseRef(s string) (ModuleRef, bool) {
	parts, ok := splitAttrs(s)
	if !ok || len(parts) < 2 {
		return ModuleRef{}, false
	}
	return ModuleRef{Input: parts[0], Attrs: parts[1:], Class: moduleClasses[parts[1]]}, true
}

func splitAttrs(s string) ([]string, bool) {
	var out []string
	for {
		var part string
		if strings.HasPrefix(s, `"`) {
			end := strings.IndexByte(s[1:], '"')
			if end <= 0 || strings.ContainsAny(s[1:1+end], "\\$\n") {
				return nil, false
			}
			part, s = s[1:1+end], s[end+2:]
		} else {
			end := strings.IndexByte(s, '.')
			if end < 0 {
				end = len(s)
			}
			if part = s[:end]; !identRE.MatchString(part) {
				return nil, false
			}
			s = s[end:]
		}
		out = append(out, part)
		if s == "" {
			return out, true
		}
		if s[0] != '.' {
			return nil, false
		}
		s = s[1:]
	}
}

const refForm = "must be `input.attribute`, such as `nixos-hardware.nixosModules.framework-13-7040-amd`"

func checkModuleRef(w *walker, n *node) {
	s := strings.TrimPrefix(n.str, "inputs.")
	ref, ok := parseRef(s)
	if !ok {
		w.fail(n, "`%s` is %s, %s", n.path(), quoted(n.str), refForm)
		return
	}
	w.checkInput(n, ref.Input)
}

func (w *walker) inputs() *nameSet {
	return w.once("inputs()", func() []string { return w.env.Inputs })
}

func (w *walker) checkInput(n *node, input string) {
	if set := w.inputs(); set != nil && !set.set[input] {
		w.fail(n, "`%s`: the flake has no input `%s`%s", n.path(), input, meant(input, set.list))
	}
}

// checkOverlay takes `inputs.foo.overlays.default` or a path of the tree.
func checkOverlay(w *walker, n *node) {
	if s, isRef := strings.CutPrefix(n.str, "inputs."); isRef {
		ref, ok := parseRef(s)
		if !ok {
			w.fail(n, "`%s` is %s, must be `inputs.NAME.overlays.default` or a path such as `./overlays`", n.path(), quoted(n.str))
			return
		}
		w.checkInput(n, ref.Input)
		return
	}
	if !strings.HasPrefix(n.str, "./") {
		w.fail(n, "`%s` is %s, must be `inputs.NAME.overlays.default` or a path that begins with `./`", n.path(), quoted(n.str))
		return
	}
	checkTreePath(w, n)
}

// validAddress takes an IP address or a DNS name.
func validAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if len(s) > 253 || s == "" {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, l := range labels {
		if !hostRE.MatchString(l) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" // 10.0.0.300 is a broken address, no name
}

func checkAddress(w *walker, n *node) {
	if validAddress(n.str) {
		return
	}
	hint := ""
	if host, _, ok := strings.Cut(n.str, "/"); ok && validAddress(host) {
		hint = ", without a prefix length"
	}
	w.fail(n, "`%s` is %s, must be an IP address or a DNS name%s", n.path(), quoted(n.str), hint)
}

// checkSSHKey looks for `algorithm base64` where the blob names the same
// algorithm, so that a key cut short by copying is seen.
func checkSSHKey(w *walker, n *node) {
	if !validSSHKey(n.str) {
		w.fail(n, "`%s` is %s, must be a whole OpenSSH public key such as `ssh-ed25519 AAAA… name`", n.path(), quoted(n.str))
	}
}

func validSSHKey(s string) bool {
	f := strings.Fields(s)
	if strings.ContainsAny(s, "\n\r") {
		return false
	}
	for i := 0; i+1 < len(f); i++ {
		if !keyAlgorithm.MatchString(f[i]) {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(f[i+1])
		n := len(f[i])
		return err == nil && len(blob) > 4+n+4 && string(blob[4:4+n]) == f[i]
	}
	return false
}

// checkRecipient takes an age recipient or an ed25519 SSH key. A private key
// is not printed.
func checkRecipient(w *walker, n *node) {
	if strings.HasPrefix(strings.ToUpper(n.str), "AGE-SECRET-KEY-") {
		w.fail(n, "`%s` is a private key, which belongs in no file of the fleet: make a new one, and write its public half (`age1…`)", n.path())
		return
	}
	if ageRE.MatchString(n.str) || strings.HasPrefix(n.str, "ssh-ed25519 ") && validSSHKey(n.str) {
		return
	}
	w.fail(n, "`%s` is %s, must be an age recipient (`age1…`) or an ssh-ed25519 public key", n.path(), quoted(n.str))
}

func checkPassword(w *walker, n *node) {
	if !cryptRE.MatchString(n.str) {
		w.fail(n, "`%s` must be a hash such as `mkpasswd` prints, never the password itself", n.path())
	}
}

func checkAbsolute(w *walker, n *node) {
	if !absoluteOK(n.str) {
		w.fail(n, "`%s` is %s, must be an absolute path without `..`", n.path(), quoted(n.str))
	}
}

func absoluteOK(s string) bool {
	return strings.HasPrefix(s, "/") && path.Clean(s) == s && !strings.ContainsAny(s, "\x00\n\r")
}

// checkCacheKey takes name:base64 of 32 bytes.
func checkCacheKey(w *walker, n *node) {
	name, key, ok := strings.Cut(n.str, ":")
	raw, err := base64.StdEncoding.DecodeString(key)
	if !ok || name == "" || err != nil || len(raw) != 32 {
		w.fail(n, "`%s` is %s, must be `name:key` with a key of 32 bytes in base64", n.path(), quoted(n.str))
	}
}

func checkSubstituter(w *walker, n *node) {
	u, err := url.Parse(n.str)
	if err != nil || u.Scheme == "" && !absoluteOK(n.str) && n.str != "daemon" || strings.ContainsAny(n.str, " \n") {
		w.fail(n, "`%s` is %s, must be a store's URL such as `https://cache.nixos.org`", n.path(), quoted(n.str))
	}
}

func checkOneLine(w *walker, n *node) {
	if strings.ContainsAny(n.str, "\x00\n\r") {
		w.fail(n, "`%s` must be one line", n.path())
	}
}

func checkFlakeRef(w *walker, n *node) {
	if n.str == "" || strings.ContainsAny(n.str, " \t\n\r\x00\"'") {
		w.fail(n, "`%s` is %s, must be a flake reference such as `github:me/fleet`", n.path(), quoted(n.str))
	}
}

// checkFree judges values of free form: what Nix cannot hold is refused.
func checkFree(w *walker, n *node) {
	switch n.kind {
	case dateNode:
		w.fail(n, "`%s` must not be a date: Nix has none, write it as a string", n.path())
	case floatNode:
		if n.flt != n.flt || n.flt-n.flt != 0 {
			w.fail(n, "`%s` must be a finite number", n.path())
		}
	case stringNode:
		if strings.ContainsRune(n.str, 0) {
			w.fail(n, "`%s` must not hold a NUL: Nix has none in strings", n.path())
		}
	case tableNode, listNode:
		for _, k := range n.kids {
			if n.kind == tableNode && strings.ContainsRune(k.name, 0) {
				w.failKey(k, "the key %s must not hold a NUL: Nix has none in strings", quoted(k.name))
				continue
			}
			checkFree(w, k)
		}
	}
}
