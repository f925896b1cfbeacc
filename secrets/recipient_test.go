package secrets

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"golang.org/x/crypto/ssh"
)

// identity converts a private key as ssh-to-age does: the clamped first half of
// the seed's SHA-512.
func identity(t *testing.T, key ed25519.PrivateKey) *age.X25519Identity {
	t.Helper()
	sum := sha512.Sum512(key.Seed())
	sum[0] &= 248
	sum[31] = sum[31]&127 | 64
	// The library takes identities as text alone, and writes only those of
	// plugins: the data between prefix and checksum are the same.
	text := strings.Replace(plugin.EncodeIdentity("x", sum[:32]), "AGE-PLUGIN-X-", "AGE-SECRET-KEY-", 1)
	text = rechecksum(text[:len(text)-6])
	id, err := age.ParseX25519Identity(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
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

// What is encrypted to the converted public key is decrypted by the converted
// private key.
func TestAgeRecipientOfAnSSHKey(t *testing.T) {
	for range 20 {
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sshKey, err := ssh.NewPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshKey))) + " root@malphas"
		got, err := AgeRecipient(line)
		if err != nil {
			t.Fatal(err)
		}
		if want := identity(t, key).Recipient().String(); got != want {
			t.Fatalf("AgeRecipient(%q) = %s, want %s", line, got, want)
		}
		roundTrip(t, got, identity(t, key))
	}
}

func roundTrip(t *testing.T, recipient string, id age.Identity) {
	t.Helper()
	r, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open, err := age.Decrypt(&sealed, id)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(open); err != nil || string(text) != "hello" {
		t.Fatalf("%q, %v", text, err)
	}
}

// The base points of both curves belong together (RFC 7748, section 4.1: u = 9).
func TestAgeRecipientOfTheBasePoint(t *testing.T) {
	y := append([]byte{0x58}, bytes.Repeat([]byte{0x66}, 31)...)
	got, err := AgeRecipient("ssh-ed25519 " + base64.StdEncoding.EncodeToString(wire(y)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "age1pyqqqqqqqqqqqqqqq") { // 9 and 31 zeros, five bits a letter
		t.Errorf("u = 9 became %s", got)
	}
}

func wire(point []byte) []byte {
	return append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), point...)
}

func TestAgeRecipientRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "neither an age recipient nor an ssh-ed25519 public key",
		"ssh-rsa AAAA":                    "neither an age recipient nor an ssh-ed25519 public key",
		"ssh-ed25519 %%%":                 "the ssh-ed25519 key is not base64",
		"ssh-ed25519 AAAA":                "the ssh-ed25519 key is not one",
		"ssh-ed25519 " + b64(wire(nil)):   "the ssh-ed25519 key is not one",
		"ssh-ed25519 " + b64(wire(two())): "the ssh-ed25519 key is no point of the curve",
	} {
		if _, err := AgeRecipient(in); err == nil || err.Error() != want {
			t.Errorf("AgeRecipient(%q): %v, want %s", in, err, want)
		}
	}
	if got, err := AgeRecipient(" age1abc "); err != nil || got != "age1abc" {
		t.Error(got, err)
	}
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// two is y = 2, which no point of the curve has.
func two() []byte { return append([]byte{2}, make([]byte, 31)...) }

func FuzzAgeRecipient(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEIo4V2PpA0aNvfO7VXAl0Rqq+S5CYYWmDPo0J9VHXwC a")
	f.Fuzz(func(t *testing.T, key string) {
		r, err := AgeRecipient(key)
		if err == nil && !strings.HasPrefix(strings.TrimSpace(key), "age1") {
			if _, err := age.ParseX25519Recipient(r); err != nil {
				t.Errorf("%q became %q: %v", key, r, err)
			}
		}
	})
}
