package missingindex

import (
	"fmt"

	"github.com/devcraft-studio/brunt/targets/kit"
)

// naiveIndexes are none but the primary key, which the table came with. With INDEX=customer there is the one that comes to mind
// first: it serves all customers but the large one, whose orders it finds in no order at all, all of them.
func naiveIndexes(env kit.Environment) ([]string, error) {
	drop := "DROP INDEX IF EXISTS orders_by_customer_status_time"
	switch index := env.Optional("INDEX"); index {
	case "", "none":
		return []string{drop, "DROP INDEX IF EXISTS orders_by_customer"}, nil
	case "customer":
		return []string{drop, "CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_id)"}, nil
	default:
		return nil, fmt.Errorf("INDEX=%s: want none or customer", index)
	}
}
