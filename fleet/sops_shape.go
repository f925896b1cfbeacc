package fleet

import (
	"slices"
	"strings"
)

// The names of sops-nix' own options are used wherever it has one.

var (
	secretNameRE = compiled(`^\.?[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*(/\.?[A-Za-z0-9_@+][A-Za-z0-9_.@+-]*)*$`)
	modeRE       = compiled(`^0?[0-7]{3}$`)
)

// secretFormats are the values of `format`.
var secretFormats = []string{"yaml", "json", "binary", "dotenv", "ini"}

const secretNameRule = "letters, digits, `_`, `.`, `-`, `@` and `+` between `/`, as `wifi/home`"

var (
	secretKeyName = keyMatches(secretNameRE, "secret name", secretNameRule)
	secretName    = matching(secretNameRE, "the name of a secret such as `wifi/home`")
	fileMode      = matching(modeRE, "a mode such as `0400`")
	unitName      = matching(unitRE, "the name of a systemd unit, such as `sshd.service`")
	sopsFile      = text(checkSopsFile)
	homePath      = text(checkHomePath)
)

// sopsShape is what a system does with secrets; also on roles and hosts.
var sopsShape = table(
	key("defaultSopsFile", sopsFile, "file of secrets that name none: `shared`, `host`, or a path in the input, `{host}` standing for the host").or("host"),
	key("age", table(
		key("sshKeyPaths", listOf(text(checkAbsolute)), "SSH host keys that decrypt").or("`/etc/ssh/ssh_host_ed25519_key`, below the persist folder where the root does not persist; none beside a `keyFile`"),
		key("keyFile", text(checkAbsolute), "age key that decrypts; never in the store"),
		key("generateKey", boolean(), "make the `keyFile` when it is missing").or("false"),
	), "the keys of the host"),
	key("secrets", mapOf("SECRET", secretKeyName, table(secretKeys()...)), "secrets by name: `config.sops.secrets.NAME.path` is the file on the host"),
	key("templates", mapOf("TEMPLATE", keyMatches(secretNameRE, "template name", secretNameRule), table(
		key("content", text(checkNUL), "text of the file; `{{NAME}}` stands for a secret, `\\{{` for two braces"),
		key("owner", matching(userRE, "a user name"), "user who owns it").or("root"),
		key("group", matching(userRE, "a group name"), "group").or("the owner's"),
		key("mode", fileMode, "permissions").or("0400"),
		key("path", text(checkAbsolute), "where it is").or("`/run/secrets/rendered/NAME`"),
		key("restartUnits", listOf(unitName), "units to restart when it changes").on(NixOS),
		key("reloadUnits", listOf(unitName), "units to reload when it changes").on(NixOS),
	)), "files with secrets in them, by name"),
)

func secretKeys() []*keyDef {
	return append(commonSecretKeys(),
		key("path", text(checkAbsolute), "where it is").or("`/run/secrets/NAME`"),
		key("owner", matching(userRE, "a user name"), "user who owns it").or("root"),
		key("group", matching(userRE, "a group name"), "group").or("the owner's; `staff` on a Mac"),
		key("neededForUsers", boolean(), "decrypt before users exist, into `/run/secrets-for-users`; it belongs to root").on(NixOS).or("false"),
		key("restartUnits", listOf(unitName), "units to restart when it changes").on(NixOS),
		key("reloadUnits", listOf(unitName), "units to reload when it changes").on(NixOS),
	)
}

// commonSecretKeys stand at systems and homes.
func commonSecretKeys() []*keyDef {
	return []*keyDef{
		key("sopsFile", sopsFile, "file it is in: `shared`, `host`, or a path in the input").or("`defaultSopsFile`"),
		key("key", line, "where it is in the file; empty for the whole file").or("its name"),
		key("format", enum("format", secretFormats...), "format of the file").or("by the file's name: `.yaml`, `.json`, `.env`, `.ini`, else `binary`"),
		key("mode", fileMode, "permissions").or("0400"),
	}
}

// homeSopsShape is what a user's home does with secrets. There everything is
// the user's, so there is no owner.
var homeSopsShape = table(
	key("defaultSopsFile", sopsFile, "file of secrets that name none: `shared`, `host`, or a path in the input, with `{host}` and `{user}`").or("host"),
	key("age", table(
		key("sshKeyPaths", listOf(homePath), "SSH keys that decrypt").or("`~/.ssh/id_ed25519` where the user's `ageKey` is an SSH key"),
		key("keyFile", homePath, "age key that decrypts").or("`~/.config/sops/age/keys.txt` where it is none"),
		key("generateKey", boolean(), "make the `keyFile` when it is missing").or("false"),
	), "the keys of the user"),
	key("secrets", mapOf("SECRET", secretKeyName, table(homeSecretKeys()...).refusing(notAtHome)), "secrets by name"),
	key("templates", mapOf("TEMPLATE", keyMatches(secretNameRE, "template name", secretNameRule), table(
		key("content", text(checkNUL), "text of the file; `{{NAME}}` stands for a secret of the home, `\\{{` for two braces"),
		key("mode", fileMode, "permissions").or("0400"),
		key("path", homePath, "where it is").or("`~/.config/sops-nix/secrets/rendered/NAME`"),
	).refusing(notAtHome)), "files with secrets in them, by name"),
)

func homeSecretKeys() []*keyDef {
	return append(commonSecretKeys(), key("path", homePath, "where it is, `~/` being the home").or("`~/.config/sops-nix/secrets/NAME`"))
}

// notAtHome says why a key of a system's secrets is none of a home's.
var notAtHome = map[string]string{
	"owner": "in a home everything is the user's", "group": "in a home everything is the user's",
	"neededForUsers": "a home is decrypted after users exist",
	"restartUnits":   "home-manager's sops-nix restarts nothing", "reloadUnits": "home-manager's sops-nix reloads nothing",
}

// refusing gives reasons for keys that a reader may expect.
func (s *shape) refusing(reasons map[string]string) *shape {
	s.refused = reasons
	return s
}

// checkSopsFile takes "shared", "host", or a path in the input.
func checkSopsFile(w *walker, n *node) {
	p, wrong := treePath(n.str)
	if wrong == "is absolute; paths are relative to hosts.toml" {
		wrong = "is absolute; paths are relative to the input's root"
	}
	switch {
	case n.str == fileShared || n.str == fileHost:
	case wrong != "":
		w.fail(n, "`%s`: the path %s %s", n.path(), quoted(n.str), wrong)
	case !strings.ContainsAny(n.str, "/."):
		w.fail(n, "`%s` is %s, must be `shared`, `host`, or a path in the input such as `sops/web.yaml`", n.path(), quoted(n.str))
	case strings.ContainsAny(strings.NewReplacer("{host}", "", "{user}", "").Replace(string(p)), "{}*?[]"):
		w.fail(n, "`%s` is %s, which may hold `{host}` and `{user}` and no other pattern", n.path(), quoted(n.str))
	}
}

// checkHomePath takes an absolute path, or one below the user's home.
func checkHomePath(w *walker, n *node) {
	rest, home := strings.CutPrefix(n.str, "~/")
	if home && absoluteOK("/"+rest) {
		return
	}
	if !absoluteOK(n.str) {
		w.fail(n, "`%s` is %s, must be an absolute path without `..`, or one below `~/`", n.path(), quoted(n.str))
	}
}

func checkNUL(w *walker, n *node) {
	if strings.ContainsRune(n.str, 0) {
		w.fail(n, "`%s` must not hold a NUL: Nix has none in strings", n.path())
	}
}

// secretRef is what a parameter may say instead of a path.
var secretRef = table(key("secret", secretName, "the name of a secret of the host, or of its primary user's home: the parameter becomes its path").must())

// orSecret lets a text also be the path of a secret.
func orSecret(s *shape) *shape {
	if s.kinds != stringNode {
		return s
	}
	return either(s, secretRef)
}

// The plain data of the private input: a tree of attributes whose leaves are
// types.

// portKind is an integer from 1 to 65535.
const portKind Kind = "port"

// plainKinds may be leaves of [secrets.plain].
var plainKinds = []Kind{Bool, Int, portKind, Float, String, PathKind, FreeForm, ListOf, AttrsOf, Nullable}

var (
	plainTable = mapOf("ATTR", checkPlainName, plainNode)
	plainLeaf  = &shape{kinds: stringNode, words: "the name of a type, or a table of such", check: checkPlainType, typ: &Type{Kind: String}}
	plainNode  = &shape{kinds: stringNode | tableNode, words: plainLeafWords, keyName: "ATTR"}
)

const plainLeafWords = "the name of a type, or a table of such"

func init() { // the shape holds itself
	plainNode.dyn = func(_ *walker, n *node) *shape {
		if n.kind == tableNode {
			return plainTable
		}
		return plainLeaf
	}
}

// flakeAttrs are those that every flake input has.
var flakeAttrs = []string{"_type", "dirtyRev", "dirtyShortRev", "inputs", "lastModified", "lastModifiedDate", "narHash",
	"outPath", "outputs", "rev", "revCount", "self", "shortRev", "sourceInfo", "submodules"}

func checkPlainName(w *walker, n *node) {
	switch {
	case !identRE.MatchString(n.name) || slices.Contains(nixKeywords, n.name):
		w.failKey(n, "%s is no name for Nix: letters, digits, `_`, `'` and `-`, beginning with a letter", quoted(n.name))
	case n.parent.parent != nil && n.parent.parent.name == "secrets" && slices.Contains(flakeAttrs, n.name):
		w.failKey(n, "`%s`: every flake has an attribute `%s`, choose another name", n.path(), n.name)
	}
}

func checkPlainType(w *walker, n *node) {
	if _, err := parsePlainType(n.str); err != nil {
		w.fail(n, "`%s`: %v", n.path(), err)
	}
}

// parsePlainType is ParseType with `port`.
func parsePlainType(s string) (*Type, error) {
	t, err := ParseType(s, nil, plainKinds)
	if err != nil {
		return nil, err
	}
	if leaf := t.leaf(); leaf.Kind == portKind {
		lo, hi := int64(1), int64(65535)
		leaf.Kind, leaf.Min, leaf.Max = Int, &lo, &hi
	}
	return t, nil
}
