// SPDX-License-Identifier: GPL-2.0-or-later
// Goroutines that call C, while others allocate. Who connects to its port, which it prints, gets an
// answer. (A goroutine that waited for a line or a signal would sleep in the kernel on its own small
// stack, where nobody can look.)
package main

/*
int answer(int question);
#cgo LDFLAGS: ${SRCDIR}/libanswer.a
*/
import "C"

import (
	"fmt"
	"net"
	"runtime"
)

func main() {
	for i := 0; i < 8; i++ {
		go func() {
			for {
				C.answer(1)
				_ = make([]byte, 4096)
				runtime.Gosched()
			}
		}()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		stream, err := listener.Accept()
		if err == nil {
			fmt.Fprintln(stream, C.answer(5))
			stream.Close()
		}
	}
}
