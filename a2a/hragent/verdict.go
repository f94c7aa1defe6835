package hragent

import (
	"fmt"
	"mime"
	"strings"
	"time"

	"staff0/a2a"
	"staff0/a2a/hrclient"
	"staff0/hrapi"
)

// subject is the person as the caller put it.
type subject struct {
	Identifier string `json:"identifier"`
	Name       string `json:"name,omitempty"` // a full name, or nothing
}

// verdict decides from the record alone. A nil record is a person who has none.
func verdict(s subject, e *hrapi.Employee) hrclient.Outcome {
	switch {
	case e == nil || !e.Active:
		return hrclient.No // also under another name: who is not employed is not employed
	case s.Name != "" && !sameName(s.Name, e.Name):
		return hrclient.NameMismatch
	}
	return hrclient.Yes
}

// sentence is the answer in words. Nothing in it comes from the record: identifier and name are as
// the caller wrote them.
func sentence(o hrclient.Outcome, s subject, company string) string {
	who := s.Identifier
	if s.Name != "" {
		who = fmt.Sprintf("%s (%s)", s.Name, s.Identifier)
	}
	switch o {
	case hrclient.Yes:
		return fmt.Sprintf("Yes, %s is an active employee of %s.", who, company)
	case hrclient.No:
		return fmt.Sprintf("No, %s is not an active employee of %s.", who, company)
	}
	return "The work e-mail belongs to an active employee, but not under the name given."
}

// answer is what the artifact says of the record and of the consent to it.
type answer struct {
	outcome hrclient.Outcome
	subject subject
	company string
	asOf    time.Time // zero when there is no record
	code    string
	at      time.Time // of the approval
	more    bool      // something else was asked, too, which is not answered
}

// artifact is the answer in the forms that the caller takes. Text is what everybody can show, so
// who takes neither gets that.
func (a answer) artifact(text, data bool) *a2a.TaskArtifactUpdateEvent {
	var parts []a2a.Part
	if text || !data {
		text := sentence(a.outcome, a.subject, a.company)
		if a.more {
			text += moreText
		}
		parts = append(parts, a2a.TextPart(text))
	}
	if data {
		parts = append(parts, a2a.DataPart(a.data()))
	}
	return &a2a.TaskArtifactUpdateEvent{
		Artifact: &a2a.Artifact{ArtifactID: hrclient.ArtifactName, Name: hrclient.ArtifactName,
			Parts: parts},
		LastChunk: true,
	}
}

// data is the answer for programs. On a name mismatch it does not say whether anybody is employed.
func (a answer) data() []byte {
	b := append([]byte(nil), `{"answer":"`...)
	b = append(b, a.outcome...)
	b = append(b, `","identifier":`...)
	b = a2a.AppendString(b, a.subject.Identifier)
	switch a.outcome {
	case hrclient.Yes:
		b = append(b, `,"employed":true`...)
	case hrclient.No:
		b = append(b, `,"employed":false`...)
	}
	b = append(b, `,"company":`...)
	b = a2a.AppendString(b, a.company)
	if !a.asOf.IsZero() {
		b = append(b, `,"as_of":"`...)
		b = a2a.AppendTime(b, a.asOf)
		b = append(b, '"')
	}
	if a.more {
		b = append(b, `,"more":"not_answered"`...)
	}
	b = append(b, `,"consent":{"method":"ciba","at":"`...)
	b = a2a.AppendTime(b, a.at)
	b = append(b, `","code":`...)
	b = a2a.AppendString(b, a.code)
	return append(b, "}}"...)
}

// takes reports whether accepted output modes hold a media type. None at all means everything;
// wildcards count, and so does the word text.
func takes(modes []string, media string) bool {
	if len(modes) == 0 {
		return true
	}
	kind, _, _ := strings.Cut(media, "/")
	for _, m := range modes {
		m = strings.ToLower(m)
		if m == "text" {
			m = "text/plain"
		}
		if parsed, _, err := mime.ParseMediaType(m); err == nil {
			m = parsed
		}
		if m == media || m == "*/*" || m == "*" || m == kind+"/*" {
			return true
		}
	}
	return false
}
