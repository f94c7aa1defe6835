package hrclient

import (
	"time"

	"github.com/go-json-experiment/json"

	"staff0/a2a"
)

// ConsentExtension is the URI of the extension, and the key in the metadata of statuses under which
// stand the code that asker and person compare, the deadline and the outcome (Consent).
const ConsentExtension = "https://staff0.com/a2a/consent/v1"

// ArtifactName is the name, and within its task the id, of the answer.
const ArtifactName = "employment-status"

// Scope is what the access token of an asker needs.
const Scope = "read:employee_status"

// Outcome is how a question ended, for programs; the sentences are for people.
type Outcome string

// The outcomes that the agent tells.
const (
	Yes          Outcome = "yes"           // the person is employed
	No           Outcome = "no"            // the person is not, or there is no record
	NameMismatch Outcome = "name_mismatch" // employed, under another name than was asked about
	Declined     Outcome = "declined"      // the person declined
	NotConfirmed Outcome = "not_confirmed" // no approval in time, or nobody to give one
	Refused      Outcome = "refused"       // the agent does not answer such questions
)

// The reasons of a refusal that an asker is told.
const (
	OtherTopic = "other_topic"
	TooLong    = "too_long"
)

// The outcomes that only the asking side knows.
const (
	Ask    Outcome = "ask"    // the agent asks back
	Failed Outcome = "failed" // there is no answer, or none that counts
)

// Consent is what the consent extension puts into the metadata of statuses. Members that do not
// apply are zero.
type Consent struct {
	Code     string    `json:"code"`     // which the person sees, too
	Deadline time.Time `json:"deadline"` // until when the person may answer
	Outcome  Outcome   `json:"outcome"`
	Reason   string    `json:"reason"` // of a refusal: OtherTopic or TooLong
}

// ConsentOf returns what was said of a task last.
func ConsentOf(t *a2a.Task) Consent { return consentOf(t.Status, t.Metadata) }

// consentOf reads it from the message of a status, or from the metadata beside it, where a status
// without a message has left it. Like all that decides something here it is read by exact names,
// and an object that names a member twice is not read at all.
func consentOf(status a2a.TaskStatus, beside a2a.Struct) (c Consent) {
	var raw []byte
	if m := status.Message; m != nil {
		raw = m.Metadata.Lookup(ConsentExtension)
	}
	if raw == nil {
		raw = beside.Lookup(ConsentExtension)
	}
	if json.Unmarshal(raw, &c) != nil {
		return Consent{}
	}
	return c
}
