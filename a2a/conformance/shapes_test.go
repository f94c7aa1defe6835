package main

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// shapes are the messages of a2a.proto as JSON: the type of each member, with a star if it is
// REQUIRED. A shape that begins with "one of" has exactly one of its starred members.
var shapes = map[string]string{
	"Task": "id*:string contextId:string status*:TaskStatus " +
		"artifacts:[]Artifact history:[]Message metadata:Struct",
	"TaskStatus": "state*:TaskState message:Message timestamp:Timestamp",
	"Message": "messageId*:string role*:Role parts*:[]Part contextId:string " +
		"taskId:string metadata:Struct extensions:[]string referenceTaskIds:[]string",
	"Part": "one of text*:string raw*:bytes url*:string data*:any " +
		"metadata:Struct filename:string mediaType:string",
	"Artifact": "artifactId*:string parts*:[]Part name:string description:string " +
		"metadata:Struct extensions:[]string",
	"TaskStatusUpdateEvent": "taskId*:string contextId*:string status*:TaskStatus " +
		"metadata:Struct",
	"TaskArtifactUpdateEvent": "taskId*:string contextId*:string artifact*:Artifact append:bool " +
		"lastChunk:bool metadata:Struct",
	"StreamResponse": "one of task*:Task message*:Message " +
		"statusUpdate*:TaskStatusUpdateEvent artifactUpdate*:TaskArtifactUpdateEvent",
	"SendMessageResponse": "one of task*:Task message*:Message",
	"ListTasksResponse":   "tasks*:[]Task? nextPageToken*:string? pageSize*:int totalSize*:int",

	"TaskPushNotificationConfig": "tenant:string id:string taskId:string " +
		"url*:string token:string authentication:AuthenticationInfo",
	"AuthenticationInfo": "scheme*:string credentials:string",
	"ListTaskPushNotificationConfigsResponse": "configs:[]TaskPushNotificationConfig? " +
		"nextPageToken:string?",
	"Empty": "",

	"AgentCard": "name*:string description*:string supportedInterfaces*:[]AgentInterface " +
		"provider:AgentProvider version*:string documentationUrl:string " +
		"capabilities*:AgentCapabilities securitySchemes:Struct securityRequirements:[]Struct " +
		"defaultInputModes*:[]string defaultOutputModes*:[]string " +
		"skills*:[]AgentSkill signatures:[]Struct iconUrl:string",
	"AgentInterface": "url*:string protocolBinding*:string tenant:string " +
		"protocolVersion*:string",
	"AgentProvider": "url*:string organization*:string",
	"AgentCapabilities": "streaming:bool pushNotifications:bool extensions:[]AgentExtension " +
		"extendedAgentCard:bool",
	"AgentExtension": "uri*:string description:string required:bool params:Struct",
	"AgentSkill": "id*:string name*:string description*:string tags*:[]string examples:[]string " +
		"inputModes:[]string outputModes:[]string " +
		"securityRequirements:[]Struct",
}

// results are the shapes of what the operations give.
var results = map[string]string{
	"SendMessage": "SendMessageResponse", "GetTask": "Task", "ListTasks": "ListTasksResponse",
	"CancelTask":                       "Task",
	"CreateTaskPushNotificationConfig": "TaskPushNotificationConfig",
	"GetTaskPushNotificationConfig":    "TaskPushNotificationConfig",
	"ListTaskPushNotificationConfigs":  "ListTaskPushNotificationConfigsResponse",
	"DeleteTaskPushNotificationConfig": "Empty",
	"GetExtendedAgentCard":             "AgentCard",
}

var (
	states = []string{
		"TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED", "TASK_STATE_FAILED",
		"TASK_STATE_CANCELED",
		"TASK_STATE_INPUT_REQUIRED", "TASK_STATE_REJECTED", "TASK_STATE_AUTH_REQUIRED",
	}
	roles = []string{"ROLE_USER", "ROLE_AGENT"}
)

// shaped checks a value of a type: every required member is there and not empty, and none is that
// the type does not have.
func (k *kit) shaped(kind string, value any) {
	k.Helper()
	if fault := misshapen(kind, value); fault != "" {
		k.Errorf("%s %s: %v", kind, fault, value)
	}
}

// misshapen says what is wrong with a value, "" if nothing is. A question mark behind a type lets a
// required value be empty.
func misshapen(kind string, value any) string {
	kind, mayBeEmpty := strings.CutSuffix(kind, "?")
	if element, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := value.([]any)
		switch {
		case !ok:
			return "is no array"
		case len(list) == 0 && !mayBeEmpty:
			return "is an empty array"
		}
		for _, v := range list {
			if fault := misshapen(element, v); fault != "" {
				return fault
			}
		}
		return ""
	}
	s, isString := value.(string)
	ok := false
	switch kind {
	case "any":
		ok = true
	case "string":
		ok = isString && (s != "" || mayBeEmpty)
	case "bytes":
		_, err := base64.StdEncoding.DecodeString(s)
		ok = isString && err == nil
	case "bool":
		_, ok = value.(bool)
	case "int":
		n, isNumber := value.(float64)
		ok = isNumber && n == float64(int32(n))
	case "Struct":
		_, ok = value.(object)
	case "TaskState":
		ok = slices.Contains(states, s)
	case "Role":
		ok = slices.Contains(roles, s)
	case "Timestamp": // §5.6.1
		_, err := time.Parse("2006-01-02T15:04:05.000Z", s)
		ok = err == nil
	default:
		return misshapenObject(kind, value)
	}
	if !ok {
		return "holds something that is no " + kind
	}
	return ""
}

func misshapenObject(kind string, value any) string {
	shape, known := shapes[kind]
	o, ok := value.(object)
	if !known || !ok {
		return "is no object of the type"
	}
	shape, oneOf := strings.CutPrefix(shape, "one of ")
	found, starred := 0, 0
	for _, member := range strings.Fields(shape) {
		name, kind, _ := strings.Cut(member, ":")
		name, required := strings.CutSuffix(name, "*")
		v, there := o[name]
		if there {
			found++
			if fault := misshapen(kind, v); fault != "" {
				return name + " " + fault
			}
		}
		if required && there {
			starred++
		}
		if required && !there && !oneOf {
			return "lacks " + name
		}
	}
	switch {
	case oneOf && starred != 1:
		return "has not exactly one of its members"
	case found != len(o):
		return "has a member that the type does not have"
	}
	return ""
}
