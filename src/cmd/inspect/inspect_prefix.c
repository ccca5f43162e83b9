/* SPDX-License-Identifier: MIT */
/* Detects the delimiters in key names, and counts the prefixes.
 *
 * A character is a good delimiter if the text before it occurs repeatedly. For each candidate, the keys
 * that contain it are counted, minus the number of distinct beginnings; the best candidate wins, of equal
 * ones the more usual one. If many keys do not contain it, another one is searched for among them. */
#include "cmd/inspect/inspect_prefix.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum {
    SAMPLE_KEYS = 10000,
    SAMPLE_BYTES = 512 * 1024,
    SAMPLE_KEY_BYTES = 256, /* bytes of each key; delimiters occur early */
    BEGINNINGS = 65536,     /* bits: beginnings seen, by hash */
};

static const char candidates[] = ":/|.-_";

struct sampled {
    uint32_t at;
    uint16_t length;
    bool is_delimited; /* by a character that has been chosen */
    uint64_t memory;
};

struct prefix_sample {
    struct sampled keys[SAMPLE_KEYS];
    size_t count, used;
    uint8_t bytes[SAMPLE_BYTES];
    uint8_t seen[BEGINNINGS / 8];
};

/* --- counting ----------------------------------------------------------------------------------------- */

bool prefixes_count(struct prefixes *prefixes, rf_slice key, uint64_t memory)
{
    unsigned level = 0;
    for (size_t i = 0; i < key.len && level < prefixes->depth; i++) {
        if (!prefixes->delimits[key.ptr[i]])
            continue;
        level++;
        if (!sketch_add(&prefixes->sketch, (rf_slice){key.ptr, i + 1}, memory))
            return false;
    }
    return true;
}

/* --- choosing ----------------------------------------------------------------------------------------- */

static rf_slice sampled_bytes(const struct prefix_sample *sample, const struct sampled *key)
{
    return (rf_slice){sample->bytes + key->at, key->length};
}

/* True for a beginning that has not been seen before. The hash has no seed: the same keys always have the
 * same delimiters. */
static bool see(struct prefix_sample *sample, rf_slice beginning)
{
    unsigned bit = XXH3_64bits(beginning.ptr, beginning.len) % BEGINNINGS;
    bool is_new = !(sample->seen[bit / 8] & 1u << bit % 8);
    sample->seen[bit / 8] |= (uint8_t)(1u << bit % 8);
    return is_new;
}

/* Counts the keys that have no delimiter yet and contain this character after a beginning that an earlier key
 * has as well. */
static size_t score_of(struct prefix_sample *sample, char candidate)
{
    size_t score = 0;
    memset(sample->seen, 0, sizeof sample->seen);
    for (size_t i = 0; i < sample->count; i++) {
        rf_slice bytes = sampled_bytes(sample, &sample->keys[i]);
        const uint8_t *found = bytes.len > 0 ? memchr(bytes.ptr, candidate, bytes.len) : NULL;
        if (found && !sample->keys[i].is_delimited)
            score += !see(sample, (rf_slice){bytes.ptr, (size_t)(found - bytes.ptr)});
    }
    return score;
}

/* 0: none is good enough. */
static char best_candidate(struct prefix_sample *sample)
{
    size_t best = sample->count / 10; /* fewer are ignored */
    char chosen = 0;
    for (const char *candidate = candidates; *candidate; candidate++) {
        size_t score = score_of(sample, *candidate);
        if (score > best + best / 20) {
            best = score;
            chosen = *candidate;
        }
    }
    return chosen;
}

static void choose(struct prefixes *prefixes, char delimiter)
{
    struct prefix_sample *sample = prefixes->sample;
    prefixes->delimiters[strlen(prefixes->delimiters)] = delimiter;
    prefixes->delimits[(unsigned char)delimiter] = true;
    for (size_t i = 0; sample && i < sample->count; i++) {
        rf_slice bytes = sampled_bytes(sample, &sample->keys[i]);
        sample->keys[i].is_delimited |= bytes.len > 0 && memchr(bytes.ptr, delimiter, bytes.len);
    }
}

static bool choose_delimiters(struct prefixes *prefixes)
{
    struct prefix_sample *sample = prefixes->sample;
    bool good = true;
    prefixes->chosen = true;
    char delimiter;
    while ((delimiter = best_candidate(sample)))
        choose(prefixes, delimiter);
    for (size_t i = 0; i < sample->count && good; i++)
        good = prefixes_count(prefixes, sampled_bytes(sample, &sample->keys[i]), sample->keys[i].memory);
    free(sample);
    prefixes->sample = NULL;
    return good;
}

bool prefixes_add_first(struct prefixes *prefixes, rf_slice key, uint64_t memory)
{
    struct prefix_sample *sample = prefixes->sample;
    size_t length = key.len < SAMPLE_KEY_BYTES ? key.len : SAMPLE_KEY_BYTES;
    if (sample->count == SAMPLE_KEYS || sample->used + length > SAMPLE_BYTES)
        return choose_delimiters(prefixes) && prefixes_count(prefixes, key, memory);
    if (length > 0)
        memcpy(sample->bytes + sample->used, key.ptr, length);
    sample->keys[sample->count++] = (struct sampled){
        .at = (uint32_t)sample->used, .length = (uint16_t)length, .memory = memory};
    sample->used += length;
    return true;
}

/* --- setup and end ------------------------------------------------------------------------------------ */

bool prefixes_open(struct prefixes *prefixes, const char *delimiters, unsigned depth)
{
    *prefixes = (struct prefixes){.depth = depth, .user_given = delimiters, .chosen = delimiters};
    for (; delimiters && *delimiters; delimiters++)
        choose(prefixes, *delimiters);
    if (prefixes->chosen)
        return true;
    prefixes->sample = malloc(sizeof *prefixes->sample);
    if (!prefixes->sample)
        return false;
    prefixes->sample->count = prefixes->sample->used = 0;
    return true;
}

bool prefixes_end(struct prefixes *prefixes)
{
    return prefixes->chosen || choose_delimiters(prefixes);
}

void prefixes_close(struct prefixes *prefixes)
{
    free(prefixes->sample);
    sketch_free(&prefixes->sketch);
}
