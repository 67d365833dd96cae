// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/frames.h"

#include <string.h>

/* A place within a record. */
struct cursor {
	const unsigned char *data;
	size_t at, end;
	bool bad;
};

static unsigned char take_byte(struct cursor *c)
{
	if (c->at >= c->end) {
		c->bad = true;
		return 0;
	}
	return c->data[c->at++];
}

static uint32_t take_word(struct cursor *c)
{
	uint32_t word = 0;

	for (int i = 0; i < 4; i++)
		word |= (uint32_t)take_byte(c) << 8 * i;
	return word;
}

/* A number of seven bits for each byte; signs do not matter to who skips it. */
static uint64_t take_leb(struct cursor *c)
{
	enum { BITS = 63 };
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < BITS; shift += 7) {
		unsigned char byte = take_byte(c);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

/* Whether a pointer in this form is a field of four bytes. */
static bool is_word(unsigned char encoding)
{
	unsigned char form = encoding & 0x0f;

	return encoding != SUT_FRAME_OMIT && (form == SUT_FRAME_UDATA4 || form == SUT_FRAME_SDATA4);
}

/* The data that the letters of the augmentation string announce. */
static void read_augmentation(struct cursor *c, const char *letters, struct sut_frame *frame)
{
	struct cursor size = *c;
	uint64_t length = take_leb(&size);

	c->bad |= size.bad || length > size.end - size.at;
	frame->instructions = c->bad ? 0 : size.at + (size_t)length;
	for (; *letters && !c->bad; letters++)
		switch (*letters) {
		case 'z':
			take_leb(c);
			break;
		case 'R':
			c->bad |= take_byte(c) != (SUT_FRAME_PCREL | SUT_FRAME_SDATA4);
			break;
		case 'P':
			frame->personality_encoding_at = c->at;
			frame->personality_encoding = take_byte(c);
			frame->personality = c->at;
			c->bad |= !is_word(frame->personality_encoding);
			take_word(c);
			break;
		case 'L':
			frame->lsda_encoding = take_byte(c);
			c->bad |= frame->lsda_encoding != SUT_FRAME_OMIT &&
				  !is_word(frame->lsda_encoding);
			break;
		case 'S': /* of a signal handler's frame */
		case 'B':
			break;
		default:
			c->bad = true;
		}
}

static void read_cie(struct cursor *c, struct sut_frame *frame)
{
	enum { LETTERS_MAX = 8 };
	char letters[LETTERS_MAX + 1] = "";
	unsigned int version = take_byte(c);

	frame->lsda_encoding = SUT_FRAME_OMIT;
	for (unsigned int i = 0; (letters[i] = (char)take_byte(c)) && !c->bad; i++)
		if (i == LETTERS_MAX - 1) {
			c->bad = true;
			return;
		}
	frame->alignment = c->at;
	take_leb(c); /* alignment of code, of data */
	take_leb(c);
	if (version == 1)
		take_byte(c); /* register of the return address */
	else
		take_leb(c);
	frame->augmentation = c->at;
	c->bad |= (version != 1 && version != 3) || letters[0] != 'z' || !strchr(letters, 'R');
	if (!c->bad)
		read_augmentation(c, letters, frame);
}

/* The record at an offset: its end, and the word that tells CIE (0) and FDE. false: it has none. */
static bool open_record(const struct sut_frames *frames, size_t at, struct cursor *c, uint32_t *id)
{
	uint32_t length;

	*c = (struct cursor){frames->data, at, frames->size, false};
	length = take_word(c);
	if (c->bad || length < sizeof(*id) || length > frames->size - c->at)
		return false;
	c->end = c->at + length;
	*id = take_word(c);
	return true;
}

static void read_fde(const struct sut_frames *frames, struct cursor *c, struct sut_frame *frame,
		     uint32_t distance)
{
	size_t id_at = frame->at + 4;
	struct cursor before;
	uint32_t id;

	frame->cie = id_at - distance;
	/* A CIE comes before those that name it. */
	if (distance <= sizeof(id) || distance > id_at ||
	    !open_record(frames, frame->cie, &before, &id) || id) {
		c->bad = true;
		return;
	}
	read_cie(&before, frame);
	frame->start = c->at;
	take_word(c);
	frame->range = c->at;
	take_word(c);
	uint64_t length = take_leb(c); /* of the augmentation */

	c->bad |= before.bad || length > c->end - c->at;
	frame->instructions = c->bad ? 0 : c->at + (size_t)length;
	if (frame->lsda_encoding == SUT_FRAME_OMIT)
		return;
	frame->lsda = c->at;
	take_word(c);
}

bool sut_frames_next(struct sut_frames *frames, struct sut_frame *frame)
{
	struct cursor c;
	uint32_t id;

	*frame = (struct sut_frame){.at = frames->at};
	if (frames->at == frames->size ||
	    (frames->size - frames->at >= sizeof(id) && !sut_frames_word(frames, frames->at)))
		return false;
	if (!open_record(frames, frames->at, &c, &id)) {
		frames->malformed = true;
		return false;
	}
	frame->size = c.end - frame->at;
	frame->is_cie = !id;
	if (id)
		read_fde(frames, &c, frame, id);
	else
		read_cie(&c, frame);
	frames->malformed = c.bad;
	frames->at = c.end;
	return !c.bad;
}

uint32_t sut_frames_word(const struct sut_frames *frames, size_t at)
{
	struct cursor c = {frames->data, at, frames->size, false};

	return take_word(&c);
}
