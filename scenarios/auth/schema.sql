-- What was ordered, and how many there are of each.
CREATE TABLE orders (
	id      bigint PRIMARY KEY,
	item_id bigint NOT NULL
);

CREATE TABLE stock (
	item_id bigint PRIMARY KEY,
	units   bigint NOT NULL
);

INSERT INTO stock SELECT i, i % 100 FROM generate_series(1, 1000) i;
INSERT INTO orders SELECT i, 1 + i * 7919 % 1000 FROM generate_series(1, 10000) i;
ANALYZE;
