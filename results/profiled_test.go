package results

import "testing"

func TestAFunctionIsCalledByItsPackageAndName(t *testing.T) {
	for function, want := range map[string]string{
		"main.main":                             "main.main",
		"sync.(*RWMutex).Unlock":                "sync.(*RWMutex).Unlock",
		"example.com/shop/orders.encodeSlowly":  "orders.encodeSlowly",
		"example.com/shop/orders.(*api).answer": "orders.(*api).answer",
		"example.com/shop/orders.find[go.shape.*example.com/shop/orders.Item]": "orders.find[go.shape.*example.com/shop/orders.Item]",
		"main.keep[example.com/shop/orders.Item]":                              "main.keep[example.com/shop/orders.Item]",
		"0x4711": "0x4711",
	} {
		if got := (FunctionChange{Function: function}).Short(); got != want {
			t.Errorf("%s is called %s, not %s", function, got, want)
		}
	}
}
