/* klinglipsync: serving one file
 *
 * A SoupServer on a thread and a main context of its own, "kling-serve", which
 * lives from kling_upload_server_start() to kling_upload_server_stop(). All but
 * the constant fields belongs to that thread.
 *
 * Anyone may connect, so all is bounded: we accept connections ourselves, some
 * at a time, and each has to make progress. Bodies of requests are not kept.
 * There is no directory and no mapping of paths to files: a path is right or
 * not. Neither paths nor answers are logged.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-server.h"

#include <libsoup/soup.h>
#include <string.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"

/* A connection has this long for each request, and for each block of an
 * answer. */
#define PATIENCE (60 * KLING_SECOND)
#define PATIENT_BLOCK (256 * 1024)

struct _KlingUploadServer
{
  /* constant */
  gchar *path;
  gchar *content_type;
  GBytes *bytes;
  guint16 port;
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  GSocketListener *listener;

  /* of the thread */
  SoupServer *soup;
  GSource *sweeper;
  GCancellable *stopping;
  GPtrArray *connections;       /* of Connection */
  gboolean accepting;
};

typedef struct
{
  KlingUploadServer *server;
  GSocketConnection *stream;    /* not a reference: libsoup's */
  GSocketAddress *remote;       /* tells whose a message is */
  gint64 deadline;
  gsize moved;                  /* of the current block */
} Connection;

static void server_accept (KlingUploadServer * server);

/* --- connections --- */

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  g_clear_object (&connection->remote);
  g_free (connection);
}

static void
connection_be_patient (Connection * connection)
{
  connection->deadline = kling_clock_after (PATIENCE);
  connection->moved = 0;
}

/* libsoup has let go of the connection: there is room for another one. */
static void
connection_on_gone (gpointer user_data, GObject * stream)
{
  Connection *connection = user_data;
  KlingUploadServer *server = connection->server;

  g_ptr_array_remove_fast (server->connections, connection);
  server_accept (server);
}

/* libsoup reads the end of the connection, and closes it. */
static void
connection_end (gpointer data, gpointer user_data)
{
  Connection *connection = data;

  g_socket_shutdown (g_socket_connection_get_socket (connection->stream), TRUE,
      TRUE, NULL);
}

static Connection *
find_connection (KlingUploadServer * server, SoupServerMessage * message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  for (guint i = 0; i < server->connections->len; i++) {
    Connection *connection = server->connections->pdata[i];

    if (connection->remote == remote)
      return connection;
  }
  return NULL;
}

static void
server_adopt (KlingUploadServer * server, GSocketConnection * stream)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (stream, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (stream, NULL);
  Connection *connection;

  /* it may be gone already */
  if (local == NULL || remote == NULL)
    return;
  connection = g_new0 (Connection, 1);
  connection->server = server;
  connection->stream = stream;
  connection->remote = g_object_ref (remote);
  connection_be_patient (connection);
  g_ptr_array_add (server->connections, connection);
  g_object_weak_ref (G_OBJECT (stream), connection_on_gone, connection);
  soup_server_accept_iostream (server->soup, G_IO_STREAM (stream), local,
      remote, NULL);
}

static void
server_on_accepted (GObject * source, GAsyncResult * result, gpointer user_data)
{
  KlingUploadServer *server = user_data;
  g_autoptr (GSocketConnection) stream = g_socket_listener_accept_finish
      (G_SOCKET_LISTENER (source), result, NULL, NULL);

  server->accepting = FALSE;
  if (stream == NULL)
    return;                     /* stopping, or out of files: see the sweeper */
  server_adopt (server, stream);
  server_accept (server);
}

static void
server_accept (KlingUploadServer * server)
{
  if (server->accepting || g_cancellable_is_cancelled (server->stopping)
      || server->connections->len >= KLING_UPLOAD_SERVER_CONNECTIONS)
    return;
  server->accepting = TRUE;
  g_socket_listener_accept_async (server->listener, server->stopping,
      server_on_accepted, server);
}

static gboolean
server_sweep (gpointer user_data)
{
  KlingUploadServer *server = user_data;
  gint64 now = kling_clock_now ();

  for (guint i = 0; i < server->connections->len; i++) {
    Connection *connection = server->connections->pdata[i];

    if (now >= connection->deadline)
      connection_end (connection, NULL);
  }
  server_accept (server);
  return G_SOURCE_CONTINUE;
}

/* --- requests --- */

static void
server_on_wrote (SoupServerMessage * message, guint size, gpointer user_data)
{
  Connection *connection = find_connection (user_data, message);

  if (connection == NULL)
    return;
  connection->moved += size;
  if (connection->moved >= PATIENT_BLOCK)
    connection_be_patient (connection);
}

static void
server_on_finished (SoupServer * soup, SoupServerMessage * message,
    gpointer user_data)
{
  Connection *connection = find_connection (user_data, message);

  if (connection != NULL)
    connection_be_patient (connection);
}

/* Runs when the headers of a request have come. */
static void
server_on_headers (SoupServer * soup, SoupServerMessage * message,
    const gchar * path, GHashTable * query, gpointer user_data)
{
  soup_message_body_set_accumulate (soup_server_message_get_request_body
      (message), FALSE);
}

/* Returns: whether there is a range; libsoup would copy the whole file for it.
 * Several ranges, and those for another version of the file, get all of it, as
 * they may. */
static gboolean
find_range (SoupMessageHeaders * headers, goffset size, goffset * start,
    goffset * end)
{
  SoupRange *ranges = NULL;
  gint n_ranges = 0;
  gboolean found = soup_message_headers_get_one (headers, "If-Range") == NULL
      && soup_message_headers_get_ranges (headers, size, &ranges, &n_ranges)
      && n_ranges == 1;

  if (found) {
    *start = MAX (ranges[0].start, 0);
    *end = ranges[0].end < 0 ? size - 1 : MIN (ranges[0].end, size - 1);
  }
  if (ranges != NULL)
    soup_message_headers_free_ranges (headers, ranges);
  return found;
}

static void
answer_part (SoupServerMessage * message, GBytes * bytes, goffset start,
    goffset end)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);
  goffset size = g_bytes_get_size (bytes);
  g_autoptr (GBytes) part = NULL;

  if (start > end) {
    g_autofree gchar *none = g_strdup_printf ("bytes */%" G_GOFFSET_FORMAT,
        size);

    soup_message_headers_replace (headers, "Content-Range", none);
    soup_server_message_set_status (message, 416, NULL);
    return;
  }
  part = g_bytes_new_from_bytes (bytes, start, end - start + 1);
  soup_message_headers_set_content_range (headers, start, end, size);
  soup_server_message_set_status (message, SOUP_STATUS_PARTIAL_CONTENT, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body
      (message), part);
}

static void
server_answer_get (KlingUploadServer * server, SoupServerMessage * message)
{
  SoupMessageHeaders *asked = soup_server_message_get_request_headers (message);
  goffset start, end;

  g_signal_connect (message, "wrote-body-data", G_CALLBACK (server_on_wrote),
      server);
  if (find_range (asked, g_bytes_get_size (server->bytes), &start, &end)) {
    answer_part (message, server->bytes, start, end);
    return;
  }
  /* or libsoup would look at it */
  soup_message_headers_remove (asked, "Range");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body
      (message), server->bytes);
}

static void
server_on_request (SoupServer * soup, SoupServerMessage * message,
    const gchar * path, GHashTable * query, gpointer user_data)
{
  KlingUploadServer *server = user_data;
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);
  const gchar *method = soup_server_message_get_method (message);
  const gchar *asked = g_uri_get_path (soup_server_message_get_uri (message));
  gboolean is_head = method == SOUP_METHOD_HEAD;

  if (strcmp (asked, server->path) != 0
      || (!is_head && method != SOUP_METHOD_GET)) {
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
    return;
  }
  soup_message_headers_set_content_type (headers, server->content_type, NULL);
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  /* a proxy in front of us must not go on serving it */
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  if (is_head) {
    soup_message_headers_set_content_length (headers,
        g_bytes_get_size (server->bytes));
    soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  } else {
    server_answer_get (server, message);
  }
}

/* --- the thread --- */

static void
server_begin (KlingUploadServer * server)
{
  server->stopping = g_cancellable_new ();
  server->connections = g_ptr_array_new_with_free_func (connection_free);
  server->soup = soup_server_new (NULL, NULL);
  soup_server_add_early_handler (server->soup, NULL, server_on_headers, server,
      NULL);
  soup_server_add_handler (server->soup, NULL, server_on_request, server, NULL);
  g_signal_connect (server->soup, "request-finished",
      G_CALLBACK (server_on_finished), server);

  server->sweeper = g_timeout_source_new_seconds (1);
  g_source_set_callback (server->sweeper, server_sweep, server, NULL);
  g_source_attach (server->sweeper, server->context);
  server_accept (server);
}

static void
server_end (KlingUploadServer * server)
{
  g_cancellable_cancel (server->stopping);
  g_source_destroy (server->sweeper);
  g_source_unref (server->sweeper);
  g_socket_listener_close (server->listener);
  g_ptr_array_foreach (server->connections, connection_end, NULL);
  soup_server_disconnect (server->soup);
  while (g_main_context_iteration (server->context, FALSE));
  g_object_unref (server->soup);
  /* what libsoup still holds must not call us */
  for (guint i = 0; i < server->connections->len; i++) {
    Connection *connection = server->connections->pdata[i];

    g_object_weak_unref (G_OBJECT (connection->stream), connection_on_gone,
        connection);
  }
  g_ptr_array_unref (server->connections);
  g_object_unref (server->stopping);
}

static gpointer
server_run (gpointer user_data)
{
  KlingUploadServer *server = user_data;

  g_main_context_push_thread_default (server->context);
  server_begin (server);
  g_main_loop_run (server->loop);
  server_end (server);
  g_main_context_pop_thread_default (server->context);
  return NULL;
}

/* Runs on the thread, so never before its loop does. */
static gboolean
server_quit (gpointer user_data)
{
  KlingUploadServer *server = user_data;

  g_main_loop_quit (server->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
server_listen (KlingUploadServer * server, guint16 port, gboolean everywhere,
    GError ** error)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback,
      port);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) cause = NULL;

  server->port = port;
  if (everywhere && port == 0)
    server->port = g_socket_listener_add_any_inet_port (server->listener, NULL,
        &cause);
  else if (everywhere)
    g_socket_listener_add_inet_port (server->listener, port, NULL, &cause);
  else if (g_socket_listener_add_address (server->listener, wanted,
          G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, &got, &cause))
    server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  if (cause == NULL)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The file cannot be served on port %u: %s. Choose another port in the"
      " property upload; serve:0 takes any free one.", port, cause->message);
  return FALSE;
}

static void
server_free (KlingUploadServer * server)
{
  g_object_unref (server->listener);
  g_main_loop_unref (server->loop);
  g_main_context_unref (server->context);
  g_bytes_unref (server->bytes);
  g_free (server->content_type);
  g_free (server->path);
  g_free (server);
}

/**
 * kling_upload_server_start:
 * @port: where to listen; 0 for any free port
 * @everywhere: on all addresses of this machine, or on loopback only
 * @path: the one path that there is
 * @content_type: what is under it
 * @bytes: the file
 * @error: set to %KLING_ERROR_SETTINGS when the port cannot be used, and
 *   %KLING_ERROR_LOCAL
 *
 * Returns: (transfer full) (nullable): the server, which accepts connections
 */
KlingUploadServer *
kling_upload_server_start (guint16 port, gboolean everywhere,
    const gchar * path, const gchar * content_type, GBytes * bytes,
    GError ** error)
{
  KlingUploadServer *server = g_new0 (KlingUploadServer, 1);

  server->path = g_strdup (path);
  server->content_type = g_strdup (content_type);
  server->bytes = g_bytes_ref (bytes);
  server->context = g_main_context_new ();
  server->loop = g_main_loop_new (server->context, FALSE);
  server->listener = g_socket_listener_new ();
  if (!server_listen (server, port, everywhere, error)) {
    server_free (server);
    return NULL;
  }
  server->thread = g_thread_try_new ("kling-serve", server_run, server, NULL);
  if (server->thread == NULL) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "No thread could be started to serve the file; the machine is out of"
        " threads or memory.");
    server_free (server);
    return NULL;
  }
  KLING_INFO ("serving the file on port %u", server->port);
  return server;
}

/**
 * kling_upload_server_get_port:
 * @server: a server
 *
 * Returns: where it listens
 */
guint16
kling_upload_server_get_port (const KlingUploadServer * server)
{
  return server->port;
}

/**
 * kling_upload_server_stop:
 * @server: (transfer full): a server
 *
 * Ends all connections. Waits for the thread, which waits for nothing.
 */
void
kling_upload_server_stop (KlingUploadServer * server)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, server_quit, server, NULL);
  g_source_attach (source, server->context);
  g_thread_join (server->thread);
  server_free (server);
}
