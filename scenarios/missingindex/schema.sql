-- The order history as it was made when it was small: its primary key, and no other index. What else a variant needs it makes
-- when it starts, so that one data set serves all of them.
CREATE TABLE orders (
	id          bigint PRIMARY KEY,
	customer_id bigint NOT NULL,
	status      text NOT NULL,
	total_cents bigint NOT NULL,
	created_at  timestamptz NOT NULL,
	note        text NOT NULL
);
