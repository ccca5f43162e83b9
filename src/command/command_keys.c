/* SPDX-License-Identifier: MIT */
/* The table of keys, and the walk over the keys of a command. */
#include "command/command_keys.h"
#include "base/bytes.h"
#include "base/number.h"
#include <pthread.h>
#include <rdbferry/command.h>
#include <stdatomic.h>
#include <strings.h>

enum place {
    NONE,
    ONE_ARGUMENT = KEY_ONE_ARGUMENT,
    IN_RANGE,
    COUNTED_AT,
    AFTER_STORE,
    AFTER_BY_WORD,
    AFTER_GET_WORD,
    IN_STREAMS
};

const struct command_row command_rows[COMMAND_ROWS] = {
#define AT(role, n)                       \
    {                                     \
        ONE_ARGUMENT, KEY_##role, n, n, 1 \
    }
#define RANGE(role, first, last, step)          \
    {                                           \
        IN_RANGE, KEY_##role, first, last, step \
    }
#define COUNTED(role, n, step)             \
    {                                      \
        COUNTED_AT, KEY_##role, n, 0, step \
    }
#define STORED(role, n)                  \
    {                                    \
        AFTER_STORE, KEY_##role, n, 0, 1 \
    }
#define AFTER_BY(role, n)                  \
    {                                      \
        AFTER_BY_WORD, KEY_##role, n, 0, 1 \
    }
#define AFTER_GET(role, n)                  \
    {                                       \
        AFTER_GET_WORD, KEY_##role, n, 0, 1 \
    }
#define STREAMS(role, n)                \
    {                                   \
        IN_STREAMS, KEY_##role, n, 0, 1 \
    }
#define KEYS(name, arity, kind, ...) {name, arity, CLASS_##kind, {__VA_ARGS__}},
#include "command/command_keys.def"
};

/* --- names -------------------------------------------------------------------------------------------- */

enum { WORDS = 1024 /* at least twice as many as there are */ };

/* The first words of names. The rows of a word are neighbours. */
static struct first_word {
    uint64_t start;
    const struct command_row *rows; /* NULL: none is here */
    unsigned short length, count;
    bool has_second;
} words[WORDS];

static pthread_once_t words_once = PTHREAD_ONCE_INIT;
static _Atomic bool words_known;

static inline size_t place_of(uint64_t start, size_t length)
{
    return (start * UINT64_C(0x9e3779b97f4a7c15) + length) >> 54;
}

/* The place of a word, or the free one where it would be. */
static inline struct first_word *find_word(rf_slice word)
{
    uint64_t start = word_start(word);
    for (size_t i = place_of(start, word.len);; i = (i + 1) % WORDS) {
        struct first_word *at = &words[i];
        if (!at->rows || (at->start == start && at->length == word.len &&
                          (word.len <= sizeof start ||
                           strncasecmp((const char *)word.ptr, at->rows->name, word.len) == 0)))
            return at;
    }
}

static void index_rows(void)
{
    for (size_t i = 0; i < COMMAND_ROWS; i++) {
        const rf_slice word = slice_of(command_rows[i].name, strcspn(command_rows[i].name, " "));
        struct first_word *at = find_word(word);
        if (at->count++ > 0)
            continue;
        at->start = word_start(word);
        at->length = (unsigned short)word.len;
        at->rows = &command_rows[i];
        at->has_second = command_rows[i].name[word.len] != '\0';
    }
    atomic_store_explicit(&words_known, true, memory_order_release);
}

/* The row of a subcommand. */
static const struct command_row *find_second(const struct first_word *word, const rf_slice *argv, size_t argc)
{
    const struct command_row *row = word->rows, *end = row + word->count;
    while (row < end && (argc < 2 || !slice_is_word(argv[1], row->name + word->length + 1)))
        row++;
    return row < end ? row : NULL;
}

static __attribute__((noinline)) const struct command_row *find_any(const rf_slice *argv, size_t argc)
{
    pthread_once(&words_once, index_rows);
    const struct first_word *word = find_word(argv[0]);
    return word->has_second ? find_second(word, argv, argc) : word->rows;
}

/* Most names are short and where they are looked for first. */
const struct command_row *command_row_look_up(const rf_slice *argv, size_t argc)
{
    uint64_t start = word_start(argv[0]);
    const struct first_word *word = &words[place_of(start, argv[0].len)];
    return LIKELY(atomic_load_explicit(&words_known, memory_order_acquire) && word->start == start &&
                  word->length == argv[0].len && argv[0].len <= sizeof start && !word->has_second)
               ? word->rows
               : find_any(argv, argc);
}

struct command_row command_row_of_range(const char *name, int first, int last, int step)
{
    return (struct command_row){
        name, -1, CLASS_ONE, {{IN_RANGE, KEY_CHANGED, (short)first, (short)last, (short)step}}};
}

bool command_row_has_first_key(const struct command_row *row, size_t argc)
{
    const struct key_term *term = row->terms;
    const bool only_one = row->kind == CLASS_ONE && term->place == ONE_ARGUMENT;
    const bool only_of_each = row->kind == CLASS_EACH && term->place == IN_RANGE && argc == 2;
    return argc >= 2 && term->first == 1 && term[1].place == NONE && (only_one || only_of_each);
}

size_t command_row_keys_end(const struct command_row *row)
{
    size_t end = 1;
    for (const struct key_term *term = row->terms; term < row->terms + KEY_TERMS && term->place != NONE;
         term++) {
        if (term->place > IN_RANGE || term->last < 0)
            return SIZE_MAX;
        end = (size_t)term->last >= end ? (size_t)term->last + 1 : end;
    }
    return end;
}

/* --- keys --------------------------------------------------------------------------------------------- */

size_t command_db_argument(const struct command_row *row, const rf_entry *command)
{
    size_t at = row->kind == CLASS_DB_MOVE ? 2 : 0;
    for (size_t i = 3; row->kind == CLASS_COPY && i + 1 < command->argc; i++)
        if (slice_is_word(command->argv[i], "DB"))
            at = i + 1;
    return at;
}

/* The argument after the last of some words, from `from` on; 0: none. */
static size_t after_last(const rf_entry *command, size_t from, const char *word, const char *other)
{
    size_t found = 0;
    for (size_t i = from; i + 1 < command->argc; i++)
        if (slice_is_word(command->argv[i], word) || slice_is_word(command->argv[i], other))
            found = ++i;
    return found;
}

/* SORT: arguments after LIMIT are numbers, and what follows BY and GET is a pattern, whatever it looks like.
 */
static size_t sort_word_length(rf_slice argument)
{
    return slice_is_word(argument, "LIMIT") ? 3
           : slice_is_word(argument, "BY") || slice_is_word(argument, "GET") ||
                   slice_is_word(argument, "STORE")
               ? 2
               : 1;
}

static size_t after_sort_word(const rf_entry *command, size_t from, const char *word, bool last)
{
    size_t found = 0;
    for (size_t i = from; i + 1 < command->argc; i += sort_word_length(command->argv[i])) {
        if (!slice_is_word(command->argv[i], word))
            continue;
        found = i + 1;
        if (!last)
            return found;
    }
    return found;
}

static bool is_sort(const rf_entry *command)
{
    return slice_is_word(command->argv[0], "SORT");
}

/* The number of keys among arguments of which each `step`th is one. Most commands need no division. */
static inline size_t keys_of(size_t arguments, size_t step)
{
    return step == 1 ? arguments : (arguments + step - 1) / step;
}

/* Sets the range of arguments of a term; what is beyond the last argument is left out. */
static void enter_range(struct command_key_walk *walk, size_t first, size_t count, size_t step)
{
    size_t rest = first < walk->command->argc ? walk->command->argc - first : 0;
    size_t keys = keys_of(rest, step);
    walk->wrong |= count > (step == 1 ? rest : rest / step);
    walk->next = first;
    walk->stop = first + (count < keys ? count : keys) * step;
    walk->step = step;
}

static void enter_single(struct command_key_walk *walk, size_t argument)
{
    enter_range(walk, argument, argument > 0, 1);
}

static void enter_fixed(struct command_key_walk *walk, const struct key_term *term)
{
    size_t argc = walk->command->argc, first = (size_t)term->first;
    size_t end = term->last < 0 ? argc - (size_t)(-term->last) + 1 : (size_t)term->last + 1;
    size_t step = (size_t)term->step;
    walk->wrong |= end > argc;
    enter_range(walk, first, end > first && end <= argc ? keys_of(end - first, step) : 0, step);
}

static void enter_counted(struct command_key_walk *walk, const struct key_term *term)
{
    int64_t count = 0;
    size_t at = (size_t)term->first;
    walk->wrong |= at >= walk->command->argc || !number_parse_i64(walk->command->argv[at], &count) ||
                   count <= 0;
    if (walk->wrong)
        count = 0;
    enter_range(walk, at + 1, (size_t)count, (size_t)term->step);
}

static void enter_streams(struct command_key_walk *walk, const struct key_term *term)
{
    size_t argc = walk->command->argc, at = (size_t)term->first;
    while (at < argc && !slice_is_word(walk->command->argv[at], "STREAMS"))
        at++;
    walk->wrong |= at + 2 >= argc || (argc - at) % 2 == 0;
    enter_range(walk, at + 1, at + 1 < argc ? (argc - at - 1) / 2 : 0, 1);
}

void command_keys_enter(struct command_key_walk *walk)
{
    const rf_entry *command = walk->command;
    const struct key_term *term = walk->term++;
    size_t from = (size_t)term->first;
    switch ((enum place)term->place) {
    case NONE:
    case ONE_ARGUMENT: break;
    case IN_RANGE: enter_fixed(walk, term); break;
    case COUNTED_AT: enter_counted(walk, term); break;
    case AFTER_STORE:
        enter_single(walk, is_sort(command) ? after_sort_word(command, from, "STORE", true)
                                            : after_last(command, from, "STORE", "STOREDIST"));
        break;
    case AFTER_BY_WORD: enter_single(walk, after_sort_word(command, from, "BY", true)); break;
    case AFTER_GET_WORD: enter_single(walk, after_sort_word(command, from, "GET", false)); break;
    case IN_STREAMS: enter_streams(walk, term); break;
    }
}

/* Each GET of a SORT is a key of its own. */
void command_keys_advance(struct command_key_walk *walk)
{
    if (walk->term[-1].place == AFTER_GET_WORD)
        enter_single(walk, after_sort_word(walk->command, walk->next + 1, "GET", false));
    else
        walk->next += walk->step;
}

bool rf_command_each_key(const rf_entry *command, bool (*fn)(void *ctx, rf_slice key), void *ctx)
{
    const struct command_row *row = command_row_find(command);
    struct command_key_walk walk;
    struct command_key key;
    if (!row)
        return false;
    command_keys_begin(&walk, row, command);
    for (size_t last = 0; command_keys_next(&walk, &key); last = key.argument) {
        bool is_new = key.argument != last; /* MOVE deletes a key and writes it */
        if (is_new && key.role != KEY_PATTERN && !fn(ctx, command->argv[key.argument]))
            break;
    }
    return true;
}
