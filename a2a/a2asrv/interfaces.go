package a2asrv

import (
	"strings"

	"staff0/a2a"
	"staff0/a2a/wire"
)

// RESTPath is where HTTP+JSON is served, below the path of JSON-RPC. The two could share an
// address, for their requests differ, but then every path below it would be the binding's, tenants
// being free words (§11.3).
const RESTPath = "/rest"

// Interfaces lists what a Server at url speaks, for the card: the newest version first, JSON-RPC
// before HTTP+JSON. The older version is JSON-RPC alone.
func Interfaces(url string) []a2a.AgentInterface {
	return []a2a.AgentInterface{
		{URL: url, ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: wire.Version10},
		{URL: strings.TrimSuffix(url, "/") + RESTPath, ProtocolBinding: a2a.BindingHTTPJSON,
			ProtocolVersion: wire.Version10},
		{URL: url, ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: wire.Version03},
	}
}
