/* SPDX-License-Identifier: MIT */
/* The files of the page, as they are in this folder. */
#ifndef CMD_PAGE_PAGE_FILES_H
#define CMD_PAGE_PAGE_FILES_H

struct page_file {
    const char *begin, *end;
};

extern const struct page_file page_head, page_style, page_body;
extern const struct page_file page_scripts[]; /* in the order of their use; ends with a NULL */

#endif
