// Package hrclient asks the HR agent, for a program that acts upon the answer: it sends a question,
// follows its task until the person has decided, and judges what comes. Beside it stands the
// receiver of the agent's push notifications.
//
// An agent is not trusted. A yes is Yes only if it stands in the data of a completed task, is about
// the one person who was asked about, and nothing that was sent with it contradicts it; what an
// agent says in words alone is never one. Texts are passed on as they came: escape them before they
// are shown, and do not feed them to a model as instructions.
//
// The package also holds the names that agent and asker share on the wire.
package hrclient
