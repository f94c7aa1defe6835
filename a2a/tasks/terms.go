package tasks

import (
	"encoding/json"

	"staff0/a2a"
)

// noTerms is stored where a message asks for nothing: it takes the place of what an earlier one
// asked for.
var noTerms = []byte("{}")

// terms is what a request asks for beside its text, as it is kept with the task.
func terms(req *a2a.SendMessageRequest) []byte {
	t := Terms{Extensions: req.Extensions}
	if req.Configuration != nil {
		t.OutputModes = req.Configuration.AcceptedOutputModes
	}
	if len(t.OutputModes) == 0 && len(t.Extensions) == 0 {
		return noTerms
	}
	b, err := json.Marshal(t)
	if err != nil {
		return noTerms // strings always encode
	}
	return b
}

// decodeTerms reads what terms has made. What cannot be read asks for nothing.
func decodeTerms(b []byte) (t Terms) {
	if len(b) > len(noTerms) {
		_ = json.Unmarshal(b, &t)
	}
	return t
}
