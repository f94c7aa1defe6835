// Existence asks whether an asker can tell people who exist, and do not answer, from people who do
// not exist.
//
// It plays the identity provider, with a directory and delays of its own, starts the agent as it
// ships, asks it thousands of questions about both kinds of people, and compares what the asker
// sees: the bytes, but for ids, codes and times, and the times. A list of cells (cells.go) crosses
// the provider's delays with what an asker may do; ways of asking and versions of the protocol take
// turns. Times are compared by a two-sample Kolmogorov-Smirnov test, and by a split that is chosen
// on one half of the questions and judged on the other; all tests of a run are corrected together
// by Holm's method at 0.01. A cell that fails is repeated once on twice as many fresh pairs, and
// must pass.
//
//	go run ./a2a/conformance/existence -program ./staff0            # all cells, 200 pairs each
//	go run ./a2a/conformance/existence -program ./staff0 -short     # a few cells, as CI does
//
// It ends with status 1 if a cell has told the two kinds apart. Positive controls are builds of the
// agent that give existence away, such as one that announces its wait 30 ms later for known people:
// the program must find them, with -find, which ends with status 1 if nothing was told apart.
package main
