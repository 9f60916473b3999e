/* klinglipsync tests: a server that answers from a script
 *
 * For answers that no honest server gives: it writes its bytes itself, so that
 * they can be cut, late, too many or nonsense. One thread accepts, one more
 * serves each connection; all of them end in kling_test_server_stop(). Start it
 * inside the test function: check forks for each test, and threads do not
 * survive that.
 *
 * The lock guards the script's counters and the log of calls. Logged calls are
 * not freed before the server stops, and of them only the bytes that were sent
 * are changed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-testserver.h"

#include <string.h>
#include <sys/socket.h>

#define MAX_BODY (64 * 1024 * 1024)

struct _KlingTestServer
{
  GSocket *socket;
  guint16 port;
  GThread *thread;
  GCancellable *stopping;

  GMutex lock;
  GCond changed;                /* a call was logged, or the server stops */
  GPtrArray *connections;       /* of GThread; only the accepting thread adds */
  GPtrArray *calls;
  gchar *external_id;           /* that came last */
  KlingTestStep *steps;
  guint *used;
  guint n_steps;
};

typedef struct
{
  KlingTestServer *server;
  GSocketConnection *stream;
  GDataInputStream *input;
  guint number;
  KlingTestCall *call;          /* that is answered */
} Connection;

static void
call_free (gpointer data)
{
  KlingTestCall *call = data;

  g_free (call->method);
  g_free (call->path);
  g_free (call->authorization);
  g_free (call->head);
  g_clear_pointer (&call->body, g_bytes_unref);
  g_free (call);
}

static gchar *
find_header (const gchar * head, const gchar * name)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);
  gsize n = strlen (name);

  for (guint i = 1; lines[0] && lines[i]; i++)
    if (g_ascii_strncasecmp (lines[i], name, n) == 0 && lines[i][n] == ':')
      return g_strstrip (g_strdup (lines[i] + n + 1));
  return NULL;
}

static gchar *
read_head (Connection * connection)
{
  g_autoptr (GString) head = g_string_new (NULL);

  for (;;) {
    g_autofree gchar *line = g_data_input_stream_read_line (connection->input,
        NULL, connection->server->stopping, NULL);

    if (line == NULL)
      return NULL;
    if (*line == '\0')
      return g_string_free (g_steal_pointer (&head), FALSE);
    g_string_append_printf (head, "%s\r\n", line);
  }
}

static GBytes *
read_body (Connection * connection, const gchar * head)
{
  g_autofree gchar *length = find_header (head, "Content-Length");
  gsize size = length ? g_ascii_strtoull (length, NULL, 10) : 0, got = 0;
  g_autofree guint8 *data = NULL;

  if (size > MAX_BODY)
    return NULL;
  data = g_malloc0 (size + 1);
  g_input_stream_read_all (G_INPUT_STREAM (connection->input), data, size, &got,
      connection->server->stopping, NULL);
  if (got < size)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static KlingTestCall *
read_call (Connection * connection)
{
  g_autofree gchar *head = read_head (connection);
  g_auto (GStrv) words = g_strsplit (head ? head : "", " ", 3);
  gint64 time = g_get_monotonic_time ();
  KlingTestCall *call;
  GBytes *body;

  if (g_strv_length (words) < 3)
    return NULL;
  body = read_body (connection, head);
  if (body == NULL)
    return NULL;
  call = g_new0 (KlingTestCall, 1);
  call->method = g_strdup (words[0]);
  call->path = g_strdup (words[1]);
  call->authorization = find_header (head, "Authorization");
  call->head = g_steal_pointer (&head);
  call->body = body;
  call->time = time;
  call->connection = connection->number;
  return call;
}

static gboolean
matches (const KlingTestCall * call, const gchar * method, const gchar * path)
{
  return (method == NULL || g_str_equal (call->method, method))
      && (path == NULL || g_str_has_prefix (call->path, path));
}

static void
keep_external_id (KlingTestServer * server, const KlingTestCall * call)
{
  static const gchar name[] = "\"external_task_id\":\"";
  const gchar *body = g_bytes_get_data (call->body, NULL);
  const gchar *found = body ? strstr (body, name) : NULL;

  if (found == NULL)
    return;
  found += strlen (name);
  g_free (server->external_id);
  server->external_id = g_strndup (found, strcspn (found, "\""));
}

/* Logs the call and finds the step that answers it. */
static const KlingTestStep *
take_step (KlingTestServer * server, KlingTestCall * call)
{
  const KlingTestStep *found = NULL;

  g_mutex_lock (&server->lock);
  for (guint i = 0; i < server->n_steps && found == NULL; i++) {
    const KlingTestStep *step = &server->steps[i];

    if (!matches (call, step->method, step->path)
        || (step->times && server->used[i] == step->times))
      continue;
    server->used[i]++;
    found = step;
  }
  keep_external_id (server, call);
  g_ptr_array_add (server->calls, call);
  g_cond_broadcast (&server->changed);
  g_mutex_unlock (&server->lock);
  return found;
}

/* Returns: FALSE when the server stops */
static gboolean
pause_for (KlingTestServer * server, gint64 deadline)
{
  gboolean stopping;

  g_mutex_lock (&server->lock);
  while (!g_cancellable_is_cancelled (server->stopping)
      && g_get_monotonic_time () < deadline)
    g_cond_wait_until (&server->changed, &server->lock, deadline);
  stopping = g_cancellable_is_cancelled (server->stopping);
  g_mutex_unlock (&server->lock);
  return !stopping;
}

static gboolean
pause_ms (KlingTestServer * server, guint ms)
{
  return ms == 0
      || pause_for (server, g_get_monotonic_time () + (gint64) ms * 1000);
}

static gboolean
send_bytes (Connection * connection, const gchar * data, gsize size)
{
  GOutputStream *output =
      g_io_stream_get_output_stream (G_IO_STREAM (connection->stream));

  return g_output_stream_write_all (output, data, size, NULL,
      connection->server->stopping, NULL);
}

static gboolean
send_body (Connection * connection, const KlingTestStep * step, gsize size)
{
  gsize block = step->drip ? MAX (step->block, 1) : size;

  for (gsize done = 0; done < size; done += block) {
    gsize next = MIN (block, size - done);

    if (done > 0 && !pause_ms (connection->server, step->drip))
      return FALSE;
    if (!send_bytes (connection, step->body + done, next))
      return FALSE;
    g_mutex_lock (&connection->server->lock);
    connection->call->sent += next;
    g_mutex_unlock (&connection->server->lock);
  }
  return TRUE;
}

/* Returns: (transfer full) (nullable): the body of @step with what its mark
 * stands for; %NULL when it has none */
static gchar *
fill_in (KlingTestServer * server, const KlingTestStep * step)
{
  GString *body;

  if (step->size || step->body == NULL
      || strstr (step->body, KLING_TEST_EXTERNAL_MARK) == NULL)
    return NULL;
  body = g_string_new (step->body);
  g_mutex_lock (&server->lock);
  g_string_replace (body, KLING_TEST_EXTERNAL_MARK, server->external_id
      ? server->external_id : "", 0);
  g_mutex_unlock (&server->lock);
  return g_string_free (body, FALSE);
}

/* Returns: where the part begins that was asked for, 0 when all was */
static gsize
get_offset (Connection * connection, const KlingTestStep * step)
{
  g_autofree gchar *range = find_header (connection->call->head, "Range");
  g_autofree gchar *condition =
      find_header (connection->call->head, "If-Range");

  if (step->etag == NULL || range == NULL || !g_str_has_prefix (range, "bytes=")
      || (condition && !g_str_equal (condition, step->etag)))
    return 0;
  return g_ascii_strtoull (range + strlen ("bytes="), NULL, 10);
}

static gboolean
send_refusal (Connection * connection, gsize size)
{
  g_autofree gchar *head = g_strdup_printf ("HTTP/1.1 416 Scripted\r\n"
      "Content-Range: bytes */%" G_GSIZE_FORMAT "\r\nContent-Length: 0\r\n\r\n",
      size);

  return send_bytes (connection, head, strlen (head));
}

/* @whole becomes the part of it that was asked for. */
static void
cut_part (KlingTestStep * whole, gsize * size, gsize offset, GString * head)
{
  g_string_append_printf (head, "HTTP/1.1 206 Scripted\r\nContent-Range: bytes"
      " %" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT "\r\n",
      offset, *size - 1, *size);
  whole->body += offset;
  *size -= offset;
}

static gboolean
send_filled (Connection * connection, KlingTestStep * step)
{
  gsize size = step->size, offset = get_offset (connection, step);
  g_autoptr (GString) head = g_string_new (NULL);

  if (size == 0 && step->body)
    size = strlen (step->body);
  if (offset > 0 && offset >= size)
    return send_refusal (connection, size);
  if (offset > 0)
    cut_part (step, &size, offset, head);
  else
    g_string_printf (head, "HTTP/1.1 %u Scripted\r\n",
        step->status ? step->status : 200);
  if (step->headers)
    g_string_append (head, step->headers);
  if (step->etag)
    g_string_append_printf (head, "ETag: %s\r\n", step->etag);
  if (step->length >= 0)
    g_string_append_printf (head, "Content-Length: %" G_GINT64_FORMAT "\r\n",
        step->length ? step->length : (gint64) size);
  g_string_append (head, "\r\n");
  if (!send_bytes (connection, head->str, head->len)
      || !send_body (connection, step, step->send ? MIN (step->send, size) :
          size))
    return FALSE;
  return step->length == 0 && step->send == 0;
}

/* Returns: whether the connection may be used again */
static gboolean
send_answer (Connection * connection, const KlingTestStep * step)
{
  g_autofree gchar *body = fill_in (connection->server, step);
  KlingTestStep filled = *step;

  if (body)
    filled.body = body;
  return send_filled (connection, &filled);
}

/* With a linger time of 0, closing sends RST. */
static void
reset (Connection * connection)
{
  struct linger linger = { 1, 0 };
  GSocket *socket = g_socket_connection_get_socket (connection->stream);

  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
      sizeof linger);
}

static gboolean
act (Connection * connection, const KlingTestStep * step)
{
  if (!pause_ms (connection->server, step->delay))
    return FALSE;
  switch (step->act) {
    case KLING_TEST_ANSWER:
      return send_answer (connection, step);
    case KLING_TEST_RAW:
      send_body (connection, step,
          step->size ? step->size : strlen (step->body));
      return FALSE;
    case KLING_TEST_HANG:
      pause_for (connection->server, G_MAXINT64);
      return FALSE;
    case KLING_TEST_RESET:
      reset (connection);
      return FALSE;
    case KLING_TEST_CLOSE:
      return FALSE;
  }
  return FALSE;
}

static gpointer
serve (gpointer user_data)
{
  static const KlingTestStep none = {.status = 404,.body = "no such step" };
  Connection *connection = user_data;
  const KlingTestStep *step;
  KlingTestCall *call;

  do {
    call = read_call (connection);
    connection->call = call;
    step = call ? take_step (connection->server, call) : NULL;
  } while (call && act (connection, step ? step : &none));

  g_io_stream_close (G_IO_STREAM (connection->stream), NULL, NULL);
  g_object_unref (connection->input);
  g_object_unref (connection->stream);
  g_free (connection);
  return NULL;
}

static gpointer
accept_connections (gpointer user_data)
{
  KlingTestServer *server = user_data;

  for (;;) {
    g_autoptr (GSocket) socket =
        g_socket_accept (server->socket, server->stopping, NULL);
    Connection *connection;

    if (socket == NULL)
      return NULL;
    connection = g_new0 (Connection, 1);
    connection->server = server;
    connection->stream = g_socket_connection_factory_create_connection (socket);
    connection->input = g_data_input_stream_new (g_io_stream_get_input_stream
        (G_IO_STREAM (connection->stream)));
    g_data_input_stream_set_newline_type (connection->input,
        G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    g_mutex_lock (&server->lock);
    connection->number = server->connections->len + 1;
    g_ptr_array_add (server->connections, g_thread_new ("test-connection",
            serve, connection));
    g_mutex_unlock (&server->lock);
  }
}

static void
listen_on_loopback (KlingTestServer * server)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  server->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, &error);
  if (server->socket == NULL
      || !g_socket_bind (server->socket, any, TRUE, &error)
      || !g_socket_listen (server->socket, &error))
    g_error ("The test server cannot listen: %s", error->message);
  address = g_socket_get_local_address (server->socket, NULL);
  server->port =
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/**
 * kling_test_server_start:
 * @steps: (array length=n_steps): the script
 * @n_steps: its length
 *
 * Listens on a free port of 127.0.0.1. What no step matches is answered 404.
 *
 * Returns: (transfer full): the server, to be stopped in the same process
 */
KlingTestServer *
kling_test_server_start (const KlingTestStep * steps, guint n_steps)
{
  KlingTestServer *server = g_new0 (KlingTestServer, 1);

  g_mutex_init (&server->lock);
  g_cond_init (&server->changed);
  server->stopping = g_cancellable_new ();
  server->connections = g_ptr_array_new ();
  server->calls = g_ptr_array_new_with_free_func (call_free);
  server->steps = g_memdup2 (steps, n_steps * sizeof *steps);
  server->used = g_new0 (guint, n_steps);
  server->n_steps = n_steps;
  listen_on_loopback (server);
  server->thread = g_thread_new ("test-server", accept_connections, server);
  return server;
}

/**
 * kling_test_server_stop:
 * @server: (transfer full): the server
 *
 * Ends all connections and threads, and frees the calls.
 */
void
kling_test_server_stop (KlingTestServer * server)
{
  g_cancellable_cancel (server->stopping);
  g_mutex_lock (&server->lock);
  g_cond_broadcast (&server->changed);
  g_mutex_unlock (&server->lock);
  g_thread_join (server->thread);
  for (guint i = 0; i < server->connections->len; i++)
    g_thread_join (server->connections->pdata[i]);

  g_object_unref (server->socket);
  g_object_unref (server->stopping);
  g_ptr_array_unref (server->connections);
  g_ptr_array_unref (server->calls);
  g_free (server->external_id);
  g_free (server->steps);
  g_free (server->used);
  g_cond_clear (&server->changed);
  g_mutex_clear (&server->lock);
  g_free (server);
}

/**
 * kling_test_server_url:
 * @server: the server
 * @path: a path, with its slash
 *
 * Returns: (transfer full): its URL
 */
gchar *
kling_test_server_url (KlingTestServer * server, const gchar * path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", server->port, path);
}

/**
 * kling_test_server_count:
 * @server: the server
 * @method: (nullable): only this method
 * @path: (nullable): only paths that start so
 *
 * Returns: how many such calls have come
 */
guint
kling_test_server_count (KlingTestServer * server, const gchar * method,
    const gchar * path)
{
  guint n = 0;

  g_mutex_lock (&server->lock);
  for (guint i = 0; i < server->calls->len; i++)
    if (matches (server->calls->pdata[i], method, path))
      n++;
  g_mutex_unlock (&server->lock);
  return n;
}

/**
 * kling_test_server_sent:
 * @server: the server
 * @path: (nullable): only to calls of paths that start so
 *
 * Returns: how many bytes of bodies it has sent
 */
gsize
kling_test_server_sent (KlingTestServer * server, const gchar * path)
{
  gsize sent = 0;

  g_mutex_lock (&server->lock);
  for (guint i = 0; i < server->calls->len; i++) {
    const KlingTestCall *call = server->calls->pdata[i];

    if (matches (call, NULL, path))
      sent += call->sent;
  }
  g_mutex_unlock (&server->lock);
  return sent;
}

/**
 * kling_test_server_count_connections:
 * @server: the server
 *
 * Returns: how many connections were made
 */
guint
kling_test_server_count_connections (KlingTestServer * server)
{
  guint n;

  g_mutex_lock (&server->lock);
  n = server->connections->len;
  g_mutex_unlock (&server->lock);
  return n;
}

/**
 * kling_test_server_wait:
 * @server: the server
 * @n_calls: how many calls to wait for, in all
 * @milliseconds: how long at most
 *
 * Returns: whether they have come
 */
gboolean
kling_test_server_wait (KlingTestServer * server, guint n_calls,
    guint milliseconds)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) milliseconds * 1000;
  gboolean enough;

  g_mutex_lock (&server->lock);
  while (server->calls->len < n_calls
      && g_cond_wait_until (&server->changed, &server->lock, deadline));
  enough = server->calls->len >= n_calls;
  g_mutex_unlock (&server->lock);
  return enough;
}

/**
 * kling_test_server_call:
 * @server: the server
 * @index: which, counted from 0
 *
 * Returns: (nullable) (transfer none): that call, valid until the server stops
 */
const KlingTestCall *
kling_test_server_call (KlingTestServer * server, guint index)
{
  const KlingTestCall *call = NULL;

  g_mutex_lock (&server->lock);
  if (index < server->calls->len)
    call = server->calls->pdata[index];
  g_mutex_unlock (&server->lock);
  return call;
}
