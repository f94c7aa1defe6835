// Command staff0 lets other companies' agents ask whether a person works at Staff0, with that
// person's consent.
package main

import (
	"os"

	"staff0/cmd"
)

func main() { os.Exit(cmd.Main()) }
