/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - walks text protocols: lines, runs of a class of bytes, words.
 *
 * Internal to wire/, and in the header for its speed. A message is some two hundred short words; a
 * loop over bytes that ends after a few costs more in mispredicted branches than in its work. So
 * the ends of lines are found 64 bytes at once, and runs are measured sixteen at once.
 */
#ifndef MASKLINE_WIRE_TEXT_H
#define MASKLINE_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

#include "base/slice.h"

/* A set of ASCII bytes: bit h of row l says whether the byte h * 16 + l is a member. */
struct text_class {
        uint8_t rows[16];
};

/* Makes one of a macro that says for a constant byte whether it belongs. */
#define TEXT_CLASS(is)                                                                             \
        {                                                                                          \
                {                                                                                  \
                        TEXT_ROW(is, 0), TEXT_ROW(is, 1), TEXT_ROW(is, 2), TEXT_ROW(is, 3),        \
                                TEXT_ROW(is, 4), TEXT_ROW(is, 5), TEXT_ROW(is, 6),                 \
                                TEXT_ROW(is, 7), TEXT_ROW(is, 8), TEXT_ROW(is, 9),                 \
                                TEXT_ROW(is, 10), TEXT_ROW(is, 11), TEXT_ROW(is, 12),              \
                                TEXT_ROW(is, 13), TEXT_ROW(is, 14), TEXT_ROW(is, 15)               \
                }                                                                                  \
        }
#define TEXT_ROW(is, l)                                                                            \
        ((is((l)) << 0) | (is((l) + 0x10) << 1) | (is((l) + 0x20) << 2) | (is((l) + 0x30) << 3) |  \
         (is((l) + 0x40) << 4) | (is((l) + 0x50) << 5) | (is((l) + 0x60) << 6) |                   \
         (is((l) + 0x70) << 7))

static inline bool text_is(char c, const struct text_class *class)
{
        uint8_t byte = (uint8_t)c;
        return byte < 0x80 && (class->rows[byte & 15] >> (byte >> 4) & 1);
}

static inline bool text_is_digit(char c)
{
        return (uint8_t)(c - '0') <= 9;
}

/* But a tab, which is white space. */
static inline bool text_is_control(uint8_t c)
{
        return (c < ' ' && c != '\t') || c == 0x7f;
}

/* Walks a part of a text and never leaves it. */
struct text_cursor {
        const char *p;
        const char *end;
        const char *readable; /* at least end: up to here bytes may be loaded, though not used */
};

static inline struct text_cursor text_cursor(struct slice s)
{
        const char *p = s.len ? s.p : ""; /* no arithmetic on NULL */
        return (struct text_cursor){p, p + s.len, p + s.len};
}

static inline bool text_at_end(const struct text_cursor *c)
{
        return c->p == c->end;
}

static inline bool text_at(const struct text_cursor *c, char ch)
{
        return c->p < c->end && *c->p == ch;
}

/*
 * White space with the folds in it. In a header value CR and LF are folds only, and what else is
 * below a space stands behind a backslash, where no white space is looked for.
 */
static inline void text_skip_lws(struct text_cursor *c)
{
        const char *p = c->p;
        while (p < c->end && (uint8_t)*p <= ' ')
                p++;
        c->p = p;
}

/* White space, `ch`, white space. */
static inline bool text_take_char(struct text_cursor *c, char ch)
{
        const char *p = c->p;
        const char *end = c->end;
        while (p < end && (uint8_t)*p <= ' ')
                p++;
        if (p == end || *p != ch) {
                c->p = p;
                return false;
        }
        p++;
        while (p < end && (uint8_t)*p <= ' ')
                p++;
        c->p = p;
        return true;
}

#ifdef __SSSE3__
/* Bit i: byte i of the sixteen is no member. A byte from 0x80 on selects a row of zeroes. */
static inline unsigned text_strangers16(const char *p, const struct text_class *class)
{
        const __m128i column = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
        __m128i nibble = _mm_set1_epi8(15);
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i rows = _mm_loadu_si128((const __m128i *)class->rows);
        __m128i row = _mm_shuffle_epi8(rows, bytes);
        __m128i bit = _mm_shuffle_epi8(column, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
        __m128i miss = _mm_cmpeq_epi8(_mm_and_si128(row, bit), _mm_setzero_si128());
        return (unsigned)_mm_movemask_epi8(miss);
}
#endif

/* Where `ch` is among the next sixteen bytes, without leaving the cursor; 16 when it is not. */
static inline unsigned text_find16(const struct text_cursor *c, char ch)
{
#ifdef __SSSE3__
        if (c->readable - c->p >= 16) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)c->p);
                __m128i hits = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(ch));
                unsigned at = (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(hits) | 1 << 16);
                return c->end - c->p > at ? at : 16;
        }
#endif
        for (unsigned i = 0; i < 16 && c->p + i < c->end; i++) {
                if (c->p[i] == ch)
                        return i;
        }
        return 16;
}

/* A run of members of the class; may be empty. */
static inline struct slice text_take(struct text_cursor *c, const struct text_class *class)
{
        const char *start = c->p;
        const char *p = start;
#ifdef __SSSE3__
        /* It may run past the end, but not past the line: no class has a CR or an LF. */
        while (c->readable - p >= 16) {
                unsigned strangers = text_strangers16(p, class);
                if (strangers) {
                        p += (unsigned)__builtin_ctz(strangers);
                        c->p = p < c->end ? p : c->end;
                        return (struct slice){start, (size_t)(c->p - start)};
                }
                p += 16;
        }
        if (p > c->end)
                p = c->end;
#endif
        while (p < c->end && text_is(*p, class))
                p++;
        c->p = p;
        return (struct slice){start, (size_t)(p - start)};
}

/* 1*DIGIT up to `max`. */
static inline bool text_take_u32(struct text_cursor *c, uint32_t max, uint32_t *out)
{
        const char *start = c->p;
        const char *p = start;
        uint64_t value = 0;
        while (p < c->end && text_is_digit(*p)) {
                value = value * 10 + (uint64_t)(*p++ - '0');
                if (value > max)
                        return false;
        }
        c->p = p;
        *out = (uint32_t)value;
        return p > start;
}

static inline uint64_t text_load64(const char *p)
{
        uint64_t word;
        memcpy(&word, p, sizeof word);
        return word;
}

static inline uint32_t text_load32(const char *p)
{
        uint32_t word;
        memcpy(&word, p, sizeof word);
        return word;
}

/*
 * The bits in which two texts of a length differ, somewhere. The loads overlap, so that any length
 * up to sixteen needs two of them.
 */
static inline uint64_t text_difference(const char *a, const char *b, size_t len)
{
        if (len >= 8) {
                uint64_t diff = text_load64(a + len - 8) ^ text_load64(b + len - 8);
                for (size_t i = 0; i + 8 < len; i += 8)
                        diff |= text_load64(a + i) ^ text_load64(b + i);
                return diff;
        }
        if (len >= 4) {
                uint32_t head = text_load32(a) ^ text_load32(b);
                return head | (text_load32(a + len - 4) ^ text_load32(b + len - 4));
        }
        if (len == 0)
                return 0;
        /* The first, the middle and the last of up to three bytes. */
        return (uint8_t)(a[0] ^ b[0]) | (uint8_t)(a[len / 2] ^ b[len / 2]) |
               (uint8_t)(a[len - 1] ^ b[len - 1]);
}

static inline bool text_is_same(struct slice a, struct slice b)
{
        return a.len == b.len && !text_difference(a.p, b.p, a.len);
}

/*
 * Whether `s` is `word` in any case. Both hold no control bytes, and `word` only letters, digits,
 * "-" and "/": then two bytes that differ in bit 0x20 alone are a letter in its two cases.
 */
static inline bool text_is_word(struct slice s, struct slice word)
{
        return s.len == word.len &&
               !(text_difference(s.p, word.p, word.len) & ~UINT64_C(0x2020202020202020));
}

/*
 * The control bytes of a block of 64 are found at once, and then looked at one by one: in a good
 * message they are the ends of its lines, and a tab here and there.
 */
struct text_scan {
        const char *p; /* where the next line begins */
        const char *end;
        const char *block;
        uint64_t controls; /* bit i: block[i] is a control byte that has not been looked at */
};

static inline uint64_t text_controls64(const char *block)
{
        uint64_t mask = 0;
#ifdef __SSSE3__
        for (int i = 0; i < 4; i++) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * i));
                __m128i is_low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
                __m128i is_del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
                uint64_t bits = (unsigned)_mm_movemask_epi8(_mm_or_si128(is_low, is_del));
                mask |= bits << 16 * i;
        }
#else
        for (int i = 0; i < 64; i++) {
                uint8_t byte = (uint8_t)block[i];
                mask |= (uint64_t)(byte < ' ' || byte == 0x7f) << i;
        }
#endif
        return mask;
}

/* Of the last block, which is not whole. */
uint64_t text_controls_of_tail(const char *block, size_t bytes);

static inline void text_load_block(struct text_scan *s, const char *block)
{
        ptrdiff_t bytes = s->end - block;
        s->block = block;
        s->controls = 0;
        if (bytes >= 64)
                s->controls = text_controls64(block);
        else if (bytes > 0)
                s->controls = text_controls_of_tail(block, (size_t)bytes);
}

static inline struct text_scan text_scan(struct text_cursor whole)
{
        struct text_scan s = {.p = whole.p, .end = whole.end};
        text_load_block(&s, whole.p);
        return s;
}

/* The first that has not been looked at, a tab among them; `end` without one. */
static inline const char *text_next_control(struct text_scan *s)
{
        while (!s->controls) {
                if (s->end - s->block <= 64)
                        return s->end;
                text_load_block(s, s->block + 64);
        }
        return s->block + (unsigned)__builtin_ctzll(s->controls);
}

/* Those before `p` have been looked at. */
static inline void text_go_on_at(struct text_scan *s, const char *p)
{
        while (p - s->block >= 64)
                text_load_block(s, s->block + 64);
        s->controls &= ~UINT64_C(0) << (p - s->block);
}

/*
 * Where the line ends when that is what nearly every line does: in CR LF, within the block, with no
 * other control byte before. The next line then begins behind it. NULL and nothing taken when not.
 */
static inline const char *text_take_plain_end(struct text_scan *s)
{
        const char *p = text_next_control(s);
        if (s->end - p < 2 || p - s->block >= 63 || p[0] != '\r' || p[1] != '\n')
                return NULL;
        s->controls &= s->controls - 1; /* the CR */
        s->controls &= s->controls - 1; /* its LF */
        s->p = p + 2;
        return p;
}

#endif
