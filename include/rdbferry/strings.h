/* SPDX-License-Identifier: MIT */
/* Strings: consecutive keys of a snapshot whose values are short strings, as they stand in the input. These
 * are the most frequent keys; read and written together, they take a small part of the time that an entry for
 * each would take. Everything that is unusual about a key is left to entries: a reader returns it as one.
 *
 *     rf_reader_next_strings(reader, strings, STRINGS_MOST, &run);
 *     if (run.count > 0)
 *         code = rf_sink_put_strings(sink, &run, error);
 *     else if ((code = rf_reader_next(reader, &entry, error)) == RF_OK)
 *         code = rf_sink_put(sink, &entry, error); */
#ifndef RDBFERRY_STRINGS_H
#define RDBFERRY_STRINGS_H

#include <rdbferry/batch.h>
#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <rdbferry/reader.h>
#include <rdbferry/sink.h>

/* A key. Its name and its expiry may be changed; `record` must be set to NULL then, and with another name
 * `slot` to -1 and `tag_length` to 0. */
typedef struct rf_string {
    uint64_t offset;       /* of its record in the decoded stream: the expiry, if there is one, the type, the
                              name and the value */
    size_t size;           /* of the record */
    const uint8_t *record; /* as it stands in the input */
    rf_slice key;
    rf_slice stored;     /* the value as the record has it: plain, or an integer */
    int64_t expire_ms;   /* as in an entry */
    int slot;            /* the same */
    uint16_t tag_at;     /* the position of the hash tag in the name, if it is known: */
    uint16_t tag_length; /* 0: it is not known; there may be one */
} rf_string;

typedef struct rf_strings {
    int64_t db;
    const rf_encoding *encoding; /* of all of them */
    rf_value *value;             /* the reader's, for the sink */
    rf_string *keys;             /* in the order of the input, and what is stored in one piece of memory with
                                    what is between */
    size_t count;                /* may be 0 */
} rf_strings;

/* Reads keys into `keys`, up to `most` of them. None: what is next is something else, or unusual. They are
 * valid until the reader is used again. Not while an entry's value is still needed, which has been
 * consumed. */
RF_API void rf_reader_next_strings(rf_reader *reader, rf_string *keys, size_t most, rf_strings *strings);

/* The same for what a batch has left. */
RF_API void rf_batch_next_strings(rf_batch *batch, rf_string *keys, size_t most, rf_strings *strings);

/* Whether the sink, or the part of one, can write such keys together. */
RF_API bool rf_sink_takes_strings(const rf_sink *sink);

/* Writes them, with the same result as rf_sink_put() of an entry for each. They must have no other database
 * than the sink accepts. After an error the sink can only be closed. */
RF_API rf_code rf_sink_put_strings(rf_sink *sink, const rf_strings *strings, rf_error *error);

typedef struct rf_strings_digest {
    rf_digest sum;  /* RF_DIGEST_PUBLISHED of the keys */
    size_t longest; /* the number of the first key whose value has the most bytes, */
    uint64_t bytes; /* and how many these are */
} rf_strings_digest;

/* The same digests as those of rf_digest_key() of an entry for each. */
RF_API rf_strings_digest rf_digest_strings(const rf_strings *strings);

#endif
