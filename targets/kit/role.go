package kit

import (
	"context"
	"fmt"
	"strings"
)

// Role is one of the services that a target consists of.
type Role struct {
	Name string
	Open func(ctx context.Context, env Environment) (Service, error)
}

// OpenRole opens the service that the variable ROLE names, and the first one where it is not set.
func OpenRole(ctx context.Context, env Environment, roles ...Role) (Service, error) {
	wanted := env.Optional("ROLE")
	var names []string
	for i, r := range roles {
		if wanted == r.Name || wanted == "" && i == 0 {
			return r.Open(ctx, env)
		}
		names = append(names, r.Name)
	}
	return Service{}, fmt.Errorf("ROLE=%s is none of %s", wanted, strings.Join(names, ", "))
}
