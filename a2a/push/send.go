package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
)

// Headers of a notification.
const (
	// TokenHeader and LegacyTokenHeader hold the token of the configuration. Receivers of 0.3 know
	// the second; SDKs of either name are about.
	TokenHeader       = "A2A-Notification-Token"
	LegacyTokenHeader = "X-A2A-Notification-Token"
	// SequenceHeader holds the number of the entry. For one configuration it only grows, in steps
	// of any size.
	SequenceHeader = "A2A-Notification-Sequence"
)

// dialect is how one version of the protocol writes notifications.
type dialect struct {
	*wire.Dialect
	media string
	// tasks says that each notification is the task as it is after an entry, not the entry.
	tasks bool
}

// dialectOf is that of the version in which a configuration came. 1.0 sends what its streams send
// (§4.3.3). Receivers of 0.3 expect the task, which is what the senders of its SDKs send.
func dialectOf(version string) *dialect {
	if d := wire.Lookup(version); d == wire.V03 {
		return &dialect{d, "application/json", true}
	}
	return &dialect{wire.V10, "application/a2a+json", false}
}

// notice is what has to be sent next; without an event there is nothing to send. What a caller has
// added is not told: it is in the history, and streams do not tell it either (§3.1.2).
func (s *Sender) notice(ctx context.Context, w *tasks.Webhook) (*notice, error) {
	d := dialectOf(w.Config.Version)
	from := w.Sent
	if d.tasks {
		from = 0
	}
	entries, err := s.store.Events(ctx, w.Config.TaskID, from)
	if err != nil && !errors.Is(err, tasks.ErrNotFound) { // a task without entries is being removed
		return nil, err
	}
	n := &notice{through: w.Sent, dialect: d}
	var sum a2a.Fold // the task as it is after the entry
	for _, entry := range entries {
		if d.tasks && n.event == nil {
			sum.Add(entry.Event)
		}
		_, remark := entry.Event.(*a2a.Message)
		switch {
		case entry.Seq <= w.Sent:
		case remark:
			n.through = entry.Seq
		case n.event != nil:
			n.more = true
			return n, nil
		default:
			n.seq, n.through, n.event, n.last = entry.Seq, entry.Seq, entry.Event, ends(entry.Event)
			if task := sum.Task(); task != nil {
				n.event = task
			}
		}
	}
	return n, nil
}

// ends reports whether a task is over with an event.
func ends(event a2a.Event) bool {
	switch e := event.(type) {
	case *a2a.Task:
		return e.Status.State.Terminal()
	case *a2a.TaskStatusUpdateEvent:
		return e.Status.State.Terminal()
	}
	return false
}

// send makes one attempt.
func (s *Sender) send(ctx context.Context, w *tasks.Webhook, n *notice) *fault {
	t, problem := s.policy.target(w.Config.URL)
	if problem != "" { // the operator has changed the list since the webhook was set
		return &fault{text: "its url " + problem, patience: RefusedPatience}
	}
	body, err := n.dialect.SubscribeToTask.Result.Append(nil, n.event)
	if err != nil {
		return &fault{text: "the entry cannot be written in version " + n.dialect.Version,
			patience: RefusedPatience}
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url.String(),
		bytes.NewReader(body))
	if err != nil {
		return &fault{text: "its url cannot be called", patience: RefusedPatience}
	}
	s.header(req.Header, w, n)
	carrier := s.guarded
	if t.allowed {
		carrier = s.open
	}
	// A RoundTripper knows neither redirects nor cookies.
	res, err := carrier.RoundTrip(req)
	if err != nil {
		return unanswered(err)
	}
	_ = res.Body.Close() // unread: the status says all
	return answered(res)
}

func (s *Sender) header(h http.Header, w *tasks.Webhook, n *notice) {
	h.Set("Content-Type", n.dialect.media)
	h.Set("User-Agent", s.agent)
	h.Set(wire.VersionHeader, n.dialect.Version)
	h.Set(wire.DeliveryHeader, deliveryID(w, n.seq))
	h.Set(SequenceHeader, strconv.FormatInt(int64(n.seq), 10))
	if token := w.Config.Token; token != "" {
		h.Set(TokenHeader, token)
		h.Set(LegacyTokenHeader, token)
	}
	if a := w.Config.Authentication; a != nil && a.Credentials != "" {
		h.Set("Authorization", scheme(a.Scheme)+" "+a.Credentials)
	}
}

// scheme is the name of a scheme as most receivers compare it, though its case means nothing (RFC
// 9110 §11.1).
func scheme(name string) string {
	for _, known := range []string{"Bearer", "Basic"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return name
}

// deliveryID is a digest, for ids of tasks and configurations may hold what no header can.
func deliveryID(w *tasks.Webhook, seq tasks.Seq) string {
	c := w.Config
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d %s %d", len(c.TaskID), c.TaskID, len(c.ID),
		c.ID, seq))
	return hex.EncodeToString(sum[:16])
}

// unanswered is the fault of an attempt without an answer. Its text is one of a few: errors of the
// network may hold what names were resolved to.
func unanswered(err error) *fault {
	f := &fault{text: "the connection failed", patience: Patience, unreached: true}
	var dns *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errInner):
		f.text, f.patience = "its host is not on the public internet", RefusedPatience
	case errors.As(err, &dns):
		f.text = "the name of its host could not be resolved"
	case errors.As(err, &certificate):
		f.text = "the certificate of its host was not accepted"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.text = "the connection was refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		f.text = "the receiver did not answer in time"
	}
	return f
}
