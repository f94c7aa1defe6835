package hrapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// VerifiedEmailHeader is the request header in which a client may name the address that it has
// proven to be the person's. It is never part of a URL, which servers and proxies log. Whatever
// is not printable ASCII, and the percent sign, is percent-encoded (RFC 3986 §2.1) in UTF-8.
const VerifiedEmailHeader = "Staff0-Verified-Email"

// escapeAddress returns an address as the header carries it.
func escapeAddress(address string) string {
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c > ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&0xf]})
		}
	}
	return b.String()
}

// readAddress returns the address in the header, in lower case, or "" without one. An error says
// that the header cannot be read; to ignore it would be to answer a question that nobody asked.
func readAddress(h http.Header) (string, error) {
	values := h.Values(VerifiedEmailHeader)
	if len(values) == 0 {
		return "", nil
	}
	address, err := url.PathUnescape(values[0])
	if len(values) > 1 || err != nil || !utf8.ValidString(address) {
		return "", errAddressHeader
	}
	if address = lowerAddress(address); len(address) > maxEmailBytes || !validEmail(address) {
		return "", errAddressHeader
	}
	return address, nil
}

var errAddressHeader = errors.New("the header " + VerifiedEmailHeader +
	" does not hold one e-mail address")

// lowerAddress returns an address in lower case. A letter outside ASCII whose lower case is an
// ASCII letter (the Kelvin sign) stays, or one person's address would become another's.
func lowerAddress(address string) string {
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return r
	}, address)
}
