-- A catalogue of 40,000 products of 2 KB each in 50 categories (80 MB), and a million sales of them. Everything is a function of
-- its id alone.
CREATE TABLE products (
	id          bigint PRIMARY KEY,
	category    integer NOT NULL,
	name        text NOT NULL,
	price_cents integer NOT NULL,
	description text NOT NULL
);

CREATE TABLE sales (
	id         bigint PRIMARY KEY,
	product_id bigint NOT NULL,
	quantity   integer NOT NULL
);

INSERT INTO products
SELECT i, 1 + i % 50, 'product ' || i, 99 + i * 7919 % 99901, (SELECT string_agg(md5(i || ':' || n), '') FROM generate_series(1, 60) AS n)
FROM generate_series(1, 40000) AS i;

INSERT INTO sales
SELECT i, 1 + (i % 7919) * (i % 7907) % 40000, 1 + i % 3
FROM generate_series(1::bigint, 1000000) AS i;

-- A page of a category is found at once; what sold best is counted each time.
CREATE INDEX products_of_category ON products (category, id);

ANALYZE products, sales;
