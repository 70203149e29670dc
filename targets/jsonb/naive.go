package jsonb

// naiveStatements keep all of a document in one value, so that whoever touches its status rewrites all of it, and whoever looks
// for a status reads all of each.
func naiveStatements() statements {
	return statements{
		setStatus: `UPDATE documents SET doc = jsonb_set(jsonb_set(jsonb_set(doc, '{status}', to_jsonb($2::text)),
	'{version}', to_jsonb((doc->>'version')::int + 1)), '{updated_at}', to_jsonb(clock_timestamp()))
WHERE id = $1
RETURNING id, doc->>'status', (doc->>'version')::int, (doc->>'updated_at')::timestamptz`,

		list: `SELECT id, doc->>'status', (doc->>'version')::int, (doc->>'updated_at')::timestamptz
FROM documents WHERE doc->>'status' = $1
ORDER BY (doc->>'updated_at')::timestamptz DESC LIMIT 20`,

		document: `SELECT doc::text FROM documents WHERE id = $1`,
	}
}
