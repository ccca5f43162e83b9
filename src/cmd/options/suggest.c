/* SPDX-License-Identifier: MIT */
/* Searches the option tables of all commands, and a list of the words of redis-cli and other tools. */
#include "cmd/options/suggest.h"
#include "cmd/convert/convert_options.h"
#include "cmd/diff/diff_options.h"
#include "cmd/inspect/inspect_options.h"
#include "cmd/options/similar.h"
#include "cmd/options/url_guard.h"
#include "cmd/options/versions.h"
#include "cmd/replay/replay_options.h"
#include "cmd/split/split_options.h"
#include "cmd/verify/verify_options.h"
#include <rdbferry/target.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- words of other tools ----------------------------------------------------------------------------- */

#define IS_OPERAND "an input is an argument without an option"
#define IS_LAST    "the target URL is the last argument, without an option"
#define BY_URL     "use a redis+sentinel:// URL"

/* In the commands listed, or in all, a word stands for an option, or there is a text about it. The first row
 * that fits is used. */
static const struct foreign {
    const char *word, *commands, *option, *text;
} foreign[] = {
    {"h", NULL, "help", NULL},
    {"n", NULL, NULL, "use -d N to choose a database, and --map-db N=M to move its keys"},
    {"u", "replay", NULL, IS_LAST},
    {"u", "convert inspect diff", NULL, IS_OPERAND},
    {"u", "verify", "against", NULL},
    {"u", "split", "topology", NULL},
    {"uri", "replay", NULL, IS_LAST},
    {"url", "replay", NULL, IS_LAST},
    {"uri", "convert inspect diff", NULL, IS_OPERAND},
    {"url", "convert inspect diff", NULL, IS_OPERAND},
    {"url", "verify", "against", NULL},
    {"url", "split", "topology", NULL},
    {"dst", "replay", NULL, IS_LAST},
    {"dest", "replay", NULL, IS_LAST},
    {"target", "replay", NULL, IS_LAST},
    {"destination", "replay", NULL, IS_LAST},
    {"dst", "convert split", "output", NULL},
    {"dest", "convert split", "output", NULL},
    {"target", "convert split", "output", NULL},
    {"destination", "convert split", "output", NULL},
    {"target", "verify", "against", NULL},
    {"c", "replay verify split", NULL, "a cluster is detected; a redis+cluster:// URL requires one"},
    {"cluster", "replay verify split", NULL, "a cluster is detected; a redis+cluster:// URL requires one"},
    {"sentinel", "replay verify", NULL, BY_URL},
    {"sentinels", "replay verify", NULL, BY_URL},
    {"master", "replay verify", NULL, BY_URL},
    {"pipe", NULL, NULL, "use 'rdbferry replay INPUT... URL' to load data into a server"},
    {"rdb", NULL, NULL, IS_OPERAND},
    {"aof", NULL, NULL, IS_OPERAND},
    {"src", NULL, NULL, IS_OPERAND},
    {"source", NULL, NULL, IS_OPERAND},
    {"from", NULL, NULL, IS_OPERAND},
    {"file", NULL, NULL, IS_OPERAND},
    {"f", NULL, NULL, IS_OPERAND},
    {"in", NULL, NULL, IS_OPERAND},
    {"i", NULL, NULL, IS_OPERAND},
    {"input", NULL, NULL, IS_OPERAND},
    {"stdin", NULL, NULL, "the input '-' is stdin"},
    {"stdout", "convert", NULL, "the output '-' is stdout"},
    {"format", "convert split", "to", NULL},
    {"json", "convert split", NULL, "did you mean '--to jsonl'?"},
    {"json", "replay verify", "report", NULL},
    {"gzip", "convert", NULL, "an output whose name ends in .gz, .lz4 or .zst is compressed"},
    {"compress", "convert", NULL, "an output whose name ends in .gz, .lz4 or .zst is compressed"},
    {"overwrite", "replay", NULL, "did you mean '--on-exists replace'?"},
    {"replace", "replay", NULL, "did you mean '--on-exists replace'?"},
    {"force", "replay", NULL, "did you mean '--on-exists replace'?"},
    {"skip-existing", "replay", NULL, "did you mean '--on-exists skip'?"},
    {"overwrite", "convert split", "force", NULL},
    {"password", NULL, "pass", NULL},
    {"auth", NULL, "pass", NULL},
    {"username", NULL, "user", NULL},
    {"ssl", NULL, "tls", NULL},
    {"skip-verify", NULL, "insecure", NULL},
    {"threads", NULL, "connections", NULL},
    {"parallel", NULL, "connections", NULL},
    {"database", NULL, "db", NULL},
    {"databases", NULL, "db", NULL},
    {"pattern", NULL, "match", NULL},
    {"include", NULL, "match", NULL},
    {"prefix", NULL, "match", NULL},
    {"exclude", NULL, "no-match", NULL},
    {"regex", NULL, "key-regex", NULL},
    {"redis-version", NULL, "target-version", NULL},
    {"version", NULL, NULL, "did you mean 'rdbferry version'?"},
    {"V", NULL, NULL, "did you mean 'rdbferry version'?"},
};

/* Whether the word is one of a list that is separated by spaces. */
static bool is_listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* Letters are exact; '-n' and '-N' are different options. */
static const struct foreign *find_foreign(const char *command, const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        bool same = length == 1 ? foreign[i].word[0] == *word && foreign[i].word[1] == '\0'
                                : similar_distance(word, length, foreign[i].word) == 0;
        if (same && (!foreign[i].commands || is_listed(foreign[i].commands, command)))
            return &foreign[i];
    }
    return NULL;
}

/* --- options ------------------------------------------------------------------------------------------ */

static const struct option_table *const *const tables[] = {&convert_options_table, &split_options_table,
                                                           &replay_options_table,  &verify_options_table,
                                                           &diff_options_table,    &inspect_options_table};
enum { TABLES = sizeof tables / sizeof *tables };

/* What is looked for in the rows of a table. */
struct search {
    const char *word;
    size_t length;
    const struct option_row *found; /* of this name or, if it is one character, of this letter */
    struct similar similar;
    char beginning[HINT]; /* the names that the word is the beginning of, as a list */
};

static void add_beginning(struct search *search, const char *name)
{
    enum { LISTED = 160 };
    size_t used = strlen(search->beginning);
    if (search->length < 2 || strncmp(name, search->word, search->length) != 0 || used > LISTED)
        return;
    snprintf(search->beginning + used, sizeof search->beginning - used, "%s'--%s'", used ? ", " : "", name);
}

static void search_rows(struct search *search, const struct option_row *row)
{
    for (; row->kind != OPTION_END; row++) {
        if (row->kind == OPTION_INCLUDE)
            search_rows(search, row->include);
        if (!row->name)
            continue;
        if (search->length == 1 ? row->letter == *search->word
                                : similar_distance(search->word, search->length, row->name) == 0)
            search->found = row;
        similar_consider(&search->similar, row->name);
        add_beginning(search, row->name);
    }
}

static struct search search_table(const struct option_table *table, const char *word, size_t length)
{
    struct search search = {
        .word = word, .length = length, .similar = similar_begin(word, length, similar_limit(length))};
    search_rows(&search, table->rows);
    return search;
}

/* "; '--to' is an option of convert and split"; false if no command has it. `word` is a name or a letter. */
static bool name_owners(const char *word, size_t length, char out[HINT])
{
    const char *owners[TABLES];
    size_t count = 0;
    for (size_t i = 0; i < TABLES; i++)
        if (search_table(*tables[i], word, length).found)
            owners[count++] = (*tables[i])->command;
    if (count == 0)
        return false;
    size_t used = (size_t)snprintf(out, HINT, "; '%s%.*s' is an option of", length > 1 ? "--" : "-",
                                   (int)length, word);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, HINT - used, "%s %s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " and"
                                                  : ",",
                                 owners[i]);
    return true;
}

/* The most similar option of any command; NULL: none. */
static const char *similar_anywhere(const char *word, size_t length)
{
    struct similar nearest = similar_begin(word, length, similar_limit(length));
    for (size_t i = 0; i < TABLES; i++) {
        const char *name = search_table(*tables[i], word, length).similar.word;
        if (name)
            similar_consider(&nearest, name);
    }
    return nearest.word;
}

static const char *mean(const char *name, char out[HINT])
{
    snprintf(out, HINT, "; did you mean '--%s'?", name);
    return out;
}

/* False if no other tool has the word, or no command the option that it stands for. */
static bool suggest_foreign(const struct option_table *table, const char *word, size_t length, char out[HINT])
{
    const struct foreign *row = find_foreign(table->command, word, length);
    if (!row)
        return false;
    if (row->text)
        snprintf(out, HINT, "; %s", row->text);
    else if (search_table(table, row->option, strlen(row->option)).found)
        mean(row->option, out);
    else
        return name_owners(row->option, strlen(row->option), out);
    return true;
}

const char *suggest_option(const struct option_table *table, const char *given, char out[HINT])
{
    const char *word = given + strspn(given, "-");
    size_t length = strcspn(word, "=");
    const struct search search = search_table(table, word, length);
    const char *elsewhere = similar_anywhere(word, length);
    *out = '\0';
    if (search.found)
        return mean(search.found->name, out);
    if (length == 0 || length > SIMILAR_MOST || suggest_foreign(table, word, length, out) ||
        name_owners(word, length, out))
        return out;
    if (*search.beginning)
        snprintf(out, HINT, "; did you mean %.230s?", search.beginning);
    else if (search.similar.word)
        mean(search.similar.word, out);
    else if (elsewhere)
        name_owners(elsewhere, strlen(elsewhere), out);
    return out;
}

const char *suggest_full_name(const struct option_table *table, const struct option_row *row,
                              const char *given, char out[HINT])
{
    const char *word = given + strspn(given, "-");
    return suggest_foreign(table, word, strcspn(word, "="), out) ? out : mean(row->name, out);
}

/* --- operands ----------------------------------------------------------------------------------------- */

const char *suggest_output(char **operands, int count, char out[HINT])
{
    const char *last = count > 1 ? operands[count - 1] : "-";
    char shown[HINT]; /* differs from a text that may hold a password */
    *out = '\0';
    if (rf_target_is_url(last))
        snprintf(out, HINT, "; to load data into a server, use 'rdbferry replay INPUT... URL'");
    else if (*last != '-' && access(last, F_OK) != 0 &&
             strcmp(url_shown(last, shown, sizeof shown), last) == 0)
        snprintf(out, HINT, "; did you mean '-o %.200s'?", last);
    return out;
}

/* --- values ------------------------------------------------------------------------------------------- */

/* Other names of choices. */
static const struct {
    const char *option, *given, *meant;
} choices[] = {
    {"on-exists", "overwrite", "replace"},
    {"on-exists", "ignore", "skip"},
    {"on-exists", "keep", "skip"},
    {"on-collision", "replace", "overwrite"},
    {"on-collision", "ignore", "skip"},
    {"on-collision", "first", "skip"},
    {"on-collision", "last", "overwrite"},
    {"to", "directory", "aof-dir"},
    {"to", "dir", "aof-dir"},
    {"to", "appendonlydir", "aof-dir"},
    {"to", "appendonly", "aof"},
    {"to", "json", "jsonl"},
    {"to", "ndjson", "jsonl"},
    {"compress", "gz", "gzip"},
    {"compress", "zip", "gzip"},
    {"progress", "yes", "always"},
    {"progress", "no", "never"},
};

static const char *choice_meant(const struct option_row *row, const char *given)
{
    size_t length = strlen(given);
    struct similar similar = similar_begin(given, length, similar_limit(length));
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(choices[i].option, row->name) == 0 &&
            similar_distance(given, length, choices[i].given) == 0)
            return choices[i].meant;
    for (const struct option_choice *choice = row->choices; choice->name; choice++)
        similar_consider(&similar, choice->name);
    return similar.word;
}

const char *suggest_value(const struct option_row *row, const char *given, char out[HINT])
{
    char version[32];
    const char *meant = NULL;
    if (row->choices)
        meant = choice_meant(row, given);
    else if (row->kind == OPTION_SERVER && versions_guess(given, version, sizeof version))
        meant = version;
    *out = '\0';
    if (meant)
        snprintf(out, HINT, "; did you mean '%s'?", meant);
    return out;
}
