/* SPDX-License-Identifier: MIT */
/* What an input may cost: lengths that lie cost nothing, and however long a key or a file is, no more than
 * its largest element is kept. Sanitizers use memory of their own, so their builds only see that all goes
 * well. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITED = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
enum { LIMITED = 0 };
#else
enum { LIMITED = 1 };
#endif
#else
enum { LIMITED = 1 };
#endif

/* --- lies -------------------------------------------------------------------------------------------- */

static size_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages * 4096;
}

/* From here on this process (each test has its own) gets little more address space. */
static void limit_memory(void)
{
    enum { ROOM = 20 << 20 };
    struct rlimit limit;
    if (!LIMITED)
        return;
    mallopt(M_ARENA_MAX, 1);
    cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = address_space() + ROOM;
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

#define HUGE_LENGTH "81 1000000000000000"
#define LARGE_SIZE  "80 40000000" /* 1 GiB */

static const struct {
    const char *magic, *hex;
} lies[] = {
    {"REDIS0009", "00 80 ffffffff 6b"},
    {"REDIS0009", "00 " HUGE_LENGTH " 6b"},
    {"REDIS0009", "00 016b 80 10000000 61"},
    {"REDIS0009", "00 016b 80 ffffffff 61"},
    {"REDIS0009", "00 016b 81 ffffffffffffffff 61"},
    {"REDIS0009", "00 016b c3 05 " HUGE_LENGTH " 0061000000"},
    {"REDIS0009", "00 016b c3 " LARGE_SIZE HUGE_LENGTH " 0061000000"},
    {"REDIS0009", "00 016b c3 " LARGE_SIZE LARGE_SIZE " 0061000000"},
    {"REDIS0009", "00 016b c3 " HUGE_LENGTH HUGE_LENGTH " 0061000000"},
    {"REDIS0009", "01 016b " HUGE_LENGTH " 0161 0162"},
    {"REDIS0009", "02 016b " HUGE_LENGTH " 0161 0162"},
    {"REDIS0009", "03 016b " HUGE_LENGTH " 0161 fe"},
    {"REDIS0009", "04 016b " HUGE_LENGTH " 0161 0162"},
    {"REDIS0009", "05 016b " HUGE_LENGTH " 0161 0000000000000000"},
    {"REDIS0009", "07 016b " HUGE_LENGTH " 05 " HUGE_LENGTH " 61"},
    {"REDIS0009", "09 016b 07 fe fe ffffffff 61"},
    {"REDIS0009", "09 016b 08 01 fe ffffffff 61 ff"},
    {"REDIS0009", "0a 016b 0f ffffffff 0c000000 0200 00f3 02f6 ff"},
    {"REDIS0009", "0a 016b 14 14000000 0a000000 0100 00 80 ffffffff 616161 ff"},
    {"REDIS0009", "0b 016b 08 08000000 ffffffff"},
    {"REDIS0009", "0b 016b 08 08000000 00000020"},
    {"REDIS0009", "0e 016b " HUGE_LENGTH " 0f 0f000000 0c000000 0200 00f3 02f6 ff"},
    {"REDIS0010", "10 016b 0d ffffffff 0200 816602 817602 ff"},
    {"REDIS0010", "14 016b 0e 0e000000 0100 f0 ffffffff 6105 ff"},
    {"REDIS0010", "12 016b " HUGE_LENGTH " 01 0161"},
    {"REDIS0009", "0f 016b " HUGE_LENGTH " 10 00000000000003e80000000000000001 07 07000000 0000 ff"},
    {"REDIS0009", "0f 016b 00 00 0000 " HUGE_LENGTH " 0167"},
    {"REDIS0009", "0f 016b 00 00 0000 01 0167 0000 " HUGE_LENGTH " 00000000000003e80000000000000001"},
    {"REDIS0009", "0f 016b 00 00 0000 01 0167 0000 00 " HUGE_LENGTH " 0163"},
    {"REDIS0009", "0f 016b 00 00 0000 01 0167 0000 00 01 0163 0000000000000000 " HUGE_LENGTH},
    {"REDIS0013", "1a 016b 00 00 0000 0000 0000 00 00 05 05 " HUGE_LENGTH " 0170 01"},
    {"REDIS0013", "1a 016b 00 00 0000 0000 0000 00 00 05 05 01 0170 " HUGE_LENGTH " 0169"},
    {"REDIS0014", "1c 016b " HUGE_LENGTH " 00 00 00 0161"},
    {"REDIS0015", "f2 05 " HUGE_LENGTH " 0161 0162"},
    {"REDIS0015", "f2 05 01 " HUGE_LENGTH " 61"},
    {"REDIS0013", "f3 " HUGE_LENGTH " 41424344 00 41424344 00"},
    {"REDIS0009", "f7 01 02 01 05 " HUGE_LENGTH " 61"},
    {"REDIS0010", "f5 " HUGE_LENGTH " 61"},
    {"REDIS0009", "fa 0161 " HUGE_LENGTH " 61"},
    {"VALKEY080", "f3 0161 " HUGE_LENGTH " 01 02"},
    {"VALKEY080", "16 016b " HUGE_LENGTH " 0161 0162"},
    {"REDIS0009", "40 016b 0173 00000000000000000000000000000000 " HUGE_LENGTH " 0161"},
};

Test(memory, lengths_that_lie)
{
    limit_memory();
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct build b = {0};
        rf_error error;
        put_bytes(&b, slice_of(lies[i].magic, 9));
        put_hex(&b, lies[i].hex);
        rf_slice file = built(&b);
        for (int turn = 0; turn < 3; turn++) {
            struct buffer text = {0};
            static const struct encoder_options restoring = {.target = {RF_REDIS, 8, 10},
                                                             .prefer_restore = true};
            rf_code code = turn == 0   ? run_read(file, 4096, NULL, &error)
                           : turn == 1 ? run_read(file, 4096, &text, &error)
                                       : run_encode(file, 4096, &restoring, NULL, &error);
            cr_expect(code == RF_E_TRUNCATED || code == RF_E_CORRUPT, "%s: %s", lies[i].hex, error.message);
            buffer_free(&text);
        }
        build_free(&b);
    }
}

/* A length for which address space is reserved once more than a block has arrived. */
Test(memory, a_length_that_lies_touches_nothing)
{
    struct rusage before, after;
    struct build b = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0009"));
    put_hex(&b, "00 016b 80 20000000");
    static const uint8_t some[20000];
    put_bytes(&b, slice_of(some, sizeof some));
    struct buffer text = {0};
    getrusage(RUSAGE_SELF, &before);
    cr_expect_eq(run_read(built(&b), 4096, &text, &error), RF_E_TRUNCATED, "%s", error.message);
    getrusage(RUSAGE_SELF, &after);
    if (LIMITED)
        cr_expect_leq(after.ru_maxrss - before.ru_maxrss, 20 << 10);
    buffer_free(&text);
    build_free(&b);
}

Test(memory, commands_that_lie)
{
    static const char *const commands[] = {
        "*1152921504606846976\r\n$1\r\na\r\n",
        "*3\r\n$1152921504606846976\r\na\r\n",
        "*1\r\n$4294967296\r\na\r\n",
        "*1\r\n$18446744073709551613\r\na\r\n",
    };
    limit_memory();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        rf_error error;
        cr_expect_eq(run_read(slice_of(commands[i], strlen(commands[i])), 4096, NULL, &error), RF_E_TRUNCATED,
                     "%s: %s", commands[i], error.message);
    }
}

/* --- length ------------------------------------------------------------------------------------------ */

enum { LARGE = LIMITED ? 16 << 20 : 1 << 20, KEPT_MAX = 8 << 20 };

/* `head`, how many there are if it is counted, `element` as often as LARGE bytes need, `tail`. */
struct long_input {
    const char *name, *head, *element;
    bool counted;
    const char *tail;
};

/* In an element: a string of 1000 bytes. */
#define KILOBYTE 'K'

static void put_text(struct buffer *out, const char *hex)
{
    rf_slice bytes = exact_hex(hex);
    cr_assert(buffer_append(out, bytes));
    exact_free(bytes);
}

static void put_element(struct buffer *out, const char *element)
{
    static uint8_t kilobyte[1002] = {0x43, 0xe8};
    if (*element == KILOBYTE) {
        cr_assert(buffer_append(out, slice_of(kilobyte, sizeof kilobyte)));
        element++;
    }
    put_text(out, element);
}

static void make_long(struct buffer *out, const struct long_input *input)
{
    struct buffer element = {0};
    uint8_t count[5] = {0x80};
    put_element(&element, input->element);
    uint32_t n = (uint32_t)(LARGE / element.len);
    store_be32(count + 1, n);
    cr_assert(buffer_reserve(out, LARGE + 1024));
    put_text(out, input->head);
    if (input->counted)
        cr_assert(buffer_append(out, slice_of(count, sizeof count)));
    for (uint32_t i = 0; i < n; i++)
        cr_assert(buffer_append(out, buffer_slice(&element)));
    put_text(out, input->tail);
    buffer_free(&element);
}

#define MAGIC  "5245444953303031 35" /* REDIS0015 */
#define VALKEY "56414c4b4559303830"  /* VALKEY080 */
#define END    "ff 0000000000000000"
#define NODE                                                                          \
    "10 00000000000003e80000000000000001 1d 1d000000 0a00 0001 0101 0101 816602 0001" \
    "0301 0001 0001 817602 0401 ff"

static const struct long_input inputs[] = {
    {"list", MAGIC "01 016b", "K", true, END},
    {"set", MAGIC "02 016b", "0161", true, END},
    {"zset", MAGIC "05 016b", "K 0000000000000000", true, END},
    {"hash", MAGIC "04 016b", "0166 K", true, END},
    {"hash with expiring fields", MAGIC "18 016b 0000000000000000", "00 0166 0176", true, END},
    {"quicklist", MAGIC "12 016b", "02 0d 0d000000 0200 816102 816202 ff", true, END},
    {"old quicklist", MAGIC "0e 016b", "0f 0f000000 0c000000 0200 00f3 02f6 ff", true, END},
    {"module", MAGIC "07 016b 01", "05 03616263", false, "00" END},
    {"stream nodes", MAGIC "0f 016b", NODE, true, "00 43e8 01 00" END},
    {"stream groups", MAGIC "0f 016b 00 00 43e8 01", "0167 0000 00 00", true, END},
    {"stream consumers", MAGIC "0f 016b 00 00 43e8 01 01 0167 0000 00", "0163 0000000000000000 00", true,
     END},
    {"producers", MAGIC "1a 016b 00 00 0000 0000 0000 00 00 05 05", "0170 00", true, "00 00" END},
    {"selections", MAGIC, "fe00", false, END},
    {"prefixes", MAGIC, "fc 0100000000000000 f905", false, END},
    {"aux fields", MAGIC, "fa 0161 0162", false, END},
    {"keys", MAGIC, "00 016b 0176", false, END},
    {"slot import", VALKEY "f3 0161", "00 05", true, END},
    {"cron job", MAGIC "40 016b 0173 00000000000000000000000000000000", "0161", true, "00" END},
    {"Redis Enterprise's", MAGIC, "6b 05", false, END},
    {"annotations", "23 54533a 310a", "23 616263 0a", false, ""},
    {"commands", "", "2a310d0a 24340d0a 50494e47 0d0a", false, ""},
};

/* Servers write them in no order; this one is the worst for a sorted table. */
Test(memory, many_hash_templates)
{
    enum { TEMPLATES = LIMITED ? 200000 : 20000 };
    struct build b = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0015"));
    for (uint64_t id = TEMPLATES; id > 0; id--) {
        put_u8(&b, 0xf2);
        put_len(&b, id * 1024);
        put_hex(&b, "01 0161");
    }
    for (uint64_t id = TEMPLATES; id > 0; id--) {
        put_key(&b, 32, "k");
        put_len(&b, id * 1024);
        put_hex(&b, "0178");
    }
    put_end(&b);
    struct buffer text = {0};
    cr_expect_eq(run_read(built(&b), 0, &text, &error), RF_OK, "%s", error.message);
    buffer_free(&text);
    build_free(&b);
}

static rf_code use_nothing(void *ctx, rf_entry *entry, rf_error *error)
{
    (void)ctx, (void)entry, (void)error;
    return RF_OK;
}

static rf_code use_check(void *ctx, rf_entry *entry, rf_error *error)
{
    (void)ctx;
    return entry->kind == RF_ENTRY_KEY ? rf_value_walk(entry->value, &(rf_visitor){0}, NULL, error) : RF_OK;
}

static rf_code pass(void *ctx, rf_slice bytes)
{
    *(size_t *)ctx += bytes.len;
    return RF_OK;
}

static rf_code use_copy(void *ctx, rf_entry *entry, rf_error *error)
{
    return entry->kind == RF_ENTRY_KEY ? rf_value_copy(entry->value, pass, ctx, error) : RF_OK;
}

static void read_long(const struct buffer *bytes, const struct long_input *input,
                      rf_code (*use)(void *, rf_entry *, rf_error *))
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry = {0};
    rf_error error;
    size_t copied = 0;
    cr_assert_eq(rf_source_open_memory(bytes->data, bytes->len, "long", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK, "%s",
                 error.message);
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        if ((code = use(&copied, &entry, &error)) != RF_OK)
            break;
    cr_expect_eq(code, RF_END, "%s: %s", input->name, error.message);
    rf_reader_close(reader);
}

/* The most memory that this process has had. */
static size_t peak_memory(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_maxrss * 1024;
}

static void read_in_bounded_memory(rf_code (*use)(void *, rf_entry *, rf_error *))
{
    struct buffer bytes = {0};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        bytes.len = 0;
        make_long(&bytes, &inputs[i]);
        size_t before = peak_memory();
        read_long(&bytes, &inputs[i], use);
        size_t kept = peak_memory() - before;
        if (LIMITED)
            cr_expect_lt(kept, KEPT_MAX, "%s: %zu bytes", inputs[i].name, kept);
    }
    buffer_free(&bytes);
}

Test(memory, skipping_keeps_nothing)
{
    read_in_bounded_memory(use_nothing);
}

Test(memory, walking_keeps_no_more_than_an_element)
{
    read_in_bounded_memory(use_check);
}

Test(memory, copying_keeps_nothing)
{
    read_in_bounded_memory(use_copy);
}

/* From here on this process may have so much more memory of its own; files that it maps do not count. */
static void limit_own_memory(size_t room)
{
    struct rlimit limit;
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%*u %*u %*u %*u %*u %lu", &pages), 1);
    fclose(file);
    cr_assert_eq(getrlimit(RLIMIT_DATA, &limit), 0);
    limit.rlim_cur = pages * 4096 + room;
    cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
}

/* Written for a server that knows another type only; in less memory than the value takes. */
static void write_for_older(rf_slice file, size_t room)
{
    struct scratch scratch;
    rf_source *source;
    rf_reader *reader;
    rf_sink *sink;
    rf_entry entry = {0};
    rf_error error;
    rf_code code;
    rf_sink_options options = {.target = {RF_REDIS, 3, 2}, .saved_at = -1};
    scratch_make(&scratch);
    if (LIMITED)
        limit_own_memory(room);
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "long", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, &options, &sink, &error), RF_OK);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        cr_assert_eq(rf_sink_put(sink, &entry, &error), RF_OK, "%s", error.message);
    cr_expect_eq(code, RF_END, "%s", error.message);
    cr_expect_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    rf_reader_close(reader);
    scratch_remove(&scratch);
}

Test(memory, a_value_written_anew_is_kept_on_disk)
{
    enum { MEMBERS = 4000000, ROOM = 80 << 20 };
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0009"));
    put_key(&b, 5, "k");
    put_len(&b, MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        char member[32];
        snprintf(member, sizeof member, "a member, the number %u", i);
        put_str(&b, member);
        put_double(&b, i);
    }
    put_end(&b);
    cr_assert_gt(b.bytes.len, (size_t)ROOM);
    write_for_older(built(&b), ROOM);
    build_free(&b);
}
