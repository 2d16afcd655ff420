package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// printer holds a command's output until it has succeeded. In JSON it is one list, or the value itself when the
// command says that it answers with a single one.
type printer struct {
	json   bool
	quiet  bool
	single bool
	lines  []any
	errors []string
}

// print adds an element: its text, or its value in JSON.
func (p *printer) print(text string, value any) {
	if p.json {
		p.lines = append(p.lines, value)
	} else {
		p.lines = append(p.lines, text)
	}
}

func (p *printer) printText(text string) { p.print(text, text) }

func (p *printer) printError(text string) { p.errors = append(p.errors, text) }

func (p *printer) flush(cmd *cobra.Command) {
	if p.quiet {
		return
	}
	switch {
	case !p.json:
		for _, line := range p.lines {
			fmt.Println(line)
		}
	case p.single && len(p.lines) == 0:
	case p.single && len(p.lines) == 1:
		printJSON(p.lines[0])
	default:
		printJSON(p.lines)
	}
	for _, text := range p.errors {
		fmt.Fprintln(os.Stderr, text)
	}
	noStat, _ := cmd.Flags().GetBool("no-stat")
	if cmd.Name() == "list" && !noStat {
		fmt.Fprintf(os.Stderr, "There are %d %ss on local instance\n", len(p.lines), cmd.Parent().Name())
	}
}

func printJSON(value any) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		fmt.Println(string(text))
	}
}
