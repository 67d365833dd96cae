/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first code of ours that a target runs: it maps the run-time's memory, reports and gives all
 * registers back. It lies in the zero slack behind a text segment, filled in by process/enter.c,
 * and only reads itself. Of the thread's stack it uses what lies below the red zone: an iretq
 * frame, and under it a word for the result.
 */
	.section .rodata
	.balign 8
	.globl sut_stub, sut_stub_data, sut_stub_end
sut_stub:
	lea	sut_stub_maps(%rip), %rbx
	mov	$2, %ebp
1:	mov	$9, %eax		/* mmap(address, size, prot, flags, -1, 0) */
	mov	0(%rbx), %rdi
	mov	8(%rbx), %rsi
	mov	16(%rbx), %rdx
	mov	$0x100022, %r10d	/* MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE */
	mov	$-1, %r8
	xor	%r9d, %r9d
	syscall
	cmp	%rdi, %rax
	jne	2f
	add	$24, %rbx
	dec	%ebp
	jnz	1b
	movq	$1, (%rax)		/* the first word of the data: mapped */
	xor	%eax, %eax
2:	mov	sut_stub_iret(%rip), %rsp
	mov	%rax, -8(%rsp)		/* 0, or what mmap returned */
	mov	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, &mask, NULL, 8) */
	mov	$2, %edi
	lea	sut_stub_mask(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	sut_stub_regs+0(%rip), %r15
	mov	sut_stub_regs+8(%rip), %r14
	mov	sut_stub_regs+16(%rip), %r13
	mov	sut_stub_regs+24(%rip), %r12
	mov	sut_stub_regs+32(%rip), %r11
	mov	sut_stub_regs+40(%rip), %r10
	mov	sut_stub_regs+48(%rip), %r9
	mov	sut_stub_regs+56(%rip), %r8
	mov	sut_stub_regs+64(%rip), %rbp
	mov	sut_stub_regs+72(%rip), %rdi
	mov	sut_stub_regs+80(%rip), %rsi
	mov	sut_stub_regs+88(%rip), %rdx
	mov	sut_stub_regs+96(%rip), %rcx
	mov	sut_stub_regs+104(%rip), %rbx
	mov	sut_stub_regs+112(%rip), %rax
	iretq
	.balign 8
sut_stub_data:				/* struct stub_data */
sut_stub_maps:
	.fill	6, 8, 0
sut_stub_iret:
	.quad	0
sut_stub_mask:
	.quad	0
sut_stub_regs:
	.fill	15, 8, 0
	.quad	0			/* thread id */
sut_stub_end:

	.section .note.GNU-stack, "", @progbits
