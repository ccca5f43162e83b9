/* SPDX-License-Identifier: MIT */
/* Looks for commands behind damage. A value may hold what looks like a command: several in a row are
 * required, up to the end of the input, or as far as LOOKAHEAD. */
#include "aof/aof_resync.h"
#include "aof/aof_reader.h"
#include "base/fail.h"
#include "base/number.h"
#include "command/command_keys.h"
#include <ctype.h>

enum {
    LOOKAHEAD = 64 * 1024,
    COMMANDS = 8,
};

/* Bytes that are there; the input may go on after them. */
struct text {
    const uint8_t *pos, *end;
};

enum soundness { UNSOUND, SOUND, RUNS_OUT };

static size_t left(const struct text *t)
{
    return (size_t)(t->end - t->pos);
}

/* "<mark><digits>\r\n" */
static enum soundness read_header(struct text *t, char mark, uint64_t *n)
{
    enum { LONGEST = 1 + NUMBER_TEXT_MAX + 2 };
    size_t most = left(t) < LONGEST ? left(t) : LONGEST;
    const uint8_t *end = most > 0 ? memchr(t->pos, '\n', most) : NULL;
    if (most > 0 && *t->pos != mark)
        return UNSOUND;
    if (!end)
        return most == LONGEST ? UNSOUND : RUNS_OUT;
    if (end < t->pos + 3 || end[-1] != '\r' ||
        !number_parse_u64(slice_of(t->pos + 1, (size_t)(end - 2 - t->pos)), n))
        return UNSOUND;
    t->pos = end + 1;
    return SOUND;
}

/* *payload is valid if the result is SOUND. */
static enum soundness read_bulk(struct text *t, rf_slice *payload)
{
    uint64_t n;
    enum soundness header = read_header(t, '$', &n);
    if (header != SOUND)
        return header;
    if (n > left(t) || left(t) - n < 2)
        return RUNS_OUT;
    *payload = slice_of(t->pos, n);
    t->pos += n + 2;
    return t->pos[-2] == '\r' && t->pos[-1] == '\n' ? SOUND : UNSOUND;
}

/* "JSON.SET": a command of a module. */
static bool is_module_command(rf_slice name)
{
    const uint8_t *dot = memchr(name.ptr, '.', name.len);
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum(name.ptr[i]) && !strchr("._-", name.ptr[i]))
            return false;
    return dot && dot > name.ptr && dot + 1 < name.ptr + name.len;
}

static bool is_known(const rf_slice *words, size_t count, uint64_t argc)
{
    if (slice_is_word(words[0], "SELECT"))
        return argc == 2;
    const struct command_row *row = command_row_look_up(words, count);
    return row ? command_row_accepts(row, argc) : words[0].len > 0 && is_module_command(words[0]);
}

/* *known: enough of it was there to see that it is a command with a possible number of arguments. */
static enum soundness read_command(struct text *t, bool *known)
{
    rf_slice words[2], ignored;
    uint64_t argc;
    *known = false;
    enum soundness header = read_header(t, '*', &argc);
    if (header != SOUND)
        return header;
    if (argc == 0)
        return UNSOUND;
    for (uint64_t i = 0; i < argc; i++) {
        enum soundness argument = read_bulk(t, i < 2 ? &words[i] : &ignored);
        if (argument == UNSOUND)
            return UNSOUND;
        if (!*known && i > 0 && argument == RUNS_OUT) /* a long second argument is not a subcommand */
            *known = is_known(words, 1, argc);
        if (argument == RUNS_OUT)
            return i == 0 || *known ? RUNS_OUT : UNSOUND;
        if (i + 1 != (argc < 2 ? argc : 2))
            continue;
        *known = is_known(words, i + 1, argc);
        if (!*known)
            return UNSOUND;
    }
    return SOUND;
}

static enum soundness read_annotation(struct text *t)
{
    size_t most = left(t) < AOF_LINE_MOST ? left(t) : AOF_LINE_MOST;
    const uint8_t *end = memchr(t->pos, '\n', most);
    if (!end)
        return most == AOF_LINE_MOST ? UNSOUND : RUNS_OUT;
    t->pos = end + 1;
    return SOUND;
}

/* `ends`: the input ends with the bytes. */
static bool is_sound(struct text t, bool ends)
{
    int commands = 0;
    bool known = false;
    while (commands < COMMANDS && left(&t) > 0) {
        bool annotation = *t.pos == '#';
        enum soundness next = annotation ? read_annotation(&t) : read_command(&t, &known);
        if (next == UNSOUND)
            return false;
        if (next == RUNS_OUT)
            return commands > 0 || (known && !ends);
        commands += !annotation;
    }
    return commands > 0;
}

/* A command begins after another one, or after zeros. */
static bool may_begin(uint8_t second_last, uint8_t last, const uint8_t *pos, size_t count)
{
    static const char time[] = "#TS:";
    bool after = last == '\0' || (second_last == '\r' && last == '\n');
    return after && (*pos == '*' ||
                     (*pos == '#' && count >= sizeof time - 1 && memcmp(pos, time, sizeof time - 1) == 0));
}

/* As many bytes as are looked at, or fewer if the input ends. */
static rf_code look_ahead(struct window *w, size_t n, bool *ends)
{
    rf_code code = window_need(w, n);
    *ends = code == RF_E_TRUNCATED;
    return *ends ? RF_OK : code;
}

static rf_code find(struct window *w, bool *found)
{
    uint8_t last[2] = {0, 1}; /* what is at pos is not found again */
    for (bool ends = false; !ends;) {
        window_release(w);
        TRY(look_ahead(w, 2 * (size_t)LOOKAHEAD, &ends));
        const uint8_t *stop = ends ? w->end : w->end - LOOKAHEAD;
        for (; w->pos < stop; w->pos++) {
            size_t count = (size_t)(w->end - w->pos), most = count < LOOKAHEAD ? count : LOOKAHEAD;
            *found = may_begin(last[0], last[1], w->pos, count) &&
                     is_sound((struct text){w->pos, w->pos + most}, ends && most == count);
            if (*found)
                return RF_OK;
            last[0] = last[1];
            last[1] = *w->pos;
        }
    }
    return RF_OK;
}

rf_code aof_resync(struct window *w, bool *found)
{
    rf_error failure = *w->error;
    *found = false;
    rf_code code = find(w, found);
    if (code == RF_OK)
        *w->error = failure;
    return code;
}

/* --- the kind ------------------------------------------------------------------------------------------- */

/* The loader of a server discards two bytes after a string, whatever they are. */
static bool loads(struct text t, bool ends)
{
    rf_slice payload;
    uint64_t argc;
    if (read_header(&t, '*', &argc) != SOUND)
        return false;
    for (uint64_t i = 0; i < argc; i++) {
        const uint8_t *start = t.pos;
        enum soundness argument = read_bulk(&t, &payload);
        if (argument == RUNS_OUT || (argument == UNSOUND && t.pos == start))
            return false;
    }
    return left(&t) > 0 ? strchr("*#", *t.pos) != NULL && *t.pos : ends;
}

rf_code aof_damage_kind(struct window *w, rf_log_damage_kind *kind)
{
    static const char nameless[] = "*0\r\n";
    rf_error failure = *w->error;
    bool ends;
    TRY(look_ahead(w, LOOKAHEAD, &ends));
    *w->error = failure;
    size_t count = (size_t)(w->end - w->pos);
    *kind = count >= sizeof nameless - 1 && memcmp(w->pos, nameless, sizeof nameless - 1) == 0
                ? RF_LOG_NO_NAME
            : loads((struct text){w->pos, w->end}, ends) ? RF_LOG_NO_LINE_END
                                                         : RF_LOG_MALFORMED;
    return RF_OK;
}
