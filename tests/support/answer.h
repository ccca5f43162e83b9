/* SPDX-License-Identifier: MIT */
/* A server's answer, and the forms in which redis-cli prints it. */
#ifndef TESTS_ANSWER_H
#define TESTS_ANSWER_H

#include "base/buffer.h"

enum answer_form {
    ANSWER_FILE,      /* a line for each word */
    ANSWER_FILE3,     /* with -3: "name value" is a line */
    ANSWER_TERMINAL,  /* numbered */
    ANSWER_TERMINAL3, /* with -3: "1# name => value" */
    ANSWER_JSON,
    ANSWER_JSON_PRETTY, /* as jq indents it */
    ANSWER_RESP2,
    ANSWER_RESP3,
    ANSWER_FORMS,
};

enum answer_kind { ANSWER_NIL, ANSWER_NUMBER, ANSWER_STRING, ANSWER_LIST, ANSWER_MAP };

/* A list or a map is its head, and behind it its elements, or its names and values. */
struct answer_item {
    enum answer_kind kind;
    long number; /* of a list the elements, of a map the pairs */
    char text[64];
};

struct answer {
    struct answer_item *items;
    size_t count;
};

void answer_number(struct answer *answer, long number);
void answer_string(struct answer *answer, const char *text); /* NULL: nil */
void answer_list(struct answer *answer, long elements);
void answer_map(struct answer *answer, long pairs);

void answer_print(const struct answer *answer, enum answer_form form, struct buffer *out);

void answer_free(struct answer *answer);

#endif
