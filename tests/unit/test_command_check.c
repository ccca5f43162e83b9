/* SPDX-License-Identifier: MIT */
/* Faults of single commands, and of transactions. */
#include "support/commands.h"
#include <criterion/criterion.h>
#include <rdbferry/command_check.h>

static rf_command_check *check;

static void begin(void)
{
    check = rf_command_check_new();
}

static void end(void)
{
    rf_command_check_free(check);
}

TestSuite(command_check, .init = begin, .fini = end);

static rf_command_finding put(const char *text)
{
    struct command_text command = command_of(text);
    rf_command_finding finding;
    if (!rf_command_check_put(check, &command.entry, &finding))
        finding = (rf_command_finding){0};
    command_free(&command);
    return finding;
}

static void expect(const char *text, rf_command_fault fault)
{
    for (int i = 0; i < 2; i++) /* the second time the name is known already */
        cr_expect_eq(put(text).fault, fault, "%s", text);
}

Test(command_check, arity)
{
    expect("SET a 1", RF_COMMAND_SOUND);
    expect("set a 1 NX", RF_COMMAND_SOUND);
    expect("SET a", RF_COMMAND_ARITY);
    expect("INCR a b", RF_COMMAND_ARITY);
    expect("INCR a", RF_COMMAND_SOUND);
    expect("XGROUP DESTROY a", RF_COMMAND_ARITY);
    expect("XGROUP DESTROY a g", RF_COMMAND_SOUND);
    expect("FLUSHALL", RF_COMMAND_SOUND);
}

Test(command_check, integers)
{
    expect("INCRBY a -5", RF_COMMAND_SOUND);
    expect("INCRBY a x", RF_COMMAND_INTEGER);
    expect("INCRBY a 05", RF_COMMAND_INTEGER);
    expect("LTRIM a 0 y", RF_COMMAND_INTEGER);
    expect("SET a 1 PXAT 5", RF_COMMAND_SOUND);
    expect("SET PXAT PXAT", RF_COMMAND_SOUND);
    expect("SET a 1 NX pxat x", RF_COMMAND_INTEGER);
    expect("COPY a DB", RF_COMMAND_SOUND);
    expect("COPY a b DB x", RF_COMMAND_INTEGER);
    expect("HSETEX h PXAT 5 FIELDS 1 EX x", RF_COMMAND_SOUND);
    expect("SPOP a", RF_COMMAND_SOUND);
    expect("SWAPDB 0 b", RF_COMMAND_INTEGER);
}

Test(command_check, keys)
{
    expect("ZUNIONSTORE d 2 a b", RF_COMMAND_SOUND);
    expect("ZUNIONSTORE d 3 a b", RF_COMMAND_KEY_COUNT);
    expect("ZUNIONSTORE d x a b", RF_COMMAND_KEY_COUNT);
    expect("MSET a 1 b", RF_COMMAND_KEY_COUNT);
    cr_expect(put("MSET a 1 b 2").several_slots);
    cr_expect(put("RENAME a b").several_slots);
    cr_expect_not(put("RENAME {x}a {x}b").several_slots);
    cr_expect_not(put("DEL a a").several_slots);
    cr_expect_not(put("MOVE a 1").several_slots);
}

Test(command_check, transactions)
{
    cr_expect_eq(put("MULTI").fault, RF_COMMAND_SOUND);
    cr_expect_eq(put("MULTI").fault, RF_COMMAND_NESTED_MULTI);
    cr_expect_eq(put("exec").fault, RF_COMMAND_SOUND);
    cr_expect_eq(put("EXEC").fault, RF_COMMAND_EXEC_ALONE);
    cr_expect_eq(put("multi").fault, RF_COMMAND_SOUND);
    rf_command_check_restart(check);
    cr_expect_eq(put("MULTI").fault, RF_COMMAND_SOUND);
}

Test(command_check, unknown)
{
    cr_expect(put("JSON.SET a . 1").unknown);
    cr_expect(put("\"\" a").unknown);
    cr_expect_not(put("SET a 1").unknown);
}

/* The arguments from the third one on are streamed. */
static rf_command_fault fault_of_streamed(const char *text)
{
    struct command_text command = command_of(text);
    rf_command_finding finding = {0};
    rf_entry entry = command.entry;
    entry.rest = (rf_arguments *)(void *)&command;
    entry.rest_count = entry.argc - 2;
    entry.argc = 2;
    rf_command_check_put(check, &entry, &finding);
    command_free(&command);
    return finding.fault;
}

Test(command_check, streamed)
{
    cr_expect_eq(fault_of_streamed("APPEND a x"), RF_COMMAND_SOUND);
    cr_expect_eq(fault_of_streamed("APPEND a x x"), RF_COMMAND_ARITY);
    cr_expect_eq(fault_of_streamed("MSET a x b x"), RF_COMMAND_SOUND);
    cr_expect_eq(fault_of_streamed("SET a x PXAT 5"), RF_COMMAND_SOUND);
}

static void expect_relative(const char *text, bool relative)
{
    struct command_text command = command_of(text);
    cr_expect_eq(rf_command_expiry_is_relative(check, &command.entry), relative, "%s", text);
    command_free(&command);
}

Test(command_check, relative_expiries)
{
    expect_relative("SET a 1", false);
    expect_relative("SET a 1 EX 5", true);
    expect_relative("SET a 1 px 5 NX", true);
    expect_relative("SET EX PX", false);
    expect_relative("SET a 1 PXAT 5", false);
    expect_relative("SETEX a 5 x", true);
    expect_relative("EXPIRE a 5", true);
    expect_relative("PEXPIREAT a 5", false);
    expect_relative("RESTORE a 0 x", false);
    expect_relative("RESTORE a 5 x", true);
    expect_relative("RESTORE a 5 x ABSTTL", false);
    expect_relative("RESTORE ABSTTL 5 x REPLACE absttl", false);
    expect_relative("GETEX a PX 5", true);
    expect_relative("GETEX a PERSIST", false);
    expect_relative("HSETEX h EX 5 FIELDS 1 f v", true);
    expect_relative("HSETEX h FIELDS 2 EX 5 PX 6", false);
    expect_relative("JSON.SET a . EX 5", false);
}
