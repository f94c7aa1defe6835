package a2aclient

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"staff0/a2a"
	"staff0/a2a/wire"
)

func signatureFiles(t testing.TB) map[string][]byte {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/signatures.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = bytes.TrimSpace(f.Data)
	}
	return files
}

// Cards as the official SDKs sign them. testdata/signatures.txtar says how they were made.
func TestSignaturesOfOfficialSDKs(t *testing.T) {
	files := signatureFiles(t)
	signed := 0
	for name, data := range files {
		parts := strings.Split(name, ".")
		if len(parts) != 3 {
			continue
		}
		signed++
		of, by := strings.TrimPrefix(parts[0], "plain-"), parts[1]
		card, err := VerifyCard(data, cardKey(t, string(files[by+".jwk"])))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(card.Signatures) != 1 {
			t.Errorf("%s: %d signatures", name, len(card.Signatures))
		}
		got, err := wire.CardPayload(card)
		if err != nil {
			t.Fatal(err)
		}
		want := readCard(t, files[strings.Replace(of, "union", "ours", 1)+".json"])
		switch {
		case of == "empty":
			// the texts and lists that were left out come back as they were, the rest does not
			want.SecuritySchemes, want.SecurityRequirements = nil, nil
			want.Capabilities.Extensions[0].Params = a2a.Struct(`{"e":[0,false]}`)
		case of == "union": // the source has no requirements in the form of 1.0
			want.SecurityRequirements, want.Skills[0].SecurityRequirements = nil, nil
		}
		if strings.HasPrefix(by, "js-") && !strings.HasPrefix(name, "plain-") {
			want.SecuritySchemes = nil
		}
		wantPayload, err := wire.CardPayload(want)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, wantPayload) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, wantPayload)
		}
		altered := edit(t, data, func(doc map[string]any) { doc["name"] = "another" })
		if _, err := VerifyCard(altered, cardKey(t, string(files[by+".jwk"]))); !errors.Is(err,
			ErrCardAltered) {
			t.Errorf("%s under another name: %v", name, err)
		}
	}
	if signed != 20 {
		t.Errorf("%d signed cards", signed)
	}
	// Where nothing is empty, we sign the very bytes that they sign.
	for _, name := range []string{"ours", "full", "bare"} {
		got, err := wire.CardPayload(readCard(t, files[name+".json"]))
		if err != nil || !bytes.Equal(got, files[name+".payload"]) {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", name, got, err, files[name+".payload"])
		}
	}
}

// FuzzVerifyCard: what is changed in a signed card either does no harm or is refused.
func FuzzVerifyCard(f *testing.F) {
	// a signature made here would be another in each process, and a finding hard to repeat
	files := signatureFiles(f)
	data, public := files["full.go.json"], cardKey(f, string(files["go.jwk"]))
	want, err := VerifyCard(data, public)
	if err != nil {
		f.Fatal(err)
	}
	payload, err := wire.CardPayload(want)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, 0, []byte(" "))
	f.Add(1, 0, []byte(`"x":1,`))
	f.Add(1, 0, []byte(`"url":"https://evil.example",`))
	f.Fuzz(func(t *testing.T, at, length int, with []byte) {
		at = max(0, min(at, len(data)))
		length = max(0, min(length, len(data)-at))
		changed := slices.Concat(data[:at], with, data[at+length:])
		card, err := VerifyCard(changed, public)
		if err != nil {
			return
		}
		if got, err := wire.CardPayload(card); err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("%s\nbecame %s, %v", changed, got, err)
		}
	})
}

func BenchmarkVerifyCard(b *testing.B) {
	key, public := newKey(b)
	data := signedText(b, key)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VerifyCard(data, public); err != nil {
			b.Fatal(err)
		}
	}
}
