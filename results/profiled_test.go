package results

import "testing"

func TestAFunctionIsCalledByItsPackageAndName(t *testing.T) {
	for function, want := range map[string]string{
		"main.main":                             "main.main",
		"sync.(*RWMutex).Unlock":                "sync.(*RWMutex).Unlock",
		"example.com/shop/orders.encodeSlowly":  "orders.encodeSlowly",
		"example.com/shop/orders.(*api).answer": "orders.(*api).answer",
		"example.com/shop/orders.find[go.shape.*example.com/shop/orders.Item]": "orders.find[...]",
		"main.keep[example.com/shop/orders.Item]":                              "main.keep[...]",
		"example.com/shop/orders.Map[go.shape.[]int].func1":                    "orders.Map[...].func1",
		"example.com/shop/orders.(*Set[go.shape.struct { A int }]).Add":        "orders.(*Set[...]).Add",
		"0x4711": "0x4711",
	} {
		if got := (FunctionChange{Function: function}).Short(); got != want {
			t.Errorf("%s is called %s, not %s", function, got, want)
		}
	}
}
