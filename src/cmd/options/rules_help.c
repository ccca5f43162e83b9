/* SPDX-License-Identifier: MIT */
/* The help about rules; <rdbferry/rewrite.h> describes the same for programs. */
#include "cmd/options/rules_help.h"
#include <stddef.h>
#include <stdio.h>

static const char *const lines[] = {
    "Rules rewrite keys: their databases and their names. They are given as options",
    "(--hash-tag GLOB) or in a file (--rules FILE), one per line, in the same syntax",
    "without the dashes:",
    "",
    "    # before the move to the cluster",
    "    map-db 5=0",
    "    rename s/^usr:/user:/",
    "    hash-tag {user:*}:*",
    "    flatten-dbs",
    "",
    "Leading and trailing space, empty lines and lines that start with # are ignored.",
    "Rules are applied in this order, whatever the order in which they are given:",
    "",
    "  map-db FROM=TO    Moves keys to another database. Several: 5=0,6=1.",
    "",
    "  rename s/RE/REPL/FLAGS",
    "                    Changes the name, by a Perl-compatible regular expression",
    "                    over bytes. In REPL, \\0 and & are the whole match, \\1 to",
    "                    \\9 its groups, \\\\ and \\& a backslash and an ampersand.",
    "                    Flags: g, replace all matches; i, ignore case. Another",
    "                    character may replace the slashes: s|RE|REPL|. Each",
    "                    rename works on the result of the one before.",
    "",
    "  hash-tag GLOB     Adds braces to the name, so that related keys share a",
    "                    slot. The glob shows the result: {user:*}:* turns",
    "                    user:123:cart into {user:123}:cart. Names are matched",
    "                    against the glob without its braces: * is any sequence of",
    "                    bytes (as short as possible), ? any byte, [a-z] and",
    "                    [^a-z] a byte of a set, \\x the byte x; so \\{ is a brace",
    "                    of the name. The first rule that matches wins. A key that",
    "                    already has a hash tag keeps its name; so does one whose",
    "                    own braces would result in a different tag.",
    "",
    "  flatten-dbs [T]   Moves keys to database 0, the only one that a cluster has.",
    "                    Names get a prefix: db5: for database 5, or as in the",
    "                    template T: d%d. gives d5. here, and %% is a percent sign.",
    "                    Keys of database 0 keep their names.",
    "",
    "  prefix-db0        Keys of database 0 get the prefix as well.",
    "",
    "Examples:",
    "    rename s/^app1://                   app1:x becomes x",
    "    rename s/^(\\w+)-(\\d+)/\\2:\\1/        user-17:name becomes 17:user:name",
    "    rename s/[^!-~]/_/g                 a space becomes _, as does a byte",
    "                                        that is not ASCII",
    "    hash-tag *:{[0-9]*}:*               cart:17:items becomes cart:{17}:items",
    "",
    "Two keys that end up with the same database and name collide. No key is lost",
    "silently: --on-collision decides what happens; by default the run ends with an",
    "error that names both keys, and leaves no output. To detect collisions, keys are",
    "remembered that other keys could be renamed to, and if there are any, the input",
    "is read again. These are few: keys that look like the result of a rule. All keys",
    "are remembered if a rename does more than replace a prefix (s/^old:/new:/), or",
    "if a template has nothing or a digit after its %d.",
};

void rules_help_print(void)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        puts(lines[i]);
}
