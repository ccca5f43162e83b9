/* SPDX-License-Identifier: MIT */
/* Hashes whose fields expire, as commands. */
#include "base/bytes.h"
#include "base/clock.h"
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_expiry, .timeout = 120);

static void put_expiring_hash(struct build *b, int64_t first_ms, int64_t second_ms)
{
    put_key(b, 22, "h"); /* Valkey: field, value, expiry */
    put_len(b, 2);
    for (int i = 0; i < 2; i++) {
        put_str(b, i ? "g" : "f");
        put_str(b, "v");
        put_le64(b, (uint64_t)(i ? second_ms : first_ms));
    }
}

/* When the last one has gone, so has the key: before it is sent, or while it is on its way. */
Test(replay_expiry, hashes_of_which_all_fields_have_expired)
{
    static const struct fake_rule gone[] = {{.on = "RENAMENX h:", .answer = "-ERR no such key\r\n"},
                                            {.on = NULL}};
    int64_t past = 1000, soon = clock_unix_us() / 1000 + 500;
    const struct {
        int64_t first, second;
        const struct fake_rule *rules;
        bool expired;
    } cases[] = {
        {past, past, NULL, true},
        {past, -1, NULL, false},
        {past, soon, gone, true},
        {soon, soon, gone, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int streamed = 0; streamed < 2; streamed++) {
            struct replaying p = {
                .magic = "VALKEY080",
                .options = {.mode = RF_REPLAY_COMMANDS, .big_key = streamed},
                .fake = {.version = "redis_version:7.2.4\r\nvalkey_version:9.1.0", .rules = cases[i].rules}};
            put_expiring_hash(&p.input, cases[i].first, cases[i].second);
            replaying_run(&p);
            cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
            cr_expect_eq(p.counts.expired, cases[i].expired, "%zu: %s", i, p.failures.data);
            cr_expect_eq(p.counts.written, !cases[i].expired, "%zu", i);
            cr_expect_eq(p.failures.len, 0, "%s", p.failures.data);
            if (cases[i].expired && !cases[i].rules)
                cr_expect_eq(fake_count(&p.fake, "HSETEX"), 0);
            replaying_free(&p);
        }
}
