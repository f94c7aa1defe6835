package push

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"syscall"
)

// errInner says that a name has led to an address that is none of the callers' business.
var errInner = errors.New("the address is not on the public internet")

// guard is the net.Dialer.Control of connections to webhooks: it sees the address that is about to
// be connected to, whatever a name was resolved to before, and refuses what is not public.
func guard(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return errInner
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil || !public(a.Addr()) {
		return errInner
	}
	return nil
}

// public reports whether an address is one of the public internet. Of IPv6 that is 2000::/3 less
// what is special in it; of an address that holds an IPv4 address that a gateway would go on to, it
// is what that one is.
func public(a netip.Addr) bool {
	a = a.Unmap() // ::ffff:0:0/96
	switch {
	case a.Zone() != "":
		return false
	case a.Is4():
		return !within(a, inner().v4)
	case nat64().Contains(a):
		b := a.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	return global().Contains(a) && !within(a, inner().v6)
}

func within(a netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

var (
	// RFC 6052 §2.1
	nat64 = sync.OnceValue(func() netip.Prefix { return netip.MustParsePrefix("64:ff9b::/96") })
	// RFC 4291 §2.4
	global = sync.OnceValue(func() netip.Prefix { return netip.MustParsePrefix("2000::/3") })
)

type prefixes struct{ v4, v6 []netip.Prefix }

// inner is what the registries of special addresses (RFC 6890, as kept by IANA) hold that is not
// the public internet.
var inner = sync.OnceValue(func() prefixes {
	parse := func(texts ...string) (parsed []netip.Prefix) {
		for _, text := range texts {
			parsed = append(parsed, netip.MustParsePrefix(text))
		}
		return parsed
	}
	return prefixes{
		v4: parse(
			"0.0.0.0/8", "10.0.0.0/8",
			"100.64.0.0/10",    // of carriers (RFC 6598); Alibaba's metadata service too
			"127.0.0.0/8",      // loopback
			"168.63.129.16/32", // what Azure's machines ask
			"169.254.0.0/16",   // link-local; most clouds' metadata services
			"172.16.0.0/12",
			"192.0.0.0/24",   // of protocols; Oracle's metadata service too
			"192.0.2.0/24",   // documentation
			"192.88.99.0/24", // relays of 6to4 (RFC 7526)
			"192.168.0.0/16",
			"198.18.0.0/15",   // benchmarks
			"198.51.100.0/24", // documentation
			"203.0.113.0/24",  // documentation
			"224.0.0.0/4",     // multicast
			"240.0.0.0/4",     // reserved, and broadcast
		),
		v6: parse(
			// of protocols: Teredo, which holds an IPv4 address, ORCHID, benchmarks
			"2001::/23",
			"2001:db8::/32", // documentation
			// 6to4, which holds an IPv4 address, and nobody runs any more (RFC 7526)
			"2002::/16",
			"3fff::/20", // documentation
		),
	}
})
