/* SPDX-License-Identifier: MIT */
/* The page about rules; <rdbferry/rewrite.h> says the same to programs. */
#include "rules_help.h"
#include <stddef.h>
#include <stdio.h>

static const char *const lines[] = {
    "Rules rewrite keys: their databases and their names. They are given as options",
    "(--hash-tag GLOB) or in a file (--rules FILE), one a line, in the same words",
    "without the dashes:",
    "",
    "    # before the move to the cluster",
    "    map-db 5=0",
    "    rename s/^usr:/user:/",
    "    hash-tag {user:*}:*",
    "    flatten-dbs",
    "",
    "Space at both ends, empty lines and lines that begin with # mean nothing.",
    "Whatever the order in which rules are given, a key passes them in this one:",
    "",
    "  map-db FROM=TO    The key goes to another database. Several: 5=0,6=1.",
    "",
    "  rename s/RE/REPL/FLAGS",
    "                    Its name changes, by a Perl-compatible regular expression",
    "                    over bytes. In REPL, \\0 and & are what has matched, \\1 to",
    "                    \\9 its groups, \\\\ and \\& a backslash and an ampersand.",
    "                    Flags: g, all matches; i, whatever the case. Another",
    "                    character may stand for the slashes: s|RE|REPL|. Each",
    "                    rename gets what the one before has made.",
    "",
    "  hash-tag GLOB     The name gets braces, so that keys which belong together",
    "                    share a slot. The glob shows the result: {user:*}:* makes",
    "                    user:123:cart {user:123}:cart. What has to match is the",
    "                    glob without its braces: * is any run of bytes (the",
    "                    shortest that will do), ? any byte, [a-z] and [^a-z] some",
    "                    bytes, \\x the byte x; so \\{ is a brace of the name. The",
    "                    first rule that matches wins. A key that has a hash tag",
    "                    keeps its name; so does one of which braces of its own",
    "                    would make the tag another one.",
    "",
    "  flatten-dbs [T]   The key goes to database 0, which is all that a cluster",
    "                    has. Its name gets a prefix: db5: in database 5, or what",
    "                    the template T says: d%d. is d5. there, and %% a percent",
    "                    sign. Keys of database 0 keep their names.",
    "",
    "  prefix-db0        They get the prefix as well.",
    "",
    "Examples:",
    "    rename s/^app1://                   app1:x becomes x",
    "    rename s/^(\\w+)-(\\d+)/\\2:\\1/        user-17:name becomes 17:user:name",
    "    rename s/[^!-~]/_/g                 a space becomes _, as does a byte",
    "                                        that is not ASCII",
    "    hash-tag *:{[0-9]*}:*               cart:17:items becomes cart:{17}:items",
    "",
    "Two keys that come out with one database and name collide. No key is lost",
    "silently: --on-collision says what happens then; without it the run ends, names",
    "both, and leaves no output. To find them, keys are remembered that others could",
    "become, and if there are any the input is read once more. They are few: keys",
    "that look like what rules make. But all are remembered where there is a rename",
    "that does more than exchange a prefix (s/^old:/new:/), or a template that has",
    "nothing or a digit behind its %d.",
};

void rules_help_print(void)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        puts(lines[i]);
}
