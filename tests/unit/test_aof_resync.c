/* SPDX-License-Identifier: MIT */
/* A damaged AOF, read on behind the damage. */
#include "base/bytes.h"
#include "io/source.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/reader.h>
#include <stdio.h>

#define SET(key) "*3\r\n$3\r\nSET\r\n$2\r\n" key "\r\n$1\r\nv\r\n"
#define EIGHT    SET("b1") SET("b2") SET("b3") SET("b4") SET("b5") SET("b6") SET("b7") SET("b8")
#define SELECT   "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"

static const char *const kinds[] = {
    [RF_LOG_TORN] = "torn",
    [RF_LOG_OPEN_TRANSACTION] = "open",
    [RF_LOG_MALFORMED] = "malformed",
    [RF_LOG_NO_NAME] = "no name",
    [RF_LOG_NO_LINE_END] = "no line end",
    [RF_LOG_LONG_ANNOTATION] = "annotation",
    [RF_LOG_INVALID_COMMAND] = "invalid",
};

static void record_command(struct buffer *out, const rf_entry *entry)
{
    record_text(out, "%s%.*s%s ", entry->db_unknown ? "?" : "", (int)entry->argv[entry->argc > 1].len,
                (const char *)entry->argv[entry->argc > 1].ptr, entry->db ? "@3" : "");
}

/* "a1 [malformed 27+12] b1 b2 ": keys, with "?" if their database is unknown, and damages. */
static void read_all(rf_slice aof, size_t block_size, struct buffer *out)
{
    rf_source *source;
    rf_reader *reader;
    rf_error error;
    rf_entry entry;
    rf_code code = rf_source_open_memory(aof.ptr, aof.len, "x", &source, &error);
    cr_assert_eq(code, RF_OK);
    const rf_reader_options options = {.block_size = block_size, .resume = true};
    code = rf_reader_open(source, &options, &reader, &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    const rf_log_damage *damage = &rf_reader_info_get(reader)->damage;
    for (bool ends = false; !ends;) {
        code = rf_reader_next(reader, &entry, &error);
        ends = code == RF_END || (code != RF_OK && damage->at_end);
        if (code == RF_OK)
            record_command(out, &entry);
        else if (code != RF_END)
            record_text(out, "[%s %llu+%llu] ", kinds[damage->kind], (unsigned long long)damage->offset,
                        (unsigned long long)(damage->end - damage->offset));
    }
    if (code != RF_END)
        cr_expect_neq(rf_reader_next(reader, &entry, &error), RF_OK);
    rf_reader_close(reader);
}

static void expect_resumed(const char *aof, size_t length, const char *told)
{
    static const size_t blocks[] = {1, 2, 3, 7, 64, 4096};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        struct buffer text = {0};
        read_all(slice_of(aof, length), blocks[i], &text);
        cr_expect_str_eq(record_end(&text), told, "%zu: %s", blocks[i], aof);
        buffer_free(&text);
    }
}

#define EXPECT(aof, told) expect_resumed(aof, sizeof(aof) - 1, told)
#define ALL               "?b1 ?b2 ?b3 ?b4 ?b5 ?b6 ?b7 ?b8 "

Test(aof_resync, damage_in_the_middle)
{
    EXPECT(SET("a1") "garbage\r\n" EIGHT, "a1 [malformed 28+9] " ALL);
    EXPECT(SET("a1") "\0\0\0\0\0\0\0" EIGHT, "a1 [malformed 28+7] " ALL);
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$9\r\na2\r\n$1\r\nv\r\n" EIGHT, "a1 [malformed 28+28] " ALL);
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$9\r\n" EIGHT, "a1 [malformed 28+17] " ALL);
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$2\r\na2\r\n$1\r\n" EIGHT, "a1 [malformed 28+25] " ALL);
    EXPECT(SET("a1") "\r\n" EIGHT, "a1 [malformed 28+2] " ALL);
    EXPECT(SET("a1") "port 6379\n" EIGHT, "a1 [malformed 28+38] ?b2 ?b3 ?b4 ?b5 ?b6 ?b7 ?b8 ");
    EXPECT(SET("a1") "*0\r\n" EIGHT, "a1 [no name 28+4] " ALL);
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$2\r\na2xx$1\r\nv\r\n" EIGHT, "a1 [no line end 28+28] " ALL);
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$2\r\na2\r\n$1\r\nvxx" EIGHT,
           "a1 [no line end 28+56] ?b2 ?b3 ?b4 ?b5 ?b6 ?b7 ?b8 ");
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$99999\r\na2\r\n$1\r\nv\r\n" EIGHT, "a1 [malformed 28+32] " ALL);
    EXPECT(SET("a1") "*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n" EIGHT, "a1 [invalid 28+23] " ALL);
}

Test(aof_resync, the_database_is_unknown_up_to_the_next_select)
{
    EXPECT(SELECT SET("a1") "x" SET("a2") EIGHT SELECT SET("c1"), "a1@3 [malformed 51+29] ?b1@3 ?b2@3 ?b3@3 "
                                                                  "?b4@3 ?b5@3 ?b6@3 ?b7@3 ?b8@3 c1@3 ");
}

Test(aof_resync, nothing_sound_follows)
{
    EXPECT(SET("a1") "garbage", "a1 [malformed 28+7] ");
    EXPECT(SET("a1") "\0\0\0\0", "a1 [malformed 28+4] ");
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$2\r\na", "a1 [torn 28+18] ");
    EXPECT(SET("a1") "*1\r\n$5\r\nMULTI\r\n" SET("a2"), "a1 MULTI a2 [open 28+43] ");
    EXPECT(SET("a1") "x\r\n*2\r\n$3\r\nSET\r\n$2\r\na2\r\n", "a1 [malformed 28+24] ");
    EXPECT(SET("a1") "x\r\n*1\r\n$5\r\nNOSUCH\r\n", "a1 [malformed 28+19] ");
}

/* To the end of the input fewer commands are enough. */
Test(aof_resync, near_the_end)
{
    EXPECT(SET("a1") "x\r\n" SET("b1"), "a1 [malformed 28+3] ?b1 ");
    EXPECT(SET("a1") "x\r\n" SET("b1") "*3\r\n$3\r\nSET", "a1 [malformed 28+3] ?b1 [torn 59+11] ");
    EXPECT(SET("a1") "x\r\n*2\r\n$8\r\nJSON.DEL\r\n$2\r\nd1\r\n", "a1 [malformed 28+3] ?d1 ");
}

/* A value with commands in it is not taken for some. */
Test(aof_resync, commands_in_a_value)
{
    EXPECT(SET("a1") "*3\r\n$3\r\nSET\r\n$2\r\na2\r\n$95\r\n\r\n" SET("x1") SET("x2") SET("x3") "\r\n" EIGHT,
           "a1 [malformed 28+114] " ALL);
}

Test(aof_resync, a_long_annotation)
{
    char aof[4096];
    size_t n = (size_t)sprintf(aof, SET("a1") "#");
    memset(aof + n, 'x', 2000);
    strcpy(aof + n + 2000, "\r\n" EIGHT);
    expect_resumed(aof, strlen(aof), "a1 [annotation 28+2003] " ALL);
}

/* Some bytes are overwritten, lost or doubled, at every place: the commands from well behind it are all
 * there, in order. */
static void expect_rest(const char *text, size_t at, int how)
{
    const char *from = text;
    for (char name[] = "b1"; name[1] <= '8' && from; name[1]++) {
        from = strstr(from, name);
        cr_expect_not_null(from, "%d at %zu: %s", how, at, text);
    }
}

Test(aof_resync, anywhere)
{
    static const char head[] = SET("a1") SELECT SET("a2") "*1\r\n$5\r\nMULTI\r\n" SET("a3")
        SET("a4") "*1\r\n$4\r\nEXEC\r\n" SET("a5") SET("a6");
    static const char tail[] = SET("a7") EIGHT;
    size_t first = strlen(SET("a1")), length = sizeof head - 1, rest = sizeof tail - 1;
    char aof[1024];
    for (int how = 0; how < 3; how++)
        for (size_t at = first; at + 5 <= length; at++) {
            struct buffer text = {0}, bytewise = {0};
            size_t lost = how == 1 ? 5 : 0, added = how == 2 ? 5 : 0;
            memcpy(aof, head, length);
            memcpy(aof + at + added, head + at + lost, length - at - lost);
            if (how == 0)
                memset(aof + at, 0, 5);
            memcpy(aof + length + added - lost, tail, rest);
            read_all(slice_of(aof, length + added - lost + rest), 4096, &text);
            read_all(slice_of(aof, length + added - lost + rest), 1, &bytewise);
            expect_rest(record_end(&text), at, how);
            cr_expect_str_eq(record_end(&text), record_end(&bytewise));
            buffer_free(&text);
            buffer_free(&bytewise);
        }
}
