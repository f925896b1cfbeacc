package secrets

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"filippo.io/age/plugin"
	"filippo.io/edwards25519"
)

// AgeRecipient gives the age recipient of a key as hosts.toml and sops files
// write it: one that is "age1…" already, or the one that belongs to an
// ssh-ed25519 public key, as ssh-to-age computes it. The key's comment is
// ignored.
func AgeRecipient(key string) (string, error) {
	key = strings.TrimSpace(key)
	if strings.HasPrefix(key, "age1") {
		return key, nil
	}
	point, err := sshPoint(key)
	if err != nil {
		return "", err
	}
	p, err := new(edwards25519.Point).SetBytes(point)
	if err != nil {
		return "", fmt.Errorf("the ssh-ed25519 key is no point of the curve")
	}
	pub, err := ecdh.X25519().NewPublicKey(p.BytesMontgomery())
	if err != nil {
		return "", err
	}
	return plugin.EncodeX25519Recipient(pub)
}

const sshType = "ssh-ed25519"

// sshPoint takes the 32 bytes of the key out of an authorized_keys line.
func sshPoint(line string) ([]byte, error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || fields[0] != sshType {
		return nil, fmt.Errorf("neither an age recipient nor an %s public key", sshType)
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return nil, fmt.Errorf("the %s key is not base64", sshType)
	}
	name, rest, ok := sshString(blob)
	point, rest, ok2 := sshString(rest)
	if !ok || !ok2 || string(name) != sshType || len(point) != 32 || len(rest) != 0 {
		return nil, fmt.Errorf("the %s key is not one", sshType)
	}
	return point, nil
}

// sshString cuts a string with its length in front, as SSH writes it.
func sshString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}
