-- Times are Unix milliseconds, but for created, which is nanoseconds. Snapshots and events are the JSON of A2A 1.0. What callers may choose is
-- bytea: text takes no zero byte, and the order must be that of the bytes.

-- The agents that are taken for alive. Whoever finds its row gone has lost all that it held.
CREATE TABLE agents (
    id          bigint      PRIMARY KEY, -- random, of one life of one process
    alive_until timestamptz NOT NULL     -- by this server's clock; after that any other agent may remove the row
);

CREATE TABLE tasks (
    num        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- counts tasks in the order of their creation
    id         bytea    NOT NULL UNIQUE,
    owner      bytea    NOT NULL,
    context    bytea    NOT NULL,
    state      smallint NOT NULL, -- number of the proto enumeration
    finished   boolean  NOT NULL, -- whether the state is terminal
    stamp      bigint   NOT NULL, -- of the status
    created    bigint   NOT NULL,
    seq        bigint   NOT NULL, -- of the last entry
    snapshot   bytea    NOT NULL, -- the sum of the entries
    checkpoint bytea,
    key        bytea,             -- of its first message
    prompt     bytea,             -- the key of the prompt that it holds; null when it has ended
    holder     bigint,            -- the agent that runs it; null when nobody has to, for it has ended or waits for its caller
    moved      boolean  NOT NULL DEFAULT false -- whether the holder has not been told yet that it is the holder
) WITH (fillfactor = 70); -- a task is written about five times; room on the page spares the indexes some of them

CREATE INDEX tasks_listed ON tasks (owner, stamp, id);
CREATE INDEX tasks_context ON tasks (context);
CREATE INDEX tasks_finished ON tasks (stamp, id) WHERE finished;
CREATE INDEX tasks_held ON tasks (holder) WHERE holder IS NOT NULL;
CREATE INDEX tasks_moved ON tasks (holder, num) WHERE moved;
CREATE INDEX tasks_prompted ON tasks (prompt, num) WHERE prompt IS NOT NULL;

CREATE TABLE task_events (
    task  bigint NOT NULL, -- tasks.num
    seq   bigint NOT NULL,
    event bytea  NOT NULL,
    PRIMARY KEY (task, seq)
);

-- Digests of first messages, kept as long as a repetition is the same task. A key goes with its task.
CREATE TABLE message_keys (
    key     bytea  PRIMARY KEY,
    task    bytea  NOT NULL, -- tasks.id
    created bigint NOT NULL
);

CREATE INDEX message_keys_created ON message_keys (created);
