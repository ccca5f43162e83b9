/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/bytes.h"
#include "replication/sync.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define ID   "b856cd73e3aec257c15d13e4c55d3fe48e73f0eb"
#define MARK "abababababababababababababababababababac"

static const size_t steps[] = {1, 2, 3, 7, 39, 40, 41, 4096};

/* What was parsed, as text: "full ID OFFSET\nbegin\nrdb BYTES\nend\nstream BYTES\n". Parts are joined. */
static void put(struct buffer *out, const char *text)
{
    cr_assert(buffer_append(out, slice_of(text, strlen(text))));
}

static void put_event(struct buffer *out, const struct sync *sync, enum sync_event event)
{
    char text[SYNC_LINE_MAX + 64] = "";
    switch (event) {
    case SYNC_FULL:
        snprintf(text, sizeof text, "full %s %llu\n", sync->id, (unsigned long long)sync->offset);
        break;
    case SYNC_CONTINUE: snprintf(text, sizeof text, "continue %s\n", sync->id); break;
    case SYNC_REFUSED: snprintf(text, sizeof text, "refused %s\n", sync->line); break;
    case SYNC_INVALID: snprintf(text, sizeof text, "invalid\n"); break;
    case SYNC_BEGIN: snprintf(text, sizeof text, "begin "); break;
    case SYNC_END: snprintf(text, sizeof text, " end\n"); break;
    case SYNC_MORE:
    case SYNC_RDB:
    case SYNC_STREAM: break;
    }
    put(out, text);
}

/* Parses the bytes in blocks, each of its exact size. */
static void parse(rf_slice input, size_t step, struct buffer *out)
{
    struct sync sync = {.state = SYNC_AT_STATUS};
    enum sync_event event = SYNC_MORE;
    for (size_t at = 0; at < input.len && event != SYNC_INVALID && event != SYNC_REFUSED; at += step) {
        size_t n = input.len - at < step ? input.len - at : step;
        const rf_slice block = exact_copy(input.ptr + at, n);
        rf_slice in = block, piece;
        while ((event = sync_next(&sync, &in, &piece)) != SYNC_MORE) {
            put_event(out, &sync, event);
            cr_assert(buffer_append(out, piece));
            if (event == SYNC_INVALID || event == SYNC_REFUSED)
                break;
        }
        exact_free(block);
    }
}

static void expect(rf_slice input, rf_slice expected)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buffer out = {0};
        parse(input, steps[i], &out);
        cr_assert(slice_equal(buffer_slice(&out), expected), "step %zu: %.*s", steps[i], (int)out.len,
                  (char *)out.data);
        buffer_free(&out);
    }
}

#define EXPECT(input, expected) expect(SLICE(input), SLICE(expected))

Test(sync, full_from_disk)
{
    EXPECT("\n\n+FULLRESYNC " ID " 112\r\n\n\n$9\r\nREDIS0010*1\r\n$4\r\nping\r\n",
           "full " ID " 112\nbegin REDIS0010 end\n*1\r\n$4\r\nping\r\n");
    EXPECT("+FULLRESYNC " ID " 0\r\n$0\r\nx", "full " ID " 0\nbegin  end\nx");
}

/* The RDB ends with parts of the mark, which repeats itself. */
Test(sync, full_with_a_mark)
{
    EXPECT("+FULLRESYNC " ID " 0\r\n$EOF:" MARK "\r\nREDISababab" MARK "*1",
           "full " ID " 0\nbegin REDISababab end\n*1");
    EXPECT("+FULLRESYNC " ID " 0\r\n$EOF:" MARK "\r\n" MARK, "full " ID " 0\nbegin  end\n");
    EXPECT("+FULLRESYNC " ID " 0\r\n$EOF:" MARK "\r\nabababababababababababababababababababab" MARK,
           "full " ID " 0\nbegin abababababababababababababababababababab end\n");
}

/* A server that has PSYNC under another name. */
Test(sync, rdb_without_a_status)
{
    EXPECT("\n$3\r\nabc", "begin abc end\n");
}

Test(sync, partial)
{
    EXPECT("+CONTINUE " ID "\r\n*3\r\n", "continue " ID "\n*3\r\n");
    EXPECT("\n+CONTINUE\r\n\nabc", "continue \n\nabc");
}

Test(sync, refused)
{
    EXPECT("-NOMASTERLINK Can't SYNC\r\n", "refused NOMASTERLINK Can't SYNC\n");
    EXPECT("+FULLRESYNC " ID " 7\r\n-ERR no\r\n", "full " ID " 7\nrefused ERR no\n");
}

Test(sync, invalid)
{
    char line[SYNC_LINE_MAX + 8];
    memset(line, 'x', sizeof line);
    expect(slice_of(line, sizeof line), SLICE("invalid\n"));
    EXPECT("+DUALCHANNELSYNC\r\n", "invalid\n");
    EXPECT("+FULLRESYNC " ID "\r\n", "invalid\n");
    EXPECT("+FULLRESYNC x 1\r\n", "invalid\n");
    EXPECT("+FULLRESYNC " ID " 1x\r\n", "invalid\n");
    EXPECT("+FULLRESYNCED " ID " 1\r\n", "invalid\n");
    EXPECT("+CONTINUE " ID "x\r\n", "invalid\n");
    EXPECT("$x\r\n", "invalid\n");
    EXPECT("$\r\n", "invalid\n");
    EXPECT("$-1\r\n", "invalid\n");
    EXPECT("+FULLRESYNC " ID " 1\r\n+FULLRESYNC " ID " 1\r\n", "full " ID " 1\ninvalid\n");
}

/* Whatever bytes arrive, the events do not depend on how they are divided. */
Test(sync, any_bytes)
{
    static const char letters[] = "+-$\r\n0123EOF:ab CONTINUE FULLRESYNC";
    uint32_t state = 1;
    for (int round = 0; round < 2000; round++) {
        char input[96];
        struct buffer whole = {0}, single = {0};
        for (size_t i = 0; i < sizeof input; i++) {
            state = state * 1664525 + 1013904223;
            input[i] = letters[(state >> 16) % (sizeof letters - 1)];
        }
        parse(slice_of(input, sizeof input), sizeof input, &whole);
        parse(slice_of(input, sizeof input), 1, &single);
        cr_assert(slice_equal(buffer_slice(&whole), buffer_slice(&single)));
        buffer_free(&whole);
        buffer_free(&single);
    }
}
