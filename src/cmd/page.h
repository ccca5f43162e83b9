/* SPDX-License-Identifier: MIT */
/* The elements of a text report on stdout: headings, cells and bars. On a terminal it uses colours, unless
 * disabled, and block characters for bars, if the locale has them; elsewhere the same report is plain ASCII
 * except for keys. */
#ifndef CMD_PAGE_H
#define CMD_PAGE_H

#include <rdbferry/slice.h>
#include <stdbool.h>

struct page {
    bool colour, blocks;
};

struct page page_begin(void);

enum page_cell { PAGE_NUMBER = 1, PAGE_SIZE, PAGE_SHARE, PAGE_NAME, PAGE_TEXT };

struct page_column {
    enum page_cell cell; /* 0 after the last one */
    const char *title;
};

/* Prints an empty line and the title, followed by the column titles: beside it, in place of a name column, or
 * below it. */
void page_heading(const struct page *page, const char *title, const struct page_column *columns);

/* Cells: names are left-aligned, numbers right-aligned, with '~' for estimates; text extends to the end of
 * the line. */
void page_name(const char *name);
void page_number(uint64_t number, bool is_estimate);
void page_size(uint64_t bytes, bool is_estimate);
void page_share(uint64_t part, uint64_t whole);
void page_text(const char *text);

/* Ends the line, with a bar in the proportion of `part` to `whole`, whose length would be `width` characters.
 */
enum { PAGE_BAR = 20 };
void page_bar(const struct page *page, uint64_t part, uint64_t whole, unsigned width);
void page_end_line(void);

#endif
