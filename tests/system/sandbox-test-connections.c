/* Connections that kling-sandbox keeps, and how they end.
 *
 * Spoken by hand, because every client library closes connections in its own
 * way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>
#include <sys/socket.h>

#include "sandbox-test.h"

#define REQUEST "GET /sandbox HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define ANSWER "HTTP/1.1 200 "
/* The last words of its body */
#define LAST_WORDS "--help\"}"

#define CONNECTIONS 100
/* What the sandbox may have open for other reasons */
#define SPARE 20
#define PATIENCE (30 * G_USEC_PER_SEC)

static GSocketConnection *
open_connection (Box * box)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, 30);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", box->port,
      NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static void
send_text (GSocketConnection * connection, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM
          (connection)), text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Reads one whole answer. */
static void
read_answer (GSocketConnection * connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  char chunk[4096];
  gssize n;

  while (!g_str_has_suffix (text->str, LAST_WORDS)) {
    n = g_input_stream_read (in, chunk, sizeof chunk, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpint (n, >, 0);
    g_string_append_len (text, chunk, n);
  }
  g_assert_true (g_str_has_prefix (text->str, ANSWER));
}

static void
ask (GSocketConnection * connection)
{
  send_text (connection, REQUEST);
  read_answer (connection);
}

static guint
count_descriptors (Box * box)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/fd",
      g_subprocess_get_identifier (box->process));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* ---- how a client goes ---- */

static void
go_at_once (GSocketConnection * connection)
{
}

static void
go_in_request (GSocketConnection * connection)
{
  send_text (connection, "GET /sandbox HTT");
}

static void
go_after_answer (GSocketConnection * connection)
{
  ask (connection);
}

static void
go_after_three (GSocketConnection * connection)
{
  for (guint i = 0; i < 3; i++)
    ask (connection);
}

/* Its data and its end arrive together. */
static void
go_without_answer (GSocketConnection * connection)
{
  ask (connection);
  send_text (connection, REQUEST);
}

static void
go_half (GSocketConnection * connection)
{
  send_text (connection, REQUEST);
  g_socket_shutdown (g_socket_connection_get_socket (connection), FALSE, TRUE,
      NULL);
  read_answer (connection);
}

static void
go_with_reset (GSocketConnection * connection)
{
  struct linger linger = { 1, 0 };

  ask (connection);
  setsockopt (g_socket_get_fd (g_socket_connection_get_socket (connection)),
      SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void
go_with_garbage (GSocketConnection * connection)
{
  ask (connection);
  send_text (connection, "What?\r\n\r\n");
}

static void (*const ways[]) (GSocketConnection * connection) = {
  go_at_once, go_in_request, go_after_answer, go_after_three,
  go_without_answer, go_half, go_with_reset, go_with_garbage,
};

/* However clients go, their connections are closed here, too: else nobody would
 * get an answer any more after some thousands. */
static void
test_ends (void)
{
  g_autoptr (Box) box = start_with_clip ();
  guint before = count_descriptors (box);

  for (guint way = 0; way < G_N_ELEMENTS (ways); way++) {
    gint64 deadline = g_get_monotonic_time () + PATIENCE;

    for (guint i = 0; i < CONNECTIONS; i++) {
      g_autoptr (GSocketConnection) connection = open_connection (box);

      ways[way] (connection);
    }
    while (count_descriptors (box) > before + SPARE) {
      if (g_get_monotonic_time () > deadline)
        g_error ("way %u leaves %u descriptors open", way,
            count_descriptors (box) - before);
      g_usleep (20000);
    }
  }
}

/* One that stays may go on asking, whoever else goes. */
static void
test_kept (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GSocketConnection) kept = open_connection (box);

  for (guint i = 0; i < CONNECTIONS; i++) {
    g_autoptr (GSocketConnection) other = open_connection (box);

    ask (kept);
    ask (other);
  }
  ask (kept);
}

/* Until the connection ends. Returns: how many answers have come */
static guint
count_answers (GSocketConnection * connection)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GString) text = g_string_new (NULL);
  char chunk[4096];
  guint answers = 0;
  gssize n;

  while ((n = g_input_stream_read (in, chunk, sizeof chunk, NULL, NULL)) > 0)
    g_string_append_len (text, chunk, n);
  for (const char *at = text->str; (at = strstr (at, ANSWER)); at++)
    answers++;
  return answers;
}

/* Several requests at once get their answers in turn. */
static void
test_pipelined (void)
{
  g_autoptr (Box) box = start_with_clip ();
  g_autoptr (GSocketConnection) connection = open_connection (box);

  send_text (connection, REQUEST REQUEST);
  send_text (connection, "GET /sandbox HTTP/1.1\r\nHost: localhost\r\n"
      "Connection: close\r\n\r\n");
  g_assert_cmpuint (count_answers (connection), ==, 3);
}

void
add_connection_tests (void)
{
  g_test_add_func ("/sandbox/connections/ends", test_ends);
  g_test_add_func ("/sandbox/connections/kept", test_kept);
  g_test_add_func ("/sandbox/connections/pipelined", test_pipelined);
}
