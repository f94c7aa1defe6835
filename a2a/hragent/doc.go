// Package hragent is the HR agent: it answers whether one named person works at the company, with
// that person's consent.
//
// A question goes one way: read it (llm), announce that somebody is asked, find the person
// (Directory), ask the person (consent), read the one record that the approval opens (hrapi), say
// what is in it. Verdict, sentence and state are made here from the record; a model helps to read
// the question and sees nothing else. Who asks comes from the authenticated client, whom to ask
// from the directory, where to ask from the configuration: nothing of it from the message.
//
// Nothing is told before consent. Under the guarded policy a person who does not exist, or cannot
// be asked, looks like one who does not answer: the same states with the same texts and members at
// the same times, for everything that the caller reads before the deadline is said before anything
// is known of the person.
//
// It obeys OpenID CIBA Core 1.0 by way of package ciba, A2A 1.0.1 §7.6 (in-task authorization), and
// RFC 10027 (cross-device flows): a code that both people compare, the asker's name in the prompt,
// one prompt for one question.
package hragent
