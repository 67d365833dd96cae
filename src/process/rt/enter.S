/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the controller sends a thread: rdi = its frame, rsp = the frame's save area, all signals
 * blocked. The operation runs on the frame's own stack. Then the thread goes back to its own stack,
 * below the red zone, where an iretq frame lies ready; only there are signals let in again, so that a
 * handler finds itself where handlers always are (a garbage collector's looks at its stack). All
 * registers are restored, the last ones at once by iretq. Extended state is never touched.
 */
	.section .text.header, "ax", @progbits
	.globl sut_rt_header
sut_rt_header:
	.quad 0x3154527275747553	/* SUT_RT_MAGIC */
	.long 6				/* SUT_RT_VERSION */
	.long sut_rt_end - sut_rt_header
	.quad 0				/* control */
	.quad sut_rt_enter - sut_rt_header
	.quad sut_rt_decide - sut_rt_header
	.quad klp_shadow_get - sut_rt_header
	.quad klp_shadow_alloc - sut_rt_header
	.quad klp_shadow_get_or_alloc - sut_rt_header
	.quad klp_shadow_free - sut_rt_header
	.quad klp_shadow_free_all - sut_rt_header
	.quad klp_get_state - sut_rt_header
	.quad klp_get_prev_state - sut_rt_header
	.quad sut_rt_find_object - sut_rt_header
	.quad sut_rt_iterate_phdr - sut_rt_header
	.quad sut_rt_index - sut_rt_header
	.quad sut_rt_loader_hook - sut_rt_header

	.text
	.globl sut_rt_enter
sut_rt_enter:
	cld
	mov	%rdi, %rbx
	call	sut_rt_run
	mov	80(%rbx), %rsp		/* frame->iret */
	mov	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, &frame->sigmask, NULL, 8) */
	mov	$2, %edi
	lea	72(%rbx), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	88(%rbx), %rbx		/* frame->save */
	mov	0(%rbx), %r15
	mov	8(%rbx), %r14
	mov	16(%rbx), %r13
	mov	24(%rbx), %r12
	mov	32(%rbx), %r11
	mov	40(%rbx), %r10
	mov	48(%rbx), %r9
	mov	56(%rbx), %r8
	mov	64(%rbx), %rbp
	mov	72(%rbx), %rdi
	mov	80(%rbx), %rsi
	mov	88(%rbx), %rdx
	mov	96(%rbx), %rcx
	mov	112(%rbx), %rax
	mov	104(%rbx), %rbx
	iretq

/*
 * In place of the loader's r_brk, which does nothing: callers may know that it changes no register.
 * The loader's stack is aligned for a call.
 */
	.globl sut_rt_loader_hook
sut_rt_loader_hook:
	pushfq
	cld
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	sut_rt_loader_event
	mov	%rbp, %rsp
	pop	%rbp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	popfq
	ret

	.section .note.GNU-stack, "", @progbits
