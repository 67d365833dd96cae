// SPDX-License-Identifier: GPL-2.0-or-later
// No C anywhere.
package main

import (
	"bufio"
	"fmt"
	"os"
)

//go:noinline
func answer(question int) int {
	return question + 1
}

func main() {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(answer(len(lines.Text())))
	}
}
