package tasks

import "staff0/a2a"

// follows is the table of states that may come after each state. A state may be repeated with
// another message as long as it is not terminal, and cancellation may strike at any time before the
// end.
var follows = map[a2a.TaskState][]a2a.TaskState{
	a2a.TaskStateSubmitted: {
		a2a.TaskStateWorking, a2a.TaskStateInputRequired, a2a.TaskStateAuthRequired,
		a2a.TaskStateCompleted, a2a.TaskStateFailed, a2a.TaskStateRejected, a2a.TaskStateCanceled,
	},
	a2a.TaskStateWorking: {
		a2a.TaskStateWorking, a2a.TaskStateInputRequired, a2a.TaskStateAuthRequired,
		a2a.TaskStateCompleted, a2a.TaskStateFailed, a2a.TaskStateRejected, a2a.TaskStateCanceled,
	},
	a2a.TaskStateAuthRequired: {
		a2a.TaskStateWorking, a2a.TaskStateInputRequired, a2a.TaskStateAuthRequired,
		a2a.TaskStateCompleted, a2a.TaskStateFailed, a2a.TaskStateRejected, a2a.TaskStateCanceled,
	},
	a2a.TaskStateInputRequired: {
		a2a.TaskStateWorking, a2a.TaskStateInputRequired,
		a2a.TaskStateCompleted, a2a.TaskStateFailed, a2a.TaskStateRejected, a2a.TaskStateCanceled,
	},
}

// mayFollow reports whether a task in one state may go to the other. Nothing follows a terminal
// state (topics/life-of-a-task).
func mayFollow(from, to a2a.TaskState) bool {
	for _, s := range follows[from] {
		if s == to {
			return true
		}
	}
	return false
}
