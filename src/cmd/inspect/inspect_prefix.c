/* SPDX-License-Identifier: MIT */
/* Detects the delimiters in key names, and counts the prefixes.
 *
 * A character is a good delimiter if the text before it occurs repeatedly. For each candidate, the keys
 * that contain it are counted, minus the number of distinct beginnings; the best candidate wins, of equal
 * ones the more usual one. Among the keys that do not contain it, another one is searched for. Keys without
 * any are collected until there are enough of them to search again, so that keys at the end of a file have
 * delimiters of their own, too. */
#include "cmd/inspect/inspect_prefix.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum {
    SAMPLE_KEYS = 10000,
    SAMPLE_BYTES = 512 * 1024,
    SAMPLE_KEY_BYTES = 256, /* bytes of each key; delimiters occur early */
    BEGINNINGS = 1 << 15,   /* places of beginnings seen, by hash */
    REPEATED = 10,          /* beginnings that make a delimiter; fewer in a small sample */
};

static const char candidates[] = ":/|.-_";

struct sampled {
    uint32_t at;
    uint16_t length;
    bool is_delimited; /* by a character that has been chosen */
    uint64_t weight, key;
};

struct prefix_sample {
    struct sampled keys[SAMPLE_KEYS];
    size_t count, used;
    uint8_t bytes[SAMPLE_BYTES];
    uint32_t seen[BEGINNINGS]; /* hashes; 0: none */
    struct sketch_sum
        passed[sizeof candidates]; /* earlier keys with this candidate, which are in no prefix */
};

/* --- counting ----------------------------------------------------------------------------------------- */

/* The position of the first of `delimiters` from `from` on; key.len: there is none. */
static size_t find_delimiter(const char *delimiters, rf_slice key, size_t from)
{
    if (from >= key.len)
        return key.len;
    if (delimiters[0] && !delimiters[1]) {
        const uint8_t *found = memchr(key.ptr + from, delimiters[0], key.len - from);
        return found ? (size_t)(found - key.ptr) : key.len;
    }
    while (from < key.len && !(key.ptr[from] && strchr(delimiters, key.ptr[from])))
        from++;
    return from;
}

/* The end of the first part of a key, which is not empty. */
static size_t find_first(const char *delimiters, rf_slice key)
{
    size_t from = 0;
    while (from < key.len && key.ptr[from] && strchr(delimiters, key.ptr[from]))
        from++;
    return find_delimiter(delimiters, key, from);
}

/* `at`: the first delimiter. */
static bool count_levels(struct prefixes *prefixes, const char *delimiters, size_t at, rf_slice name,
                         uint64_t weight, uint64_t key)
{
    for (unsigned level = 0; at < name.len && level < prefixes->depth; level++) {
        struct sketch_name *prefix = sketch_add(&prefixes->sketch, (rf_slice){name.ptr, at + 1}, weight);
        if (!prefix)
            return false;
        if (prefixes->figures->size > 0)
            prefixes->figures->add(prefix->figures, key);
        at = find_delimiter(delimiters, name, at + 1);
    }
    return true;
}

/* Writes the delimiters of this key, and returns the position of the first one; name.len: it has none. */
static size_t delimiters_of(const struct prefixes *prefixes, rf_slice name, char out[PREFIX_DELIMITERS + 1])
{
    size_t count = strlen(prefixes->delimiters), step = prefixes->user_given ? count : 1;
    for (size_t i = 0; i < count; i += step) {
        memcpy(out, prefixes->delimiters + i, step);
        out[step] = '\0';
        size_t at = find_first(out, name);
        if (at < name.len)
            return at;
    }
    return name.len;
}

static void count_rest(struct prefixes *prefixes, rf_slice name, uint64_t weight, uint64_t key)
{
    prefixes->rest.count++;
    prefixes->rest.weight += weight;
    if (prefixes->figures->size > 0)
        prefixes->figures->add(prefixes->rest_figures, key);
    for (size_t i = 0; prefixes->sample && i < sizeof candidates - 1; i++) {
        const char candidate[] = {candidates[i], '\0'};
        bool has_it = find_first(candidate, name) < name.len;
        prefixes->sample->passed[i].count += has_it;
        prefixes->sample->passed[i].weight += has_it ? weight : 0;
    }
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
    uint64_t hash = XXH3_64bits(beginning.ptr, beginning.len);
    size_t place = hash % BEGINNINGS;
    uint32_t kept = (uint32_t)(hash >> 32) | 1;
    while (sample->seen[place] && sample->seen[place] != kept)
        place = (place + 1) % BEGINNINGS;
    bool is_new = !sample->seen[place];
    sample->seen[place] = kept;
    return is_new;
}

/* Counts the keys that have no delimiter yet and contain this character after a beginning that an earlier key
 * has as well. */
static size_t score_of(struct prefix_sample *sample, char candidate)
{
    const char delimiters[] = {candidate, '\0'};
    size_t score = 0;
    memset(sample->seen, 0, sizeof sample->seen);
    for (size_t i = 0; i < sample->count; i++) {
        rf_slice bytes = sampled_bytes(sample, &sample->keys[i]);
        size_t end = sample->keys[i].is_delimited ? bytes.len : find_first(delimiters, bytes);
        if (end < bytes.len)
            score += !see(sample, (rf_slice){bytes.ptr, end});
    }
    return score;
}

/* SIZE_MAX: none is good enough. */
static size_t best_candidate(struct prefix_sample *sample)
{
    size_t best = sample->count / 100, chosen = SIZE_MAX;
    best = best < 1 ? 1 : best < REPEATED ? best : REPEATED;
    for (size_t i = 0; i < sizeof candidates - 1; i++) {
        size_t score = score_of(sample, candidates[i]);
        if (score > best + best / 20) {
            best = score;
            chosen = i;
        }
    }
    return chosen;
}

static void choose(struct prefixes *prefixes, size_t candidate)
{
    struct prefix_sample *sample = prefixes->sample;
    const char delimiters[] = {candidates[candidate], '\0'};
    prefixes->delimiters[strlen(prefixes->delimiters)] = candidates[candidate];
    sketch_miss(&prefixes->sketch, sample->passed[candidate]);
    for (size_t i = 0; i < sample->count; i++) {
        rf_slice bytes = sampled_bytes(sample, &sample->keys[i]);
        sample->keys[i].is_delimited |= find_first(delimiters, bytes) < bytes.len;
    }
}

/* Counts a key that has a delimiter. *found: it has. */
static bool count_delimited(struct prefixes *prefixes, rf_slice name, uint64_t weight, uint64_t key,
                            bool *found)
{
    char delimiters[PREFIX_DELIMITERS + 1];
    size_t at = delimiters_of(prefixes, name, delimiters);
    *found = at < name.len;
    return !*found || count_levels(prefixes, delimiters, at, name, weight, key);
}

/* Counts the keys of the sample, and empties it. */
static bool choose_delimiters(struct prefixes *prefixes)
{
    struct prefix_sample *sample = prefixes->sample;
    size_t candidate;
    bool good = true;
    while ((candidate = best_candidate(sample)) != SIZE_MAX)
        choose(prefixes, candidate);
    for (size_t i = 0; i < sample->count && good; i++) {
        const struct sampled *key = &sample->keys[i];
        bool found;
        good = count_delimited(prefixes, sampled_bytes(sample, key), key->weight, key->key, &found);
        if (!found)
            count_rest(prefixes, sampled_bytes(sample, key), key->weight, key->key);
    }
    sample->count = sample->used = 0;
    return good;
}

static bool add_to_sample(struct prefixes *prefixes, rf_slice name, uint64_t weight, uint64_t key)
{
    struct prefix_sample *sample = prefixes->sample;
    size_t length = name.len < SAMPLE_KEY_BYTES ? name.len : SAMPLE_KEY_BYTES;
    if (length > 0)
        memcpy(sample->bytes + sample->used, name.ptr, length);
    sample->keys[sample->count++] = (struct sampled){
        .at = (uint32_t)sample->used, .length = (uint16_t)length, .weight = weight, .key = key};
    sample->used += length;
    if (sample->count < SAMPLE_KEYS && sample->used + SAMPLE_KEY_BYTES <= SAMPLE_BYTES)
        return true;
    return choose_delimiters(prefixes);
}

bool prefixes_add(struct prefixes *prefixes, rf_slice name, uint64_t weight, uint64_t key)
{
    bool found;
    if (!count_delimited(prefixes, name, weight, key, &found))
        return false;
    if (found)
        return true;
    if (prefixes->sample)
        return add_to_sample(prefixes, name, weight, key);
    count_rest(prefixes, name, weight, key);
    return true;
}

/* --- setup and end ------------------------------------------------------------------------------------ */

bool prefixes_open(struct prefixes *prefixes, const char *delimiters, unsigned depth,
                   const struct prefix_figures *figures)
{
    static const struct prefix_figures none;
    figures = figures ? figures : &none;
    *prefixes = (struct prefixes){.figures = figures, .depth = depth, .user_given = delimiters};
    prefixes->sketch.figures_size = figures->size;
    if (delimiters)
        strncpy(prefixes->delimiters, delimiters, PREFIX_DELIMITERS);
    else
        prefixes->sample = calloc(1, sizeof *prefixes->sample);
    prefixes->rest_figures = calloc(1, figures->size + 1);
    return prefixes->rest_figures && (delimiters || prefixes->sample);
}

bool prefixes_end(struct prefixes *prefixes)
{
    return !prefixes->sample || choose_delimiters(prefixes);
}

void prefixes_close(struct prefixes *prefixes)
{
    free(prefixes->sample);
    free(prefixes->rest_figures);
    sketch_free(&prefixes->sketch);
}
