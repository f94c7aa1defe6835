package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	keepAlive   = 30 * time.Second
	// shorter than what most servers allow, so that few close a connection as we take it
	idleConnTimeout = 30 * time.Second
	tlsTimeout      = 10 * time.Second
	maxHeaderBytes  = 64 << 10

	// Each question makes three or four calls to one or two hosts. With the
	// default of two idle connections per host, hundreds of questions at once
	// would open and close a connection per call. After a burst they cost up to
	// 30 KiB each, until they have been idle for too long.
	maxIdleConnsPerHost = 512
)

// WayOut is how calls leave this machine. Its zero value is the usual way.
type WayOut struct {
	// Roots are the certificate authorities that servers are known by; nil means the system's.
	Roots *x509.CertPool
}

// NewHTTPClient is that of the usual way out; see [WayOut.NewHTTPClient].
func NewHTTPClient(timeout time.Duration) *http.Client { return WayOut{}.NewHTTPClient(timeout) }

// NewHTTPClient returns a client fit to carry credentials, to be shared by
// everyone who sends them, so that there is one pool of connections. It follows
// no redirect (a 3xx is the answer), keeps no cookies and asks for no compression
// (a bounded body stays bounded). It goes by the proxy that HTTPS_PROXY names,
// unless NO_PROXY names the host or the host is this machine; the proxy sees host
// and port, and TLS ends at the server. The name localhost is only ever dialled at
// a loopback address, whatever the resolver says.
//
// The timeout covers one call including its body; 0 means none, and the
// functions of this package then apply their own bound.
func (w WayOut) NewHTTPClient(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	local := *dialer
	local.ControlContext = loopbackOnly
	return &http.Client{
		Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if name, _, err := net.SplitHostPort(addr); err == nil && loopbackHost(name) {
					return local.DialContext(ctx, network, addr)
				}
				return dialer.DialContext(ctx, network, addr)
			},
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: w.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    maxIdleConnsPerHost,
			IdleConnTimeout:        idleConnTimeout,
			TLSHandshakeTimeout:    tlsTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// ErrNoCertificates is returned by [Roots] for a text without one.
var ErrNoCertificates = errors.New("it holds no certificate in PEM")

// Roots are the system's certificate authorities and those of a text in PEM.
func Roots(pem []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificate authorities cannot be read: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, ErrNoCertificates
	}
	return pool, nil
}

// loopbackOnly refuses to connect a loopback name to any other address. Plain
// http is allowed towards such names, so a hosts file or a resolver that sends
// localhost elsewhere would put secrets on a network in the clear.
func loopbackOnly(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !ap.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%w: a loopback name leads to another address", ErrInsecureURL)
	}
	return nil
}
