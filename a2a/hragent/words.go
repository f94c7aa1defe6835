package hragent

// nameWords are the words of a name as names are compared: equal questions name a person by the
// same ones.
func nameWords(name string) []string { return wholeWords(foldName(name, " ", nil)) }
