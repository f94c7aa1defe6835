package main

import (
	"net/http"
	"strings"

	"staff0/a2a"
)

// describing is the card, and what follows from what it says.
var describing = []requirement{
	{id: "CARD-DISC-001", means: "the card is there for everybody (§8.2)", test: func(k *kit) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			res := k.do(k.newRequest(method, k.base+"/.well-known/agent-card.json", ""))
			if body := k.whole(res); res.StatusCode != 200 ||
				res.Header.Get("Content-Type") != "application/json" ||
				(body == "") != (method == "HEAD") {
				k.Errorf("%s is answered with %d %v %s", method, res.StatusCode, res.Header, body)
			}
		}
	}},
	{id: "CARD-STRUCT-001",
		means: "the card has what the proto requires, and nothing else (§4.4.1)",
		test: func(k *kit) {
			k.shaped("AgentCard", k.card())
		}},
	{id: "CARD-PROTO-002", means: "every interface names its address, binding and version (§4.4.6)",
		test: func(k *kit) {
			for _, i := range k.card()["supportedInterfaces"].([]any) {
				i := i.(object)
				if url, _ := i["url"].(string); !strings.HasPrefix(url, k.base) ||
					i["protocolVersion"] != "1.0" {
					k.Errorf("an interface is %v", i)
				}
			}
		}},
	{id: "CARD-CACHE-001", means: "the card says how long it holds (§8.6.1)", test: func(k *kit) {
		if c := k.cardHeader().Get("Cache-Control"); !strings.Contains(c, "max-age=") {
			k.Errorf("Cache-Control is %q", c)
		}
	}},
	{id: "CARD-CACHE-002",
		means: "the card has a tag, and who has the card need not fetch it (§8.6.1)",
		test: func(k *kit) {
			tag := k.cardHeader().Get("ETag")
			res := k.do(k.newRequest(http.MethodGet, k.base+"/.well-known/agent-card.json", "",
				"If-None-Match", tag))
			if body := k.whole(res); res.StatusCode != http.StatusNotModified || body != "" ||
				tag == "" {
				k.Errorf("%q is answered with %d %s", tag, res.StatusCode, body)
			}
		}},
	{id: "CARD-CACHE-003", means: "the card says since when it is as it is (§8.6.1)",
		test: func(k *kit) {
			if _, err := http.ParseTime(k.cardHeader().Get("Last-Modified")); err != nil {
				k.Error(err)
			}
		}},
	{id: "CARD-EXT-002",
		means: "an extended card that is declared and not there is an error of its own (§3.1.11)",
		test: func(k *kit) {
			k.refused("GetExtendedAgentCard", object{}, a2a.ErrExtendedCardNotConfigured)
		}, card: func(c *a2a.AgentCard) { c.Capabilities.ExtendedAgentCard = new(true) }},
	{id: "CORE-CAP-001", means: "without the capability there are no push notifications (§3.3.4)",
		test: func(k *kit) {
			id := k.send("tck-input-required", nil)["id"]
			hook := object{"url": "https://example.com/hook"}
			for op, params := range map[string]object{
				"CreateTaskPushNotificationConfig": {"taskId": id,
					"url": "https://example.com/hook"},
				"GetTaskPushNotificationConfig":    {"taskId": id, "id": "a"},
				"ListTaskPushNotificationConfigs":  {"taskId": id},
				"DeleteTaskPushNotificationConfig": {"taskId": id, "id": "a"},
			} {
				k.refused(op, params, a2a.ErrPushNotificationNotSupported)
			}
			inline := k.message("tck-complete-task", nil)
			inline["configuration"] = object{"taskPushNotificationConfig": hook}
			k.refused("SendMessage", inline, a2a.ErrPushNotificationNotSupported)
		}, card: func(c *a2a.AgentCard) { c.Capabilities.PushNotifications = nil }},
	{id: "CORE-CAP-002", means: "without the capability there are no streams (§3.3.4)",
		test: func(k *kit) {
			k.refused("SendStreamingMessage", k.message("tck-complete-task", nil),
				a2a.ErrUnsupportedOperation)
			k.refused("SubscribeToTask", object{"id": k.send("tck-input-required", nil)["id"]},
				a2a.ErrUnsupportedOperation)
		}, card: func(c *a2a.AgentCard) { c.Capabilities.Streaming = nil }},
	{id: "CORE-CAP-003", means: "without the capability there is no extended card (§3.1.11)",
		test: func(k *kit) {
			k.refused("GetExtendedAgentCard", object{}, a2a.ErrUnsupportedOperation)
		}},
	{id: "CORE-CAP-004", means: "a required extension must be named by the client (§3.3.4)",
		test: func(k *kit) {
			k.refused("SendMessage", k.message("tck-complete-task", nil),
				a2a.ErrExtensionSupportRequired)
			k.wants(a2a.ErrExtensionSupportRequired,
				k.call("ListTasks", object{}, "A2A-Extensions", "urn:another"))
			a := k.call("ListTasks", object{}, "A2A-Extensions", "urn:another, "+requiredExtension)
			if a.fault != nil || a.header.Get("A2A-Extensions") != requiredExtension {
				k.Errorf("with the extension the answer is %v %v", a.header, a.body)
			}
		}, card: requireExtension},
}

func (k *kit) cardHeader() http.Header {
	k.Helper()
	res := k.do(k.newRequest(http.MethodGet, k.base+"/.well-known/agent-card.json", ""))
	k.whole(res)
	return res.Header
}
