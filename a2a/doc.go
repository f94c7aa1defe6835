// Package a2a holds the nouns of the Agent2Agent protocol, version 1.0: tasks, messages, parts,
// artifacts, events, requests, agent cards and errors, with their JSON form.
//
// It obeys the A2A specification 1.0.1 (docs/specification.md and specification/a2a.proto of
// a2aproject/A2A). "§n" in comments is a section of that document. The JSON is ProtoJSON:
// lowerCamelCase names, enumerations by their proto names, absent instead of default, times in UTC
// with milliseconds and a Z.
//
// The package imports nothing of this module. What protocol 0.3 spells differently is the business
// of a2a/wire.
package a2a
