/* SPDX-License-Identifier: MIT */
#include "support/answer.h"
#include "base/bytes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- making one -------------------------------------------------------------------------------------- */

static struct answer_item *add(struct answer *answer, enum answer_kind kind, long number)
{
    if ((answer->count & (answer->count - 1)) == 0) /* 0 or a power of two: all places are taken */
        answer->items = realloc(answer->items,
                                (answer->count ? 2 * answer->count : 1) * sizeof *answer->items);
    if (!answer->items)
        abort();
    struct answer_item *item = &answer->items[answer->count++];
    *item = (struct answer_item){.kind = kind, .number = number};
    return item;
}

void answer_number(struct answer *answer, long number)
{
    add(answer, ANSWER_NUMBER, number);
}

void answer_string(struct answer *answer, const char *text)
{
    struct answer_item *item = add(answer, text ? ANSWER_STRING : ANSWER_NIL, 0);
    if (snprintf(item->text, sizeof item->text, "%s", text ? text : "") >= (int)sizeof item->text)
        abort();
}

void answer_list(struct answer *answer, long elements)
{
    add(answer, ANSWER_LIST, elements);
}

void answer_map(struct answer *answer, long pairs)
{
    add(answer, ANSWER_MAP, pairs);
}

void answer_free(struct answer *answer)
{
    free(answer->items);
    *answer = (struct answer){0};
}

/* --- printing it ------------------------------------------------------------------------------------- */

struct printer {
    const struct answer_item *next;
    struct buffer *out;
    bool maps; /* RESP3: what is a map stays one */
    bool pretty;
};

__attribute__((format(printf, 2, 3))) static void put(struct printer *to, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= (int)sizeof text || !buffer_append(to->out, slice_of(text, (size_t)length)))
        abort();
}

/* The head of the next item; a map is a list unless maps stay maps. */
static struct answer_item take(struct printer *from)
{
    struct answer_item item = *from->next++;
    if (item.kind == ANSWER_MAP && !from->maps) {
        item.kind = ANSWER_LIST;
        item.number *= 2;
    }
    return item;
}

static void print_file(struct printer *to)
{
    struct answer_item item = take(to);
    switch (item.kind) {
    case ANSWER_NIL: break;
    case ANSWER_NUMBER: put(to, "%ld", item.number); break;
    case ANSWER_STRING: put(to, "%s", item.text); break;
    case ANSWER_LIST:
    case ANSWER_MAP:
        for (long i = 0; i < item.number; i++) {
            put(to, i > 0 ? "\n" : "%s", "");
            print_file(to);
            if (item.kind == ANSWER_MAP) {
                put(to, " ");
                print_file(to);
            }
        }
    }
}

static void print_terminal(struct printer *to, int indent);

static void print_numbered(struct printer *to, struct answer_item head, int indent)
{
    int width = snprintf(NULL, 0, "%ld", head.number), inner = indent + width + 2;
    for (long i = 0; i < head.number; i++) {
        put(to, "%*s%*ld%c ", i > 0 ? indent : 0, "", width, i + 1, head.kind == ANSWER_MAP ? '#' : ')');
        print_terminal(to, inner);
        if (head.kind == ANSWER_LIST)
            continue;
        to->out->len--; /* the name's end of line */
        put(to, " => ");
        bool several = to->next->kind >= ANSWER_LIST && to->next->number > 0;
        if (several)
            put(to, "\n%*s", inner, "");
        print_terminal(to, inner);
    }
}

static void print_terminal(struct printer *to, int indent)
{
    struct answer_item item = take(to);
    switch (item.kind) {
    case ANSWER_NIL: put(to, "(nil)\n"); break;
    case ANSWER_NUMBER: put(to, "(integer) %ld\n", item.number); break;
    case ANSWER_STRING: put(to, "\"%s\"\n", item.text); break;
    case ANSWER_LIST:
    case ANSWER_MAP:
        if (item.number == 0)
            put(to, item.kind == ANSWER_MAP ? "(empty hash)\n" : "(empty array)\n");
        else
            print_numbered(to, item, indent);
    }
}

static void put_line(struct printer *to, int depth)
{
    if (to->pretty)
        put(to, "\n%*s", 2 * depth, "");
}

static void print_json(struct printer *to, int depth)
{
    struct answer_item item = take(to);
    bool map = item.kind == ANSWER_MAP;
    switch (item.kind) {
    case ANSWER_NIL: put(to, "null"); break;
    case ANSWER_NUMBER: put(to, "%ld", item.number); break;
    case ANSWER_STRING: put(to, "\"%s\"", item.text); break;
    case ANSWER_LIST:
    case ANSWER_MAP:
        put(to, map ? "{" : "[");
        for (long i = 0; i < item.number; i++) {
            put(to, i > 0 ? "," : "%s", "");
            put_line(to, depth + 1);
            print_json(to, depth + 1);
            if (map) {
                put(to, to->pretty ? ": " : ":");
                print_json(to, depth + 1);
            }
        }
        if (item.number > 0)
            put_line(to, depth);
        put(to, map ? "}" : "]");
    }
}

static void print_wire(struct printer *to)
{
    struct answer_item item = take(to);
    bool map = item.kind == ANSWER_MAP;
    switch (item.kind) {
    case ANSWER_NIL: put(to, to->maps ? "_\r\n" : "$-1\r\n"); break;
    case ANSWER_NUMBER: put(to, ":%ld\r\n", item.number); break;
    case ANSWER_STRING: put(to, "$%zu\r\n%s\r\n", strlen(item.text), item.text); break;
    case ANSWER_LIST:
    case ANSWER_MAP:
        put(to, "%c%ld\r\n", map ? '%' : '*', item.number);
        for (long i = 0; i < item.number * (map ? 2 : 1); i++)
            print_wire(to);
    }
}

void answer_print(const struct answer *answer, enum answer_form form, struct buffer *out)
{
    struct printer to = {.next = answer->items, .out = out};
    to.maps = form != ANSWER_FILE && form != ANSWER_TERMINAL && form != ANSWER_RESP2;
    to.pretty = form == ANSWER_JSON_PRETTY;
    switch (form) {
    case ANSWER_FILE:
    case ANSWER_FILE3: print_file(&to); break;
    case ANSWER_TERMINAL:
    case ANSWER_TERMINAL3: print_terminal(&to, 0); return;
    case ANSWER_JSON:
    case ANSWER_JSON_PRETTY: print_json(&to, 0); break;
    case ANSWER_RESP2:
    case ANSWER_RESP3:
    case ANSWER_FORMS: print_wire(&to); return;
    }
    put(&to, "\n");
}
