/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the controller sends a thread: rdi = its frame, rsp = the frame's save area, all signals
 * blocked. The operation runs on the frame's own stack; then the signal mask and all registers are
 * restored from the frame, the last ones at once by iretq, so that no shared slot, no register and
 * no byte of the thread's own stack is needed. Extended state is never touched. A handler may run
 * from the moment the mask is back: the stack is the frame's, with room for it.
 */
	.section .text.header, "ax", @progbits
	.globl sut_rt_header
sut_rt_header:
	.quad 0x3154527275747553	/* SUT_RT_MAGIC */
	.long 1				/* SUT_RT_VERSION */
	.long sut_rt_end - sut_rt_header
	.quad 0				/* control */
	.quad sut_rt_enter - sut_rt_header
	.quad sut_rt_decide - sut_rt_header

	.text
	.globl sut_rt_enter
sut_rt_enter:
	cld
	mov	%rdi, %rbx
	call	sut_rt_run
	mov	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, &frame->sigmask, NULL, 8) */
	mov	$2, %edi
	lea	64(%rbx), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	72(%rbx), %rsp		/* frame->save */
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	iretq

	.section .note.GNU-stack, "", @progbits
