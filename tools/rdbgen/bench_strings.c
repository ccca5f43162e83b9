/* SPDX-License-Identifier: MIT */
/* `strings`: five million small strings, 300 MB. A cache of sessions looks like this. */
#include "bench_text.h"

void generate_strings(const struct options *options)
{
    enum { STRING = 0 };
    struct bench bench;
    size_t keys = bench_scaled(5000000, options->scale);
    bench_open(&bench, options, keys, bench_keys_with_expiry(keys));
    for (size_t i = 0; i < keys; i++) {
        bench_key(&bench, STRING, "session", i);
        out_plain_string(&bench.out, bench_letters(&bench, rng_between(&bench.rng, 20, 60)));
    }
    bench_close(&bench);
}
