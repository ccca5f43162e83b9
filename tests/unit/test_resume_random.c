/* SPDX-License-Identifier: MIT */
/* Going on behind whatever damage there is: without a crash, to an end, and alike for blocks of any size. */
#include "support/exact.h"
#include "support/record.h"
#include "support/samples.h"
#include <criterion/criterion.h>
#include <rdbferry/digest.h>
#include <rdbferry/reader.h>
#include <time.h>

/* The next entry. What can be read behind damage among commands counts as a fault of its own. */
static rf_code next_entry(rf_reader *reader, rf_entry *entry, struct buffer *text, rf_error *error)
{
    rf_code code;
    for (;;) {
        code = rf_reader_next(reader, entry, error);
        const rf_log_damage *damage = &rf_reader_info_get(reader)->damage;
        if (code == RF_OK || code == RF_END || damage->kind == RF_LOG_INTACT || damage->at_end)
            return code;
        record_text(text, "%d %llu to %llu\n", damage->kind, (unsigned long long)damage->offset,
                    (unsigned long long)damage->end);
    }
}

/* All that a reader says of it, one line for each key and fault. An input cannot have more entries than
 * bytes, so that a reader that has lost its way does not keep us. */
static void tell_everything(rf_slice input, size_t block_size, rf_digester *digester, struct buffer *text)
{
    rf_source *source;
    rf_reader *reader = NULL;
    rf_entry entry;
    rf_error error = {0};
    rf_key_digest digest;
    size_t steps = 0;
    text->len = 0;
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "file", &source, &error), RF_OK);
    rf_code code = rf_reader_open(source, &(rf_reader_options){.block_size = block_size, .resume = true},
                                  &reader, &error);
    while (code == RF_OK && (code = next_entry(reader, &entry, text, &error)) == RF_OK) {
        cr_assert_leq(++steps, input.len, "it does not come to an end");
        if (entry.kind != RF_ENTRY_KEY)
            continue;
        rf_code fault = rf_digest_key(digester, &entry, &digest, &error);
        record_text(text, "%llu %d ", (unsigned long long)entry.offset, fault);
        if (fault == RF_OK)
            record_text(text, "%016llx\n", (unsigned long long)digest.key.low);
        else
            record_text(text, "%lld %s\n", (long long)error.offset, error.message);
    }
    cr_expect(code == RF_END || (code >= RF_E_TRUNCATED && code <= RF_E_DUPLICATE), "%s", error.message);
    record_text(text, "end %d", code);
    if (code != RF_END) {
        record_text(text, " %lld %s\n", (long long)error.offset, error.message);
        cr_expect(error.offset >= -1 && error.offset <= (int64_t)input.len, "offset %lld",
                  (long long)error.offset);
        if (reader)
            cr_expect_eq(rf_reader_next(reader, &entry, &error), code);
    }
    record_end(text);
    rf_reader_close(reader);
}

static void damage(struct buffer *bytes, uint64_t *random)
{
    static const uint8_t wicked[] = {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xfe, 0xff};
    for (uint64_t n = 1 + next_random(random) % 3; n > 0; n--)
        bytes->data[9 + next_random(random) % (bytes->len - 9)] =
            next_random(random) % 2 ? wicked[next_random(random) % sizeof wicked]
                                    : (uint8_t)next_random(random);
}

Test(resume, whatever_is_damaged)
{
    enum { ROUNDS = 400 };
    const char *chosen = getenv("RESUME_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL);
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, true);
    struct buffer text = {0}, same = {0};
    fprintf(stderr, "RESUME_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct build b = {0};
        uint64_t random = (seed + i) * 2 + 1;
        put_sample(&b, &samples[i]);
        for (int round = 0; round < ROUNDS; round++) {
            struct buffer bytes = {0};
            cr_assert(buffer_append(&bytes, built(&b)));
            damage(&bytes, &random);
            rf_slice exact = exact_copy(bytes.data, bytes.len);
            tell_everything(exact, 4096, digester, &text);
            tell_everything(exact, 1 + next_random(&random) % 70, digester, &same);
            cr_expect_str_eq((const char *)text.data, (const char *)same.data, "%s, round %d",
                             samples[i].name, round);
            exact_free(exact);
            buffer_free(&bytes);
        }
        build_free(&b);
    }
    buffer_free(&text);
    buffer_free(&same);
    rf_digester_free(digester);
}
