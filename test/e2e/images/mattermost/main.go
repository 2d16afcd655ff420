// A double of the Mattermost server and of its mmctl, for end-to-end tests where no image registry answers.
// It uses the real server's own configuration struct, validation, database driver and API client for the few things
// that the tests ask, and is stricter than the real one where that finds mistakes sooner: it stops at an MM_*
// variable that the real server would silently ignore.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Set by the linker from the image's reference.
var (
	version = "11.7.0"
	edition = "team"
)

func main() {
	translateErrors()
	if filepath.Base(os.Args[0]) == "mmctl" {
		os.Exit(mmctl(os.Args[1:]))
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}
