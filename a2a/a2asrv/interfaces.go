package a2asrv

import (
	"staff0/a2a"
	"staff0/a2a/wire"
)

// Interfaces lists what a Server at url speaks, for the card: JSON-RPC in each version of the protocol, the newest first.
func Interfaces(url string) []a2a.AgentInterface {
	var all []a2a.AgentInterface
	for _, version := range wire.Versions() {
		all = append(all, a2a.AgentInterface{URL: url, ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: version})
	}
	return all
}
