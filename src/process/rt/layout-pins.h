/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layout is an interface between versions: each offset is pinned. Whoever moves one changes
 * SUT_RT_VERSION. Included by layout.h alone.
 */
#ifndef SUT_PROCESS_RT_LAYOUT_PINS_H
#define SUT_PROCESS_RT_LAYOUT_PINS_H

#define SUT_RT_AT(type, member, offset)                                                            \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

SUT_RT_AT(sut_rt_header, magic, 0);
SUT_RT_AT(sut_rt_header, version, 8);
SUT_RT_AT(sut_rt_header, size, 12);
SUT_RT_AT(sut_rt_header, control, 16);
SUT_RT_AT(sut_rt_header, enter, 24);
SUT_RT_AT(sut_rt_header, decide, 32);
SUT_RT_AT(sut_rt_header, calls, 40);
SUT_RT_AT(sut_rt_header, hooks, 96);
SUT_RT_AT(sut_rt_header, index, 112);
SUT_RT_AT(sut_rt_header, loader, 120);

SUT_RT_AT(sut_rt_control, magic, 0);
SUT_RT_AT(sut_rt_control, version, 8);
SUT_RT_AT(sut_rt_control, mark_next, 12);
SUT_RT_AT(sut_rt_control, text, 16);
SUT_RT_AT(sut_rt_control, patches, 24);
SUT_RT_AT(sut_rt_control, zones, 32);
SUT_RT_AT(sut_rt_control, transition, 40);
SUT_RT_AT(sut_rt_control, planned, 48);
SUT_RT_AT(sut_rt_control, closing_next, 56);
SUT_RT_AT(sut_rt_control, generation, 64);
SUT_RT_AT(sut_rt_control, stage, 72);
SUT_RT_AT(sut_rt_control, forced, 76);
SUT_RT_AT(sut_rt_control, failure, 80);
SUT_RT_AT(sut_rt_control, may_close, 84);
SUT_RT_AT(sut_rt_control, failed_object, 88);
SUT_RT_AT(sut_rt_control, failed_id, 96);
SUT_RT_AT(sut_rt_control, expect, 104);
SUT_RT_AT(sut_rt_control, close_result, 112);
SUT_RT_AT(sut_rt_control, slack, 120);
SUT_RT_AT(sut_rt_control, slack_size, 128);
SUT_RT_AT(sut_rt_control, slack_tid, 136);
SUT_RT_AT(sut_rt_control, page_count, 144);
SUT_RT_AT(sut_rt_control, pages, 152);
SUT_RT_AT(sut_rt_control, call_stack, 2200);
SUT_RT_AT(sut_rt_control, call_stack_size, 2208);
SUT_RT_AT(sut_rt_control, core, 2216);
SUT_RT_AT(sut_rt_control, host, 2304);
SUT_RT_AT(sut_rt_control, switching, 2416);
SUT_RT_AT(sut_rt_control, shadow, 2480);
SUT_RT_AT(sut_rt_control, shadow_host, 3536);
SUT_RT_AT(sut_rt_control, shadow_lock, 3576);
SUT_RT_AT(sut_rt_control, proved, 3580);
SUT_RT_AT(sut_rt_control, hooks, 3584);
SUT_RT_AT(sut_rt_control, own, 3664);
SUT_RT_AT(sut_rt_control, own_name, 3816);
SUT_RT_AT(sut_rt_control, dropped, 3832);
SUT_RT_AT(sut_rt_control, slots, 3840);
SUT_RT_AT(sut_rt_control, slot_count, 3848);
SUT_RT_AT(sut_rt_control, loader, 3856);

SUT_RT_AT(sut_rt_record, sp, 0);
SUT_RT_AT(sut_rt_record, return_check, 8);
SUT_RT_AT(sut_rt_record, func, 16);

SUT_RT_AT(sut_rt_thread, mark, 0);
SUT_RT_AT(sut_rt_thread, transition, 4);
SUT_RT_AT(sut_rt_thread, dir, 8);
SUT_RT_AT(sut_rt_thread, known, 12);
SUT_RT_AT(sut_rt_thread, busy, 16);
SUT_RT_AT(sut_rt_thread, hit_address, 24);
SUT_RT_AT(sut_rt_thread, hit_value, 32);
SUT_RT_AT(sut_rt_thread, answer, 40);
SUT_RT_AT(sut_rt_thread, certificate, 48);
SUT_RT_AT(sut_rt_thread, certificate_check, 56);
SUT_RT_AT(sut_rt_thread, overflow, 64);
SUT_RT_AT(sut_rt_thread, record_count, 72);
SUT_RT_AT(sut_rt_thread, records, 80);
_Static_assert(SUT_RT_THREAD + sizeof(struct sut_rt_thread) <= 0x280, "inside __glibc_unused2");

SUT_RT_AT(sut_rt_slot, key, 0);
SUT_RT_AT(sut_rt_slot, words, 16);

SUT_RT_AT(sut_rt_range, low, 0);
SUT_RT_AT(sut_rt_range, high, 8);
SUT_RT_AT(sut_rt_range, kind, 16);
SUT_RT_AT(sut_rt_range, func, 20);

SUT_RT_AT(sut_rt_word, address, 0);
SUT_RT_AT(sut_rt_word, expect, 8);
SUT_RT_AT(sut_rt_word, value, 16);

SUT_RT_AT(sut_rt_transition, patch, 0);
SUT_RT_AT(sut_rt_transition, mark_new, 8);
SUT_RT_AT(sut_rt_transition, mark_old, 12);
SUT_RT_AT(sut_rt_transition, armed, 16);
SUT_RT_AT(sut_rt_transition, dir, 20);
SUT_RT_AT(sut_rt_transition, closing, 24);
SUT_RT_AT(sut_rt_transition, foreign, 32);
SUT_RT_AT(sut_rt_transition, ranges, 40);
SUT_RT_AT(sut_rt_transition, range_count, 48);
SUT_RT_AT(sut_rt_transition, low, 56);
SUT_RT_AT(sut_rt_transition, high, 64);
SUT_RT_AT(sut_rt_transition, stack_offset, 72);
SUT_RT_AT(sut_rt_transition, main_tcb, 80);
SUT_RT_AT(sut_rt_transition, main_low, 88);
SUT_RT_AT(sut_rt_transition, main_high, 96);
SUT_RT_AT(sut_rt_transition, dir_copies, 104);
SUT_RT_AT(sut_rt_transition, dir_copy_count, 112);
SUT_RT_AT(sut_rt_transition, list, 120);
SUT_RT_AT(sut_rt_transition, list_count, 152);
SUT_RT_AT(sut_rt_transition, started_ns, 184);
SUT_RT_AT(sut_rt_transition, enables, 192);
SUT_RT_AT(sut_rt_transition, calls, 200);
SUT_RT_AT(sut_rt_transition, names, 208);
SUT_RT_AT(sut_rt_transition, name_count, 216);
SUT_RT_AT(sut_rt_transition, memory, 224);
SUT_RT_AT(sut_rt_transition, memory_size, 232);
SUT_RT_AT(sut_rt_transition, edges, 240);
SUT_RT_AT(sut_rt_transition, edge_count, 256);
SUT_RT_AT(sut_rt_transition, swaps, 272);
SUT_RT_AT(sut_rt_transition, swap_count, 312);
SUT_RT_AT(sut_rt_transition, swap_table, 352);
SUT_RT_AT(sut_rt_transition, swap_table_size, 360);
SUT_RT_AT(sut_rt_transition, home, 368);
SUT_RT_AT(sut_rt_transition, bounds, 372);
SUT_RT_AT(sut_rt_transition, slots, 376);
SUT_RT_AT(sut_rt_transition, slot_count, 384);
SUT_RT_AT(sut_rt_transition, unplaced, 392);
SUT_RT_AT(sut_rt_transition, per_stack, 400);
SUT_RT_AT(sut_rt_transition, late, 408);
SUT_RT_AT(sut_rt_transition, parts, 416);
SUT_RT_AT(sut_rt_transition, bottom, 424);

SUT_RT_AT(sut_rt_func, entry, 0);
SUT_RT_AT(sut_rt_func, size, 8);
SUT_RT_AT(sut_rt_func, original, 16);
SUT_RT_AT(sut_rt_func, head, 24);
SUT_RT_AT(sut_rt_func, code, 32);
SUT_RT_AT(sut_rt_func, code_size, 40);
SUT_RT_AT(sut_rt_func, slot, 48);
SUT_RT_AT(sut_rt_func, land, 56);
SUT_RT_AT(sut_rt_func, pun, 64);
SUT_RT_AT(sut_rt_func, pun_mask, 72);
SUT_RT_AT(sut_rt_func, flags, 80);
SUT_RT_AT(sut_rt_func, object, 84);
SUT_RT_AT(sut_rt_func, name, 88);
SUT_RT_AT(sut_rt_func, pieces, 96);
SUT_RT_AT(sut_rt_func, piece_count, 104);
SUT_RT_AT(sut_rt_func, jumps, 112);
SUT_RT_AT(sut_rt_func, jump_count, 120);
SUT_RT_AT(sut_rt_func, late, 128);
SUT_RT_AT(sut_rt_func, instance, 136);

SUT_RT_AT(sut_rt_jump, target, 0);
SUT_RT_AT(sut_rt_jump, kind, 8);

SUT_RT_AT(sut_rt_patch, next, 0);
SUT_RT_AT(sut_rt_patch, state, 8);
SUT_RT_AT(sut_rt_patch, func_count, 12);
SUT_RT_AT(sut_rt_patch, name, 16);
SUT_RT_AT(sut_rt_patch, version, 80);
SUT_RT_AT(sut_rt_patch, digest, 144);
SUT_RT_AT(sut_rt_patch, funcs, 176);
SUT_RT_AT(sut_rt_patch, kept_bytes, 184);
SUT_RT_AT(sut_rt_patch, transition, 192);
SUT_RT_AT(sut_rt_patch, object_count, 200);
SUT_RT_AT(sut_rt_patch, calls, 208);
SUT_RT_AT(sut_rt_patch, trial_ns, 216);
SUT_RT_AT(sut_rt_patch, module, 224);
SUT_RT_AT(sut_rt_patch, klp, 240);
SUT_RT_AT(sut_rt_patch, tables, 304);
SUT_RT_AT(sut_rt_patch, table_count, 312);
SUT_RT_AT(sut_rt_patch, memory, 320);
SUT_RT_AT(sut_rt_patch, memory_size, 328);
SUT_RT_AT(sut_rt_patch, per_stack, 336);

SUT_RT_AT(sut_rt_zone, next, 0);
SUT_RT_AT(sut_rt_zone, object, 8);
SUT_RT_AT(sut_rt_zone, text, 16);
SUT_RT_AT(sut_rt_zone, text_size, 24);
SUT_RT_AT(sut_rt_zone, core_used, 32);
SUT_RT_AT(sut_rt_zone, image_used, 40);
SUT_RT_AT(sut_rt_zone, data, 48);
SUT_RT_AT(sut_rt_zone, data_size, 56);
SUT_RT_AT(sut_rt_zone, data_used, 64);
SUT_RT_AT(sut_rt_zone, sequence, 72);

SUT_RT_AT(sut_rt_frame, state, 0);
SUT_RT_AT(sut_rt_frame, tid, 8);
SUT_RT_AT(sut_rt_frame, op, 16);
SUT_RT_AT(sut_rt_frame, argument, 24);
SUT_RT_AT(sut_rt_frame, count, 32);
SUT_RT_AT(sut_rt_frame, expect, 40);
SUT_RT_AT(sut_rt_frame, errno_location, 48);
SUT_RT_AT(sut_rt_frame, calls, 56);
SUT_RT_AT(sut_rt_frame, result, 64);
SUT_RT_AT(sut_rt_frame, sigmask, 72);
SUT_RT_AT(sut_rt_frame, iret, 80);
SUT_RT_AT(sut_rt_frame, save, 88);
SUT_RT_AT(sut_rt_frame, control, 96);
SUT_RT_AT(sut_rt_frame, finished_ns, 104);
SUT_RT_AT(sut_rt_frame, maps, 112);

SUT_RT_AT(sut_rt_save, rax, 112);
SUT_RT_AT(sut_rt_save, rip, 120);
SUT_RT_AT(sut_rt_save, ss, 152);
_Static_assert(sizeof(struct sut_rt_save) % 16 == 0, "the stack below it is aligned");
_Static_assert(sizeof(struct sut_rt_control) <= SUT_RT_CONTROL_SIZE, "control fits");
/* The core's own, which others must read as well. */
_Static_assert(sizeof(struct sut_core) == 88, "sut_core");
_Static_assert(sizeof(struct klp_patch) == 64, "klp_patch");
_Static_assert(sizeof(struct klp_object) == 112, "klp_object");
_Static_assert(sizeof(struct klp_func) == 112, "klp_func");
_Static_assert(sizeof(struct sut_core_patch) == 40, "sut_core_patch");

#undef SUT_RT_AT

#endif
