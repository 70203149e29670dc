package missingindex

import (
	"github.com/devcraft-studio/brunt/targets/kit"
)

// fixedIndexes are the one that the query asks for: what it compares first, what it sorts by last. Where a table is in use while
// it is indexed, CREATE INDEX CONCURRENTLY lets others write meanwhile.
func fixedIndexes(env kit.Environment) ([]string, error) {
	if index := env.Optional("INDEX"); index != "" {
		env.Logger.Warn("the fixed variant has its own index: INDEX is ignored", "index", index)
	}
	return []string{
		"DROP INDEX IF EXISTS orders_by_customer",
		"CREATE INDEX IF NOT EXISTS orders_by_customer_status_time ON orders (customer_id, status, created_at DESC)",
	}, nil
}
