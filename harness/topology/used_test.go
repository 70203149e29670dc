package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/harness/experiment"
)

func TestTheLinksThatAreUsed(t *testing.T) {
	e := experiment.Experiment{
		Services: []experiment.Service{
			{Name: "api", Command: []string{"api", "--auth=${auth.url}"}, Env: map[string]string{"DB": "${db.url}", "CACHE": "${cache.url}", "OWN": "${api.url}"}},
			{Name: "auth", Env: map[string]string{"DB": "${db.url}"}},
			{Name: "mail", URL: "https://mail.example"},
			{Name: "shop", URL: "http://127.0.0.1:9", Env: map[string]string{"DB": "${db.url}"}},
		},
		Dependencies: []experiment.Dependency{{Name: "db"}, {Name: "cache"}, {Name: "unused"}},
		Load:         experiment.Load{Target: "api", Env: map[string]string{"SHOP": "${shop.url}", "MAIL": "${mail.url}"}},
	}
	if diff := cmp.Diff([]string{"api->auth", "api->cache", "api->db", "auth->db", "load->api", "load->shop"}, Links(e)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
