-- A shop's orders, who is to hear of them, and who has not yet.
CREATE TABLE endpoints (
	id  int PRIMARY KEY,
	url text NOT NULL
);

CREATE TABLE orders (
	id          bigint PRIMARY KEY,
	endpoint_id int NOT NULL REFERENCES endpoints,
	total_cents bigint NOT NULL,
	created_at  timestamptz NOT NULL
);

CREATE TABLE outbox (
	order_id    bigint PRIMARY KEY REFERENCES orders,
	endpoint_id int NOT NULL REFERENCES endpoints,
	attempts    int NOT NULL DEFAULT 0,
	next_at     timestamptz NOT NULL,
	dead_at     timestamptz
);

CREATE INDEX outbox_due ON outbox (endpoint_id, next_at) WHERE dead_at IS NULL;
