/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * void sut_rt_call_on(void (*function)(void *), void *argument, void *stack_top);
 *
 * The rest of the run-time uses general registers only and leaves the extended state (x87, SSE, AVX,
 * AMX, ...) alone; here it is saved, whole, because the function may use all of it. XSAVE knows what
 * the system has enabled (XCR0) and CPUID how much room that takes; a CPU without it has FXSAVE. The
 * function begins with the control words that the ABI promises, not with the interrupted code's.
 */
	.set CPUID_OSXSAVE, 27
	.set XSAVE_HEADER, 512
	.set FXSAVE_SIZE, 512
	.set MXCSR_DEFAULT, 0x1f80

	.text
	.globl sut_rt_call_on
sut_rt_call_on:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	mov	%rdi, %r12		/* function */
	mov	%rsi, %r13		/* argument */
	mov	%rdx, %r14		/* where the state will lie */

	mov	$1, %eax
	xor	%ecx, %ecx
	cpuid
	bt	$CPUID_OSXSAVE, %ecx
	jnc	.Lfxsave

	mov	$0xd, %eax		/* ebx = room for all that XCR0 enables */
	xor	%ecx, %ecx
	cpuid
	sub	%rbx, %r14
	and	$-64, %r14
	xor	%ecx, %ecx
	xgetbv				/* edx:eax = XCR0: save and restore all of it */
	mov	%edx, %ebx
	shl	$32, %rbx
	or	%rax, %rbx
	/* XSAVE writes only a part of its header, and XRSTOR refuses what may lie in the rest. */
	xor	%ecx, %ecx
	.irp	at, 0, 8, 16, 24, 32, 40, 48, 56
	mov	%rcx, XSAVE_HEADER+\at(%r14)
	.endr
	xsave64	(%r14)
	call	.Lcall
	mov	%ebx, %eax
	mov	%rbx, %rdx
	shr	$32, %rdx
	xrstor64 (%r14)
	jmp	.Lreturn

.Lfxsave:
	sub	$FXSAVE_SIZE, %r14
	and	$-64, %r14
	fxsave64 (%r14)
	call	.Lcall
	fxrstor64 (%r14)

.Lreturn:
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret

/* The call itself. On the new stack, aligned, and back on this one. */
.Lcall:
	push	%rbp
	mov	%rsp, %rbp
	mov	%r14, %rsp
	fninit
	push	$MXCSR_DEFAULT
	ldmxcsr	(%rsp)
	pop	%rdi
	cld
	mov	%r13, %rdi
	call	*%r12
	mov	%rbp, %rsp
	pop	%rbp
	ret

	.section .note.GNU-stack, "", @progbits
