/* SPDX-License-Identifier: MIT */
/* Names of owners are looked up in /etc/passwd and /etc/group alone: network services may be slow or not
 * linked. */
#include "cmd/run/ownership.h"
#include "cmd/term/message.h"
#include <rdbferry/sink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 80 };

/* Formats the name that a line "name:password:id:..." has for the id, or else the id. */
static void format_id(const char *path, unsigned id, char out[NAME_SIZE])
{
    FILE *file = fopen(path, "re");
    char *line = NULL, ids[32];
    size_t size = 0;
    int length = snprintf(ids, sizeof ids, ":%u:", id);
    snprintf(out, NAME_SIZE, "%u", id);
    while (file && getline(&line, &size, file) > 0) {
        const char *password = strchr(line, ':'), *number = password ? strchr(password + 1, ':') : NULL;
        if (!number || strncmp(number, ids, (size_t)length) != 0)
            continue;
        snprintf(out, NAME_SIZE, "%.*s", (int)(password - line), line);
        break;
    }
    free(line);
    if (file)
        fclose(file);
}

void ownership_summarize(void)
{
    static bool is_said;
    const rf_ownership ownership = rf_outputs_ownership();
    char user[NAME_SIZE], group[NAME_SIZE];
    if (is_said || ownership.given + ownership.failed == 0)
        return;
    is_said = true;
    format_id("/etc/passwd", ownership.uid, user);
    format_id("/etc/group", ownership.gid, group);
    if (ownership.failed > 0)
        message_warning("the outputs cannot be given to %s:%s, whose directory they are in: %s", user, group,
                        strerror(ownership.failure));
    else
        message_summary("the outputs belong to %s:%s, as their directory does", user, group);
}
