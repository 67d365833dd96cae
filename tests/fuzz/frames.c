// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes may come as .eh_frame: what is said of a record lies within it. */
#include "base/frames.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { WORD = 4 };
	struct sut_frames frames = {data, size, 0, false};
	struct sut_frame frame;
	size_t end = 0;

	while (sut_frames_next(&frames, &frame)) {
		check(frame.at == end && frame.size >= 2 * WORD && frame.size <= size - end);
		end = frame.at + frame.size;
		check(frame.instructions > frame.at && frame.instructions <= end);
		if (frame.is_cie)
			check(frame.alignment < frame.augmentation &&
			      frame.augmentation < frame.instructions &&
			      frame.personality + WORD <= end);
		else
			check(frame.cie < frame.at && frame.start == frame.at + 2 * WORD &&
			      frame.range + WORD <= end && frame.lsda + WORD <= end);
	}
	return 0;
}
