package sopstest

import (
	"crypto/ed25519"
	"crypto/sha512"
	"strings"
	"testing"

	"filippo.io/age/plugin"
	"golang.org/x/crypto/ssh"
)

// sshToAge converts a private host key as ssh-to-age -private-key does.
func sshToAge(t *testing.T, file []byte) string {
	t.Helper()
	key, err := ssh.ParseRawPrivateKey(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(key.(*ed25519.PrivateKey).Seed())
	sum[0] &= 248
	sum[31] = sum[31]&127 | 64
	text := strings.Replace(plugin.EncodeIdentity("x", sum[:32]), "AGE-PLUGIN-X-", "AGE-SECRET-KEY-", 1)
	return rechecksum(text[:len(text)-6])
}

// rechecksum ends a Bech32 text of upper case in its checksum (BIP 173).
func rechecksum(s string) string {
	const charset = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	hrp, data, _ := strings.Cut(s, "-1")
	hrp = strings.ToLower(hrp + "-")
	var v []byte
	for _, c := range hrp {
		v = append(v, byte(c)>>5)
	}
	v = append(v, 0)
	for _, c := range hrp {
		v = append(v, byte(c)&31)
	}
	for _, c := range data {
		v = append(v, byte(strings.IndexRune(charset, c)))
	}
	chk := uint32(1)
	for _, x := range append(v, 0, 0, 0, 0, 0, 0) {
		top := chk >> 25
		chk = chk&0x1ffffff<<5 ^ uint32(x)
		for i, g := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				chk ^= g
			}
		}
	}
	chk ^= 1
	for i := range 6 {
		s += string(charset[chk>>(5*(5-i))&31])
	}
	return s
}
