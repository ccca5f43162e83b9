/* SPDX-License-Identifier: MIT */
/* What a page on stdout is made of: headings, cells and bars. On a terminal there are colours, unless they
 * are unwelcome, and bars of blocks where the locale has them; the same page elsewhere is plain ASCII but for
 * keys.
 */
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
    enum page_cell cell; /* 0 behind the last one */
    const char *title;
};

/* An empty line and the title; beside it, in place of a name, or below it the columns' own. */
void page_heading(const struct page *page, const char *title, const struct page_column *columns);

/* Cells: names at the left of a column, numbers at the right of one, with '~' where they are estimates; text
 * to the end of the line. */
void page_name(const char *name);
void page_number(uint64_t number, bool is_estimate);
void page_size(uint64_t bytes, bool is_estimate);
void page_share(uint64_t part, uint64_t whole);
void page_text(const char *text);

/* Ends the line, with a bar as long as `part` is of `whole`, which would be `width` characters. */
enum { PAGE_BAR = 20 };
void page_bar(const struct page *page, uint64_t part, uint64_t whole, unsigned width);
void page_end_line(void);

#endif
