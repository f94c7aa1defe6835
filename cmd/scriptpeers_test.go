//go:build unix

package cmd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"staff0/ciba/idp"
)

// peerFlags are those of the strangers, which say where they listen as our servers do.
func peerFlags(set *flag.FlagSet) (listenNow func() net.Listener) {
	addr := set.String("addr", "127.0.0.1:0", "")
	file := set.String("addr-file", "", "")
	return func() net.Listener {
		ln, err := net.Listen("tcp", *addr)
		if err == nil {
			_, err = writeAddr(*file, ln)
		}
		if err != nil {
			panic(err)
		}
		return ln
	}
}

func servePeer(ln net.Listener, h http.Handler) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(ln) }()
	<-ctx.Done()
	return 0
}

// peerMain is a party that says what the files of a directory say: the answer to `GET /a/b` is in
// the file `GET_a_b`, as it goes over the wire. In it, SELF is this party's address, OTHER what
// --other says, and REQUEST the id of a JSON-RPC request. What it is asked goes to stdout, a line
// for each request, with the form that was posted but for the secret.
func peerMain() int {
	set := flag.NewFlagSet("peer", flag.ExitOnError)
	listenNow := peerFlags(set)
	dir := set.String("dir", ".", "")
	other := set.String("other", "", "")
	_ = set.Parse(os.Args[1:])
	ln := listenNow()
	self := baseURL(ln, false)
	return servePeer(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		fmt.Println(r.Method, r.URL.Path, credentialsIn(r, body))
		answer, err := os.ReadFile(
			filepath.Join(*dir, r.Method+strings.ReplaceAll(r.URL.Path, "/", "_")))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		var request struct{ ID json.RawMessage }
		_ = json.Unmarshal(body, &request)
		text := strings.NewReplacer("SELF", self, "OTHER", *other, "REQUEST",
			string(request.ID)).Replace(string(answer))
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		defer res.Body.Close()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
}

// credentialsIn tells what a request carries of ours.
func credentialsIn(r *http.Request, body []byte) string {
	var all []string
	if scheme, _, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		all = append(all, scheme+" credentials")
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body))
		if form.Has("client_secret") {
			form.Set("client_secret", "it")
			all = append(all, "post credentials")
		}
		all = append(all, form.Encode())
	}
	if len(all) == 0 {
		return "no credentials"
	}
	return strings.Join(all, " ")
}

// providerMain is an identity provider that is not ours, though it speaks the same: it serves
// https, as those do, and does not call itself a development provider. Its certificate goes to
// --cert.
func providerMain() int {
	set := flag.NewFlagSet("provider", flag.ExitOnError)
	listenNow := peerFlags(set)
	cert := set.String("cert", "", "")
	clients := set.String("clients", "", "")
	approve := set.String("approve", "ask", "")
	_ = set.Parse(os.Args[1:])
	pair, err := certificate(*cert, "")
	if err != nil {
		panic(err)
	}
	ln := listenNow()
	cfg := idp.Config{Issuer: baseURL(ln, true) + "/", Alg: "ES256", Approve: idp.Mode(*approve)}
	if *clients != "" {
		if cfg.Clients, err = parseFile(*clients, idp.ParseClients); err != nil {
			panic(err)
		}
	}
	provider, err := idp.New(cfg)
	if err != nil {
		panic(err)
	}
	return servePeer(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}}),
		plain(provider))
}

// plain leaves out of the metadata what only the development provider says.
func plain(provider http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			provider.ServeHTTP(w, r)
			return
		}
		seen := httptest.NewRecorder()
		provider.ServeHTTP(seen, r)
		var document map[string]any
		if err := json.Unmarshal(seen.Body.Bytes(), &document); err != nil {
			panic(err)
		}
		delete(document, "staff0_development")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	})
}

var oneKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
})

// certificate makes a certificate for this machine and writes it, and its key if a file is named.
func certificate(certFile, keyFile string) (tls.Certificate, error) {
	key, err := oneKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "localhost"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		IsCA:        true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	if keyFile != "" {
		if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
			return tls.Certificate{}, err
		}
	}
	return tls.X509KeyPair(bytes.Clone(certPEM), keyPEM)
}
