/* SPDX-License-Identifier: MIT */
/* Reads the log line by line. */
#include "evaluate/server_log.h"
#include "base/escape.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE = 1024, LEVEL_WITHIN = 64 };

/* An error that a command of the log was answered with. */
#define REPLIED "== CRITICAL =="

/* How lines of the highest level begin that are no reason to end. */
static const char *const usual[] = {
    "oO0OoO0", "Redis version=",     "Valkey version=", "KeyDB version=", "Configuration loaded", "WARNING",
    REPLIED,   "Server initialized", "Redis is ",       "Valkey is ",     "Warning: no c",
};

typedef bool (*line_fn)(char *text, char out[SERVER_LOG_TEXT]);

/* Calls `fn` for the lines until it returns true. */
static void each_line(int fd, line_fn fn, char out[SERVER_LOG_TEXT])
{
    char line[LINE];
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *log = own >= 0 && lseek(own, 0, SEEK_SET) == 0 ? fdopen(own, "r") : NULL;
    *out = '\0';
    if (!log && own >= 0)
        close(own);
    while (log && fgets(line, sizeof line, log)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (fn(line, out))
            break;
    }
    if (log)
        fclose(log);
}

/* The text of a line, without process, time and level; NULL: its level is lower than that of warnings. */
static char *text_of(char *line)
{
    static const char levels[] = "#*-.";
    char *at = line + (*line == '[');
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (at[digits] != ':' && at[digits] != ']'))
        return line;
    for (size_t i = digits; i < LEVEL_WITHIN && at[i]; i++)
        if (at[i] == ' ' && at[i + 1] && strchr(levels, at[i + 1]) && at[i + 2] == ' ')
            return at[i + 1] == '#' ? at + i + 3 : NULL;
    return line;
}

static bool is_usual(const char *text)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strncmp(text, usual[i], strlen(usual[i])) == 0)
            return true;
    return false;
}

static void append(char out[SERVER_LOG_TEXT], const char *text)
{
    size_t length = strlen(out);
    if (length + 16 > SERVER_LOG_TEXT)
        return;
    if (length > 0)
        out[length++] = ' ';
    escape_text((rf_slice){(const uint8_t *)text, strlen(text)}, out + length, SERVER_LOG_TEXT - length);
}

static bool add_reason(char *line, char out[SERVER_LOG_TEXT])
{
    const char *text = text_of(line);
    if (text && *text && !is_usual(text))
        append(out, text);
    return strlen(out) + 16 > SERVER_LOG_TEXT;
}

static bool find_replied(char *line, char out[SERVER_LOG_TEXT])
{
    const char *text = text_of(line);
    if (!text || strncmp(text, REPLIED, sizeof REPLIED - 1) != 0)
        return false;
    append(out, strchr(text, '\'') ? strchr(text, '\'') : text);
    return true;
}

static bool find_version(char *line, char out[SERVER_LOG_TEXT])
{
    const char *version = strstr(line, " server v=");
    if (!version)
        return false;
    snprintf(out, SERVER_LOG_TEXT, "%s%.*s", strncasecmp(line, "Valkey", 6) == 0 ? "valkey-" : "",
             (int)strspn(version + 10, "0123456789."), version + 10);
    return true;
}

void server_log_reason(int fd, char out[SERVER_LOG_TEXT])
{
    each_line(fd, add_reason, out);
}

void server_log_first_error(int fd, char out[SERVER_LOG_TEXT])
{
    each_line(fd, find_replied, out);
}

bool server_log_is_about_data(const char *reason)
{
    return strcasestr(reason, "append only file") || strstr(reason, "AOF") || strstr(reason, "RDB") ||
           strcasestr(reason, "rdb file");
}

bool server_log_version(int fd, rf_server *out)
{
    char text[SERVER_LOG_TEXT];
    each_line(fd, find_version, text);
    return rf_server_parse(text, out);
}
