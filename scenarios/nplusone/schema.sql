-- A forum, with every index that its queries need: what is slow here is their number.
CREATE TABLE users (
	id   bigint PRIMARY KEY,
	name text NOT NULL
);

CREATE TABLE posts (
	id         bigint PRIMARY KEY,
	author_id  bigint NOT NULL REFERENCES users,
	title      text NOT NULL,
	created_at timestamptz NOT NULL
);

CREATE TABLE comments (
	id        bigint PRIMARY KEY,
	post_id   bigint NOT NULL REFERENCES posts,
	author_id bigint NOT NULL REFERENCES users,
	text      text NOT NULL
);

CREATE INDEX comments_of_post ON comments (post_id, id);
