-- A document is one value. Nobody has to say beforehand what is in it.
CREATE TABLE documents (
	id  bigint PRIMARY KEY,
	doc jsonb NOT NULL
);
