package load

import (
	"fmt"
	"os"

	"github.com/devcraft-studio/brunt/results/ledger"
)

// ledgerFile is where the script's ledgers are kept, once there is something to keep.
type ledgerFile struct {
	file   *os.File
	writer *ledger.Writer
}

// write keeps a block. What is none is refused: a child that writes nonsense must not be believed later.
func (l *ledgerFile) write(o Options, block []byte) error {
	label := o.LedgerKey
	if label == nil {
		label = func(_, key string) string { return key }
	}
	block, err := ledger.Relabel(block, label)
	if err != nil {
		return fmt.Errorf("follow the k6 child: %w", err)
	}
	if o.Ledgers == "" {
		return nil
	}
	if l.file == nil {
		if l.file, err = os.Create(o.Ledgers); err != nil {
			return fmt.Errorf("write the ledgers: %w", err)
		}
		if l.writer, err = ledger.NewWriter(l.file); err != nil {
			return err
		}
	}
	return l.writer.Write(block)
}

func (l *ledgerFile) close() error {
	if l.file == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("write the ledgers: %w", err)
	}
	return nil
}
