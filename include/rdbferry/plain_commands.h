/* SPDX-License-Identifier: MIT */
/* Plain commands: consecutive commands of an AOF that have one key, the first argument, and whose other
 * arguments need not be looked at. These are the most frequent commands; read and written together, they take
 * a small part of the time that an entry for each would take. Everything that is unusual about a command is
 * left to entries: none of these is in a transaction, large, of an unknown name, or may have a relative
 * expiry, and all are written as servers write them.
 *
 *     rf_reader_peek_commands(reader, commands, COMMANDS_MOST, &run);
 *     if (run.count > 0) {
 *         rf_reader_skip_commands(reader, &commands[run.count - 1]);
 *         code = rf_sink_put_commands(sink, &run, error);
 *     } else if ((code = rf_reader_next(reader, &entry, error)) == RF_OK) {
 *         code = rf_sink_put(sink, &entry, error);
 *     } */
#ifndef RDBFERRY_PLAIN_COMMANDS_H
#define RDBFERRY_PLAIN_COMMANDS_H

#include <rdbferry/batch.h>
#include <rdbferry/entry.h>
#include <rdbferry/reader.h>
#include <rdbferry/sink.h>

/* A command as it stands in the input, as RESP. Its key may be changed. */
typedef struct rf_plain_command {
    rf_slice head; /* up to the header of the key: the number of arguments and the name */
    rf_slice key;
    rf_slice rest; /* the arguments after the key, whose CR LF precedes it; may be empty, not NULL */
    int slot;      /* of the key in a cluster; -1: not computed yet */
} rf_plain_command;

typedef struct rf_plain_commands {
    int64_t db;
    uint64_t offset;            /* of the first one that was read, in the decoded stream */
    rf_plain_command *commands; /* in the order of the input, in one piece of memory with what is between */
    size_t count;               /* may be 0 */
} rf_plain_commands;

/* Whether the key is still that of the input. */
static inline bool rf_plain_command_is_whole(const rf_plain_command *command)
{
    return command->key.ptr == command->rest.ptr - 2 - command->key.len;
}

/* Finds the commands that are next, up to `most` of them, and leaves them in the reader. None: what is next
 * is something else, or unusual. They are valid until the reader is used to read. The entry before need not
 * be valid any more. */
RF_API void rf_reader_peek_commands(rf_reader *reader, rf_plain_command *commands, size_t most,
                                    rf_plain_commands *run);

/* Consumes the commands that were found, up to `last`. */
RF_API void rf_reader_skip_commands(rf_reader *reader, const rf_plain_command *last);

/* The same for what a batch has left. */
RF_API void rf_batch_peek_commands(rf_batch *batch, rf_plain_command *commands, size_t most,
                                   rf_plain_commands *run);
RF_API void rf_batch_skip_commands(rf_batch *batch, const rf_plain_command *last);

/* Whether the sink, or the part of one, can write such commands together. */
RF_API bool rf_sink_takes_commands(const rf_sink *sink);

/* Writes them, at least one, with the same result as rf_sink_put() of an entry for each. They must have no
 * other database than the sink accepts. After an error the sink can only be closed. */
RF_API rf_code rf_sink_put_commands(rf_sink *sink, const rf_plain_commands *run, rf_error *error);

#endif
