/* SPDX-License-Identifier: MIT */
/* The elements of a text report on stdout: headings, cells and bars. On a terminal it uses colours, unless
 * disabled, and block characters for bars, if the locale has them; elsewhere the same report is plain ASCII
 * except for keys. */
#ifndef CMD_TERM_TABLE_H
#define CMD_TERM_TABLE_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>

struct table {
    bool colour, blocks;
    size_t width; /* of a line */
    bool limited; /* longer lines are cut: the width is that of a terminal, or $COLUMNS */
};

struct table table_begin(void);

enum table_cell { TABLE_NUMBER = 1, TABLE_SIZE, TABLE_SHARE, TABLE_DURATION, TABLE_NAME, TABLE_TEXT };

struct table_column {
    enum table_cell cell; /* 0 after the last one */
    const char *title;
};

/* Prints an empty line and the title, followed by the column titles: beside it, in place of a name column, or
 * below it. */
void table_heading(const struct table *table, const char *title, const struct table_column *columns);

/* Cells: names are left-aligned, numbers right-aligned, with '~' for estimates; text extends to the end of
 * the line. */
void table_name(const char *name);
void table_number(uint64_t number, bool is_estimate);
void table_size(uint64_t bytes, bool is_estimate);
void table_share(uint64_t part, uint64_t total);
void table_duration(uint64_t seconds); /* an estimate; UINT64_MAX: none */
void table_text(const char *text);

/* How much of a line is left after these columns: characters for a bar; for a text in place of the last
 * column, the size that text_readable() cuts it to, up to `most`. */
unsigned table_bar_width(const struct table *table, const struct table_column *columns);
size_t table_text_size(const struct table *table, const struct table_column *columns, size_t most);

/* Ends the line, with a bar in the proportion of `part` to `total`, whose length would be `width` characters.
 */
enum { TABLE_BAR = 20 };
void table_bar(const struct table *table, uint64_t part, uint64_t total, unsigned width);
void table_end_line(void);

#endif
