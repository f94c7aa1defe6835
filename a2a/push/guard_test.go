package push

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func TestWhichAddressesArePublic(t *testing.T) {
	for _, row := range []struct {
		address string
		public  bool
		why     string
	}{
		{"93.184.215.14", true, "a server"},
		{"1.1.1.1", true, "a server"},
		{"9.255.255.255", true, "below 10/8"},
		{"11.0.0.0", true, "above 10/8"},
		{"100.63.255.255", true, "below the addresses of carriers"},
		{"100.128.0.0", true, "above them"},
		{"172.15.255.255", true, "below 172.16/12"},
		{"172.32.0.0", true, "above it"},
		{"192.167.255.255", true, "below 192.168/16"},
		{"168.63.129.15", true, "a neighbour of Azure's"},
		{"223.255.255.255", true, "below multicast"},
		{"2606:4700:4700::1111", true, "a server"},
		{"2a00:1450:4001:80b::200e", true, "a server"},
		{"2001:200::1", true, "above the addresses of protocols"},
		{"64:ff9b::808:808", true, "NAT64 of 8.8.8.8"},
		{"::ffff:8.8.8.8", true, "8.8.8.8 mapped"},

		{"0.0.0.0", false, "unspecified, which is this machine on Linux"},
		{"0.1.2.3", false, "this network"},
		{"10.0.0.1", false, "private"},
		{"10.255.255.255", false, "private"},
		{"100.64.0.1", false, "a carrier's"},
		{"100.100.100.200", false, "Alibaba's metadata"},
		{"127.0.0.1", false, "loopback"},
		{"127.255.255.254", false, "loopback"},
		{"168.63.129.16", false, "Azure's wire server"},
		{"169.254.0.1", false, "link-local"},
		{"169.254.169.254", false, "metadata"},
		{"169.254.170.2", false, "metadata of ECS"},
		{"172.16.0.1", false, "private"},
		{"172.31.255.255", false, "private"},
		{"192.0.0.192", false, "Oracle's metadata"},
		{"192.0.2.1", false, "documentation"},
		{"192.88.99.1", false, "a relay of 6to4"},
		{"192.168.1.1", false, "private"},
		{"198.18.0.1", false, "benchmarks"},
		{"198.19.255.255", false, "benchmarks"},
		{"198.51.100.7", false, "documentation"},
		{"203.0.113.7", false, "documentation"},
		{"224.0.0.1", false, "multicast"},
		{"239.255.255.255", false, "multicast"},
		{"240.0.0.1", false, "reserved"},
		{"255.255.255.255", false, "broadcast"},

		{"::", false, "unspecified"},
		{"::1", false, "loopback"},
		{"::127.0.0.1", false, "IPv4-compatible"},
		{"::8.8.8.8", false, "IPv4-compatible, which nobody routes"},
		{"::ffff:127.0.0.1", false, "loopback mapped"},
		{"::ffff:10.1.2.3", false, "private mapped"},
		{"::ffff:169.254.169.254", false, "metadata mapped"},
		{"::ffff:0:127.0.0.1", false, "translated (RFC 2765)"},
		{"64:ff9b::7f00:1", false, "NAT64 of loopback"},
		{"64:ff9b::a9fe:a9fe", false, "NAT64 of metadata"},
		{"64:ff9b::a00:1", false, "NAT64 of a private address"},
		{"64:ff9b:1::808:808", false, "NAT64 of a local kind"},
		{"100::1", false, "discard"},
		{"2001::1", false, "Teredo"},
		{"2001:0:7f00:1::", false, "Teredo"},
		{"2001:2::1", false, "benchmarks"},
		{"2001:10::1", false, "ORCHID"},
		{"2001:20::1", false, "ORCHIDv2"},
		{"2001:db8::1", false, "documentation"},
		{"2002:7f00:1::1", false, "6to4 of loopback"},
		{"2002:a9fe:a9fe::", false, "6to4 of metadata"},
		{"2002:808:808::1", false, "6to4, which is no more"},
		{"3fff::1", false, "documentation"},
		{"4000::1", false, "not given out"},
		{"5f00::1", false, "segment routing"},
		{"fc00::1", false, "ULA"},
		{"fd00:ec2::254", false, "AWS's metadata"},
		{"fd20:ce::254", false, "Google's metadata"},
		{"fe80::1", false, "link-local"},
		{"fe80::1%eth0", false, "link-local with a zone"},
		{"2606:4700:4700::1111%eth0", false, "a zone"},
		{"fec0::1", false, "site-local"},
		{"ff02::1", false, "multicast"},
	} {
		if got := public(netip.MustParseAddr(row.address)); got != row.public {
			t.Errorf("%s (%s): public is %t", row.address, row.why, got)
		}
	}
}

func TestTheGuardLetsOnlyPublicAddressesPass(t *testing.T) {
	for _, row := range []struct {
		network, address string
		pass             bool
	}{
		{"tcp4", "8.8.8.8:443", true},
		{"tcp6", "[2606:4700:4700::1111]:443", true},
		{"tcp4", "127.0.0.1:443", false},
		{"tcp6", "[::ffff:127.0.0.1]:443", false},
		{"tcp6", "[fe80::1%eth0]:443", false},
		{"udp4", "8.8.8.8:443", false},
		{"unix", "/run/docker.sock", false},
		{"tcp4", "8.8.8.8", false},
	} {
		if err := guard(row.network, row.address, nil); (err == nil) != row.pass || err != nil &&
			!errors.Is(err, errInner) {
			t.Errorf("%s %s: %v", row.network, row.address, err)
		}
	}
}

func FuzzNoFormOfAnInnerAddressIsPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{169, 254, 169, 254})
	f.Add([]byte{8, 8, 8, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 4 {
			return
		}
		v4 := netip.AddrFrom4([4]byte(b))
		mapped := netip.AddrFrom16(v4.As16())
		translated := netip.MustParseAddr("64:ff9b::").As16()
		copy(translated[12:], b)
		if want := public(v4); public(mapped) != want ||
			public(netip.AddrFrom16(translated)) != want {
			t.Errorf("%v is public: %t, but not in every form", v4, want)
		}
		if (v4.IsPrivate() || v4.IsLoopback() || v4.IsLinkLocalUnicast() || v4.IsMulticast() ||
			v4.IsUnspecified()) && public(v4) {
			t.Errorf("%v is public", v4)
		}
	})
}

// nameServer answers each question for an address with the next of its answers, over and over the
// last one.
type nameServer struct {
	mu      sync.Mutex
	answers []string
	asked   int
	conn    net.PacketConn
}

func startNameServer(t *testing.T, answers ...string) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{answers: answers, conn: conn}
	t.Cleanup(func() { conn.Close() })
	go n.serve()
	return n
}

func (n *nameServer) serve() {
	b := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(b)
		if err != nil {
			return
		}
		if answer := n.answer(b[:size]); answer != nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

// answer writes an answer (RFC 1035 §4.1) to the one question of a query; only that for an A record
// has one.
func (n *nameServer) answer(query []byte) []byte {
	end := 12
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root, type and class
	if end > len(query) {
		return nil
	}
	kind := binary.BigEndian.Uint16(query[end-4:])
	out := append([]byte{}, query[:end]...)
	out[2], out[3] = 0x85, 0x80                   // an authoritative answer without error
	copy(out[4:], []byte{0, 1, 0, 0, 0, 0, 0, 0}) // one question
	if kind != 1 {
		return out
	}
	n.mu.Lock()
	address := n.answers[min(n.asked, len(n.answers)-1)]
	n.asked++
	n.mu.Unlock()
	out[7] = 1
	// that name, A, IN, to be kept for 0 s
	out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(out, netip.MustParseAddr(address).AsSlice()...)
}

func (n *nameServer) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn,
		error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

// TestANameThatLeadsInsideGetsNoConnection is about DNS rebinding: a name that is public whenever
// somebody looks, and private when it is dialled.
func TestANameThatLeadsInsideGetsNoConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	met := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			met <- struct{}{}
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())

	names := startNameServer(t, "93.184.215.14", "127.0.0.1")
	s, err := New(Config{Store: new(tasks.Memory), Resolver: names.resolver()})
	if err != nil {
		t.Fatal(err)
	}
	hook := &tasks.Webhook{Config: &a2a.TaskPushNotificationConfig{TaskID: "t", ID: "a",
		URL: "https://rebind.example:" + port + "/"}}
	if err := s.Check("", hook.Config); err != nil {
		t.Fatalf("check: %v", err)
	}
	if names.count() > 0 {
		t.Error("the check has resolved the name")
	}
	// Somebody has looked, and was told the public address.
	first, err := names.resolver().LookupHost(t.Context(), "rebind.example")
	if err != nil || len(first) != 1 || first[0] != "93.184.215.14" {
		t.Fatalf("the first look: %v, %v", first, err)
	}
	n := &notice{seq: 1, event: &a2a.TaskStatusUpdateEvent{}, dialect: dialectOf("")}
	fault := s.send(t.Context(), hook, n)
	if fault == nil || fault.text != "its host is not on the public internet" ||
		fault.patience != RefusedPatience {
		t.Errorf("sending to a name that leads inside: %+v", fault)
	}
	select {
	case <-met:
		t.Error("the inner address was connected to")
	case <-time.After(50 * time.Millisecond):
	}
	if n := names.count(); n < 2 {
		t.Errorf("the name was resolved %d times", n)
	}
	// The same for what leads there without a lie.
	for _, address := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+":"+
			port+"/", nil)
		if res, err := s.guarded.RoundTrip(req); err == nil {
			res.Body.Close()
			t.Errorf("%s was connected to", address)
		}
	}
}
