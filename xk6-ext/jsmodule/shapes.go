package jsmodule

import (
	"errors"
	"fmt"
	"sync"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"

	scripts "github.com/devcraft-studio/brunt/scenarios/lib"
)

// program is that of the shapes, compiled once for all VUs, when the first asks for it.
type program struct {
	once     sync.Once
	compiled *sobek.Program
	err      error
}

func (p *program) compile() (*sobek.Program, error) {
	p.once.Do(func() { p.compiled, p.err = sobek.Compile("shapes.js", scripts.Program(), true) })
	return p.compiled, p.err
}

// shape is a function of shapes.js. Its program runs when a script first calls one of them: most VUs never do.
func (i *instance) shape(name string) func(sobek.FunctionCall) sobek.Value {
	return func(call sobek.FunctionCall) sobek.Value {
		rt := i.vu.Runtime()
		if i.shapes == nil {
			compiled, err := i.module.shapes.compile()
			if err != nil {
				common.Throw(rt, fmt.Errorf("the shapes: %w", err))
			}
			made, err := rt.RunProgram(compiled)
			if err != nil {
				common.Throw(rt, fmt.Errorf("the shapes: %w", err))
			}
			i.shapes = made.ToObject(rt)
		}
		function, ok := sobek.AssertFunction(i.shapes.Get(name))
		if !ok {
			common.Throw(rt, fmt.Errorf("there is no shape %s", name))
		}
		value, err := function(sobek.Undefined(), call.Arguments...)
		var thrown *sobek.Exception
		switch {
		case errors.As(err, &thrown):
			panic(thrown.Value()) // as the script's own exception, with its stack
		case err != nil:
			common.Throw(rt, err)
		}
		return value
	}
}
