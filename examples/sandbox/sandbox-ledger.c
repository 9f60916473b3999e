/* The book of calls: what came, how it was answered, what was paid.
 *
 * One line of JSON per call, appended to a file with a single write: after a
 * SIGKILL at most the last line is missing or cut, and a cut line is skipped.
 * A task whose line is missing is put back from its own file, so that what was
 * paid is never forgotten.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox-dialect.h"

/* The newest calls are kept one by one, the older ones only as sums. */
#define MAX_CALLS 100000

struct _SandboxLedger
{
  char *path;
  int fd;
  GQueue calls;                 /* of JsonObject, oldest first */
  gint64 paid;
  gint64 identify;
  gint64 tts;
};

static JsonObject *
call_to_json (const SandboxCall * call)
{
  JsonObject *line = json_object_new ();

  json_object_set_double_member (line, "time", call->time / 1000000.0);
  json_object_set_string_member (line, "method", call->method);
  json_object_set_string_member (line, "path", call->path);
  json_object_set_int_member (line, "status", call->status);
  json_object_set_string_member (line, "kind", call->kind);
  json_object_set_boolean_member (line, "paid", call->paid);
  json_object_set_boolean_member (line, "charged", call->charged);
  json_object_set_boolean_member (line, "authorization", call->authorization);
  json_object_set_array_member (line, "credentials",
      sandbox_credentials_print (call->credentials));
  if (call->task)
    json_object_set_string_member (line, "task", call->task);
  return line;
}

/* Which of the counters a call that was charged belongs to. */
static gboolean
line_is_tts (JsonObject * line)
{
  return g_strcmp0 (sandbox_json_string (line, "kind"), "tts") == 0;
}

static void
ledger_remember (SandboxLedger * ledger, JsonObject * line)
{
  if (sandbox_json_true (line, "paid"))
    ledger->paid++;
  if (sandbox_json_true (line, "charged")) {
    if (line_is_tts (line))
      ledger->tts++;
    else
      ledger->identify++;
  }
  g_queue_push_tail (&ledger->calls, line);
  if (g_queue_get_length (&ledger->calls) > MAX_CALLS)
    json_object_unref (g_queue_pop_head (&ledger->calls));
}

static void
ledger_write (SandboxLedger * ledger, JsonObject * line)
{
  g_autofree char *text = sandbox_json_print_object (line);
  g_autofree char *whole = g_strconcat (text, "\n", NULL);
  gsize length = strlen (whole);

  if (ledger->fd < 0)
    return;
  if (write (ledger->fd, whole, length) != (gssize) length)
    g_warning ("cannot write %s: %s", ledger->path, g_strerror (errno));
}

static void
load_line (SandboxLedger * ledger, const char *text)
{
  g_autoptr (JsonObject) line =
      sandbox_json_parse_object (text, strlen (text), NULL);

  if (line == NULL)
    return;
  if (sandbox_json_true (line, "carried")) {
    ledger->paid += sandbox_json_integer (line, "paid", 0);
    ledger->identify += sandbox_json_integer (line, "identify", 0);
    ledger->tts += sandbox_json_integer (line, "tts", 0);
  } else {
    ledger_remember (ledger, g_steal_pointer (&line));
  }
}

static void
load_lines (SandboxLedger * ledger)
{
  g_autofree char *text = NULL;
  char *next;

  if (!g_file_get_contents (ledger->path, &text, NULL, NULL))
    return;
  for (char *line = text; line && *line; line = next) {
    next = strchr (line, '\n');
    if (next)
      *next++ = '\0';
    load_line (ledger, line);
  }
}

/* The sums of the calls that are no longer kept stand in the first line. */
static JsonObject *
carried_sums (SandboxLedger * ledger)
{
  JsonObject *sums = json_object_new ();
  gint64 paid = ledger->paid, identify = ledger->identify, tts = ledger->tts;

  for (GList * l = ledger->calls.head; l; l = l->next) {
    paid -= sandbox_json_true (l->data, "paid");
    if (line_is_tts (l->data))
      tts -= sandbox_json_true (l->data, "charged");
    else
      identify -= sandbox_json_true (l->data, "charged");
  }
  json_object_set_boolean_member (sums, "carried", TRUE);
  json_object_set_int_member (sums, "paid", paid);
  json_object_set_int_member (sums, "identify", identify);
  json_object_set_int_member (sums, "tts", tts);
  return sums;
}

/* Written anew at every start, which also drops a line that was cut. */
static gboolean
ledger_compact (SandboxLedger * ledger, GError ** error)
{
  g_autoptr (JsonObject) sums = carried_sums (ledger);
  g_autofree char *first = sandbox_json_print_object (sums);
  g_autoptr (GString) text = g_string_new (first);

  g_string_append_c (text, '\n');
  for (GList * l = ledger->calls.head; l; l = l->next) {
    g_autofree char *line = sandbox_json_print_object (l->data);

    g_string_append_printf (text, "%s\n", line);
  }
  return sandbox_write_file (ledger->path, text->str, error);
}

/* Killed between a task and its line: the task is what counts. */
static void
add_lost_tasks (SandboxLedger * ledger, guint tasks)
{
  SandboxCall lost = {
    .time = g_get_real_time (),.method = "POST",.path = "(lost)",
    .kind = "create",.paid = TRUE,
  };

  while (ledger->paid < tasks)
    ledger_remember (ledger, call_to_json (&lost));
}

/**
 * sandbox_ledger_open:
 * @path: the file
 * @tasks: how many tasks are known
 * @error: return location
 *
 * Returns: (transfer full): the ledger with what was in the file
 */
SandboxLedger *
sandbox_ledger_open (const char *path, guint tasks, GError ** error)
{
  g_autoptr (SandboxLedger) ledger = g_new0 (SandboxLedger, 1);

  ledger->path = g_strdup (path);
  ledger->fd = -1;
  load_lines (ledger);
  add_lost_tasks (ledger, tasks);
  if (!ledger_compact (ledger, error))
    return NULL;
  ledger->fd = g_open (path, O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (ledger->fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "cannot open %s: %s", path, g_strerror (errno));
    return NULL;
  }
  return g_steal_pointer (&ledger);
}

void
sandbox_ledger_free (SandboxLedger * ledger)
{
  if (ledger->fd >= 0)
    close (ledger->fd);
  g_queue_clear_full (&ledger->calls, (GDestroyNotify) json_object_unref);
  g_free (ledger->path);
  g_free (ledger);
}

void
sandbox_ledger_add (SandboxLedger * ledger, const SandboxCall * call)
{
  JsonObject *line = call_to_json (call);

  ledger_write (ledger, line);
  ledger_remember (ledger, line);
}

/**
 * sandbox_ledger_print:
 * @ledger: the ledger
 * @task_units: what the finished tasks cost together
 *
 * Returns: (transfer full): the answer of GET /sandbox/ledger
 */
JsonObject *
sandbox_ledger_print (SandboxLedger * ledger, double task_units)
{
  JsonObject *root = json_object_new ();
  JsonArray *calls = json_array_new ();

  for (GList * l = ledger->calls.head; l; l = l->next)
    json_array_add_object_element (calls, json_object_ref (l->data));
  json_object_set_int_member (root, "paid", ledger->paid);
  json_object_set_int_member (root, "identify", ledger->identify);
  json_object_set_int_member (root, "tts", ledger->tts);
  json_object_set_double_member (root, "units",
      task_units + ledger->identify * SANDBOX_IDENTIFY_UNITS +
      ledger->tts * SANDBOX_TTS_UNITS);
  json_object_set_array_member (root, "calls", calls);
  return root;
}
