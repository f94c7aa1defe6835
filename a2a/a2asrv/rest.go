package a2asrv

import (
	"net/http"
	"strconv"
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// restful reports whether a path belongs to the HTTP+JSON binding.
func (s *Server) restful(path string) bool {
	return len(s.routes) > 0 && s.below(path, RESTPath) != ""
}

// serveREST goes through the guard before it looks at the route: whoever has no token does not
// learn what is there (§13.1).
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.ready():
		unavailable(w)
		s.refuse(w, r, http.StatusServiceUnavailable, errNotReady)
	case s.restful(r.URL.Path):
		s.rest.ServeHTTP(w, r)
	default:
		s.older.ServeHTTP(w, r)
	}
}

// serveRoute does one HTTP+JSON call of an authenticated caller: the same operations as serveCall,
// in another spelling (§5.1, §11).
func (s *Server) serveRoute(w http.ResponseWriter, r *http.Request) {
	route, allow := wire.MatchRoute(r.Method, s.below(r.URL.EscapedPath(), RESTPath))
	switch {
	case route.Method != "":
	case len(allow) > 0:
		w.Header().Set("Allow", strings.Join(allow, ", "))
		s.refuse(w, r, http.StatusMethodNotAllowed, &a2a.Error{Err: a2a.ErrMethodNotFound,
			Message: "This is called with " + strings.Join(allow, " or ")})
		return
	default:
		s.refuse(w, r, http.StatusNotFound,
			&a2a.Error{Err: a2a.ErrMethodNotFound, Message: "There is no such operation"})
		return
	}
	c := &call{w: w, r: r, rest: true, media: accepted(r.Header), dialect: wire.V10,
		method: route.Method, body: s.buffer()}
	defer s.free(c)
	c.owner, c.expiry = caller(r.Context())
	// what is ignored is read too, or it would be taken for the next request
	if r.ContentLength != 0 && !s.read(c) {
		return
	}
	if route.Body == wire.BodyRequired || route.Body == wire.BodyOptional && len(c.body.b) > 0 {
		if status, err := mediaType(r.Header); err != nil {
			s.refuse(w, r, status, err)
			return
		}
	}
	op, err := s.decodeRoute(c, &route)
	s.run(c, op, err)
}

// decodeRoute finds out what is called. A request without a version is one of 1.0, although by the
// letter it is one of 0.3 (§3.6.2): 0.3 has other paths in this binding, so nobody who uses these
// means that.
func (s *Server) decodeRoute(c *call, route *wire.Route) (operation, error) {
	op := s.routes[route.Method] // every operation of 1.0 is in the table
	if v := version(c.r); v != "" && wire.Lookup(v) != wire.V10 {
		return op, &a2a.Error{Err: a2a.ErrVersionNotSupported,
			Metadata: map[string]string{"supportedVersions": wire.Version10}}
	}
	var err error
	c.params, err = route.Params(c.r.URL.RawQuery, c.body.b)
	return op, err
}

var a2aType = []string{wire.JSONType}

// accepted is the type of an answer: plain JSON, unless the client names the type of A2A. §11.1 has
// that as the rule, but there are clients that take an error of that type for no error of A2A.
func accepted(h http.Header) []string {
	for _, line := range h["Accept"] {
		for media := range strings.SplitSeq(line, ",") {
			media, params, _ := strings.Cut(media, ";")
			if strings.EqualFold(strings.TrimSpace(media), wire.JSONType) && !unwanted(params) {
				return a2aType
			}
		}
	}
	return jsonType
}

// unwanted reports whether the parameters of a media type have a weight of zero (RFC 9110 §12.4.2).
func unwanted(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return err == nil && weight == 0
		}
	}
	return false
}
