package jsonb

// fixedStatements keep what changes, and what is looked for, in columns of a narrow table with an index; the documents are never
// written again, and are read only where all of one is asked for.
func fixedStatements() statements {
	return statements{
		setStatus: `UPDATE document_states SET status = $2, version = version + 1, updated_at = clock_timestamp()
WHERE id = $1
RETURNING id, status, version, updated_at`,

		list: `SELECT id, status, version, updated_at
FROM document_states WHERE status = $1
ORDER BY updated_at DESC LIMIT 20`,

		document: `SELECT (doc || jsonb_build_object('status', status, 'version', version, 'updated_at', updated_at))::text
FROM documents JOIN document_states USING (id) WHERE id = $1`,
	}
}
