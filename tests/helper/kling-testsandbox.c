/* klinglipsync tests: a sandbox of one's own
 *
 * Runs the real kling-sandbox as a child on a free port, with a state of its
 * own, and asks it what came and what was paid. Start it inside the test
 * function: the kernel ends the child with the thread that started it, so that
 * a test that dies leaves nothing running.
 *
 * What goes wrong here is not what is being tested, so it ends the process with
 * g_error(). One thread, the one that started it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-testsandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>

#include "kling-testtree.h"

/* Generous: a machine may be busy and valgrind slow */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)
#define TICK (5 * 1000)

struct _KlingTestSandbox
{
  GPtrArray *options;
  gchar *directory;
  gchar *url;
  guint port;
  GPid pid;                     /* 0 while it does not run */
};

/* What is meant for the process under test and not for its sandbox */
static gchar **
child_environment (void)
{
  static const gchar *const ours[] = {
    "GST_DEBUG", "GST_DEBUG_FILE", "GST_DEBUG_DUMP_DOT_DIR", "GST_TRACERS",
    "KLING_BASE_URL", "KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY",
    "KLING_TEST_SPEED", "KLING_TEST_KILL",
  };
  gchar **environment = g_get_environ ();

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    environment = g_environ_unsetenv (environment, ours[i]);
  return environment;
}

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gchar **
make_command (KlingTestSandbox * sandbox, const gchar * port_file)
{
  const gchar *program = g_getenv ("KLING_SANDBOX");
  GPtrArray *command = g_ptr_array_new ();

  if (program == NULL)
    g_error ("KLING_SANDBOX must name the program kling-sandbox");
  g_ptr_array_add (command, g_strdup (program));
  g_ptr_array_add (command, g_strdup ("--port"));
  g_ptr_array_add (command, g_strdup_printf ("%u", sandbox->port));
  g_ptr_array_add (command, g_strdup ("--port-file"));
  g_ptr_array_add (command, g_strdup (port_file));
  g_ptr_array_add (command, g_strdup ("--state"));
  g_ptr_array_add (command, g_build_filename (sandbox->directory, "state",
          NULL));
  for (guint i = 0; i < sandbox->options->len; i++)
    g_ptr_array_add (command, g_strdup (sandbox->options->pdata[i]));
  g_ptr_array_add (command, NULL);
  return (gchar **) g_ptr_array_free (command, FALSE);
}

/* Returns: whether it has ended within @patience microseconds, and how */
static gboolean
wait_for_end (KlingTestSandbox * sandbox, gint64 patience, gint * status)
{
  gint64 deadline = g_get_monotonic_time () + patience;

  for (;;) {
    pid_t pid = waitpid (sandbox->pid, status, WNOHANG);

    if (pid == sandbox->pid) {
      sandbox->pid = 0;
      return TRUE;
    }
    if (pid < 0 && errno != EINTR)
      g_error ("The sandbox is not our child: %s", g_strerror (errno));
    if (g_get_monotonic_time () >= deadline)
      return FALSE;
    g_usleep (TICK);
  }
}

/* The port file is renamed into place, so what is there is complete. */
static guint
wait_for_port (KlingTestSandbox * sandbox, const gchar * port_file)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  g_autofree gchar *text = NULL;
  gint status;

  while (!g_file_get_contents (port_file, &text, NULL, NULL)) {
    if (wait_for_end (sandbox, 0, &status))
      g_error ("The sandbox ended before it listened (status %d)", status);
    if (g_get_monotonic_time () >= deadline)
      g_error ("The sandbox does not listen");
    g_usleep (TICK);
  }
  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static void
launch (KlingTestSandbox * sandbox)
{
  g_autofree gchar *port_file =
      g_build_filename (sandbox->directory, "port", NULL);
  g_auto (GStrv) command = make_command (sandbox, port_file);
  g_auto (GStrv) environment = child_environment ();
  g_autoptr (GError) error = NULL;

  g_unlink (port_file);
  if (!g_spawn_async (NULL, command, environment,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
          die_with_parent, NULL, &sandbox->pid, &error))
    g_error ("The sandbox cannot be started: %s", error->message);
  sandbox->port = wait_for_port (sandbox, port_file);
}

/**
 * kling_test_sandbox_start:
 * @option: (nullable): an option of kling-sandbox, such as "--latency"
 * @...: its further options, ended by %NULL
 *
 * Returns: (transfer full): a sandbox that listens
 */
KlingTestSandbox *
kling_test_sandbox_start (const gchar * option, ...)
{
  KlingTestSandbox *sandbox = g_new0 (KlingTestSandbox, 1);
  va_list args;

  sandbox->options = g_ptr_array_new_with_free_func (g_free);
  va_start (args, option);
  for (; option; option = va_arg (args, const gchar *))
      g_ptr_array_add (sandbox->options, g_strdup (option));
  va_end (args);
  sandbox->directory = kling_test_make_tree ("test-sandbox");
  launch (sandbox);
  sandbox->url = g_strdup_printf ("http://127.0.0.1:%u", sandbox->port);
  return sandbox;
}

static void
terminate (KlingTestSandbox * sandbox)
{
  gint status = 0;

  if (sandbox->pid == 0)
    return;
  kill (sandbox->pid, SIGTERM);
  if (!wait_for_end (sandbox, PATIENCE, &status))
    g_error ("The sandbox does not end");
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    g_error ("The sandbox ended with status %d", status);
}

/**
 * kling_test_sandbox_stop:
 * @sandbox: (transfer full): a sandbox
 *
 * Ends it as a user would; it must exit with 0.
 */
void
kling_test_sandbox_stop (KlingTestSandbox * sandbox)
{
  terminate (sandbox);
  kling_test_remove_tree (sandbox->directory);
  g_ptr_array_unref (sandbox->options);
  g_free (sandbox->directory);
  g_free (sandbox->url);
  g_free (sandbox);
}

/**
 * kling_test_sandbox_kill:
 * @sandbox: a running sandbox
 *
 * Ends it as a power cut would. Its state stays.
 */
void
kling_test_sandbox_kill (KlingTestSandbox * sandbox)
{
  gint status;

  kill (sandbox->pid, SIGKILL);
  if (!wait_for_end (sandbox, PATIENCE, &status))
    g_error ("The sandbox cannot be killed");
}

/**
 * kling_test_sandbox_restart:
 * @sandbox: a sandbox, running or killed
 *
 * Starts it again with its options, its state and its port.
 */
void
kling_test_sandbox_restart (KlingTestSandbox * sandbox)
{
  guint port = sandbox->port;

  terminate (sandbox);
  launch (sandbox);
  if (sandbox->port != port)
    g_error ("The sandbox came back on another port");
}

/**
 * kling_test_sandbox_get_url:
 * @sandbox: a sandbox
 *
 * Returns: (transfer none): its base URL
 */
const gchar *
kling_test_sandbox_get_url (KlingTestSandbox * sandbox)
{
  return sandbox->url;
}

/**
 * kling_test_sandbox_url:
 * @sandbox: a sandbox
 * @path: a path with its slash, such as "/sandbox/face.mp4"
 *
 * Returns: (transfer full): its URL
 */
gchar *
kling_test_sandbox_url (KlingTestSandbox * sandbox, const gchar * path)
{
  return g_strconcat (sandbox->url, path, NULL);
}

/* Sends one request and insists on a 2xx answer. */
static GBytes *
exchange (KlingTestSandbox * sandbox, const gchar * method, const gchar * path,
    const gchar * type, GBytes * body)
{
  g_autofree gchar *url = kling_test_sandbox_url (sandbox, path);
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (method, url);
  g_autoptr (GError) error = NULL;
  GBytes *answer;

  if (body)
    soup_message_set_request_body_from_bytes (message, type, body);
  answer = soup_session_send_and_read (session, message, NULL, &error);
  if (answer == NULL)
    g_error ("%s %s: %s", method, url, error->message);
  if (!SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message)))
    g_error ("%s %s: %u %.*s", method, url, soup_message_get_status (message),
        (gint) g_bytes_get_size (answer),
        (const gchar *) g_bytes_get_data (answer, NULL));
  return answer;
}

/**
 * kling_test_sandbox_get:
 * @sandbox: a sandbox
 * @path: a path that needs no key, such as "/sandbox/face.mp4"
 *
 * Returns: (transfer full): what is there
 */
GBytes *
kling_test_sandbox_get (KlingTestSandbox * sandbox, const gchar * path)
{
  return exchange (sandbox, "GET", path, NULL, NULL);
}

/**
 * kling_test_sandbox_put:
 * @sandbox: a sandbox
 * @path: a path below "/sandbox/uploads/"
 * @data: what shall be there
 */
void
kling_test_sandbox_put (KlingTestSandbox * sandbox, const gchar * path,
    GBytes * data)
{
  g_bytes_unref (exchange (sandbox, "PUT", path, "application/octet-stream",
          data));
}

/**
 * kling_test_sandbox_post:
 * @sandbox: a sandbox
 * @path: a path that needs no key, such as "/sandbox/clock"
 * @json: what is sent
 */
void
kling_test_sandbox_post (KlingTestSandbox * sandbox, const gchar * path,
    const gchar * json)
{
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  g_bytes_unref (exchange (sandbox, "POST", path, "application/json", body));
}

/**
 * kling_test_sandbox_get_json:
 * @sandbox: a sandbox
 * @path: a path that needs no key, such as "/sandbox/ledger"
 *
 * Returns: (transfer full): what is there, read as JSON
 */
JsonNode *
kling_test_sandbox_get_json (KlingTestSandbox * sandbox, const gchar * path)
{
  g_autoptr (GBytes) body = kling_test_sandbox_get (sandbox, path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  if (!json_parser_load_from_data (parser, g_bytes_get_data (body, NULL),
          (gssize) g_bytes_get_size (body), &error))
    g_error ("GET %s: %s", path, error->message);
  return json_parser_steal_root (parser);
}

/**
 * kling_test_sandbox_count:
 * @sandbox: a sandbox
 * @member: "paid", "identify" or "tts"
 *
 * Returns: what the ledger says
 */
gint64
kling_test_sandbox_count (KlingTestSandbox * sandbox, const gchar * member)
{
  g_autoptr (JsonNode) ledger =
      kling_test_sandbox_get_json (sandbox, "/sandbox/ledger");
  JsonObject *object = json_node_get_object (ledger);

  if (!json_object_has_member (object, member))
    g_error ("The ledger has no \"%s\"", member);
  return json_object_get_int_member (object, member);
}

/**
 * kling_test_sandbox_count_calls:
 * @sandbox: a sandbox
 * @kind: "create", "identify", "tts", "query", "upload" or "other"
 *
 * Returns: how many such calls have come, answered or not
 */
guint
kling_test_sandbox_count_calls (KlingTestSandbox * sandbox, const gchar * kind)
{
  g_autoptr (JsonNode) ledger =
      kling_test_sandbox_get_json (sandbox, "/sandbox/ledger");
  JsonArray *calls =
      json_object_get_array_member (json_node_get_object (ledger), "calls");
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);

    if (g_str_equal (json_object_get_string_member (call, "kind"), kind))
      n++;
  }
  return n;
}

/**
 * kling_test_sandbox_add_fault:
 * @sandbox: a sandbox
 * @format: printf format of an order, as JSON
 * @...: its arguments
 *
 * Orders a fault: {"match": {...}, "do": {...}, "times": N}, see
 * docs/sandbox.md.
 */
void
kling_test_sandbox_add_fault (KlingTestSandbox * sandbox, const gchar * format,
    ...)
{
  g_autofree gchar *json = NULL;
  va_list args;

  va_start (args, format);
  json = g_strdup_vprintf (format, args);
  va_end (args);
  kling_test_sandbox_post (sandbox, "/sandbox/faults", json);
}

/**
 * kling_test_sandbox_clear_faults:
 * @sandbox: a sandbox
 *
 * Takes all orders back.
 */
void
kling_test_sandbox_clear_faults (KlingTestSandbox * sandbox)
{
  g_bytes_unref (exchange (sandbox, "DELETE", "/sandbox/faults", NULL, NULL));
}
