-- Push notification configurations, each with its place in the log of its task. Token and credentials in them are as the caller gave them. Times are
-- Unix nanoseconds, 0 for none.
CREATE TABLE webhooks (
    num         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- counts webhooks in the order in which they were first set
    task        bigint      NOT NULL REFERENCES tasks ON DELETE CASCADE,
    id          bytea       NOT NULL,
    config      bytea       NOT NULL, -- the JSON of A2A 1.0
    version     text        NOT NULL, -- of the protocol that it came in
    revision    bigint      NOT NULL, -- random, another one each time that it is set
    sent        bigint      NOT NULL, -- the last entry that needs no sending any more
    over        boolean     NOT NULL, -- whether nothing will be sent any more
    tries       integer     NOT NULL DEFAULT 0, -- at the entry after that
    since       bigint      NOT NULL DEFAULT 0, -- of the first of them
    due         bigint      NOT NULL DEFAULT 0, -- of the next one
    failure     text        NOT NULL DEFAULT '', -- of the last one
    taker       bigint,               -- the agent that sends to it; null when none does
    taken_until timestamptz,          -- by this server's clock; after that any other agent may
    UNIQUE (task, id)
);

CREATE INDEX webhooks_live ON webhooks (num) WHERE NOT over;
