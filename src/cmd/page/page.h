/* SPDX-License-Identifier: MIT */
/* A report as a single HTML file: the JSON of the command, and a script that shows it. The file refers to
 * nothing outside of it, and no name from the data can become markup. */
#ifndef CMD_PAGE_PAGE_H
#define CMD_PAGE_PAGE_H

#include "base/json.h"
#include "cmd/options/common_options.h"
#include "cmd/options/options.h"
#include <stdbool.h>

struct page_options {
    const char *path; /* NULL: no page */
    bool force;
};

/* --html and --force. Their values are in a struct page_options. */
extern const struct option_row page_rows[];

/* Checks the options, and that the file can be written, as far as is known before; removes what a killed run
 * has left. False: the command exits with *status; the error has been printed. */
bool page_options_check(const struct page_options *options, const struct common_options *common,
                        const char *command, int *status);

/* Writes the page. `put` adds the object that it shows, in which "command" chooses the sections. False: the
 * error has been printed. */
bool page_save(const struct page_options *options, void (*put)(struct json *json, const void *ctx),
               const void *ctx);

#endif
