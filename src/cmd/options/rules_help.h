/* SPDX-License-Identifier: MIT */
/* `rdbferry help rules`: describes the rules that rewrite keys. */
#ifndef CMD_OPTIONS_RULES_HELP_H
#define CMD_OPTIONS_RULES_HELP_H

/* Prints it to stdout. */
void rules_help_print(void);

#endif
