/* klinglipsync: serving files
 *
 * One server per port, for all files of this process: a SoupServer on a thread
 * and a main context of its own, "kling-serve", which lives from the first file
 * to the last one. servers_lock guards the list of servers and their tables of
 * files; it is never held while anything is sent, received or waited for. The
 * rest of a server is constant or belongs to its thread.
 *
 * Anyone may connect, so all is bounded: we accept connections ourselves, some
 * at a time, and each has to make progress. One that waits for its request
 * makes room for the next one. Bodies of requests are not kept. There is no
 * directory and no mapping of paths to files: a path is in the table or not.
 * Neither paths nor answers are logged.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-upload-server.h"

#include <libsoup/soup.h>
#include <string.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"

/* A connection is for one request: libsoup keeps none that we have accepted. It
 * has this long until its request has come, ... */
#define REQUEST_PATIENCE (5 * KLING_SECOND)
/* ... and this long for each block of a file. */
#define PATIENCE (60 * KLING_SECOND)
#define PATIENT_BLOCK (256 * 1024)

typedef struct
{
  /* under servers_lock */
  GHashTable *files;            /* of KlingServedFile, by their paths */
  gboolean is_ending;

  /* constant */
  gboolean everywhere;
  guint16 port;
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  GSocketListener *listener;

  /* of the thread */
  SoupServer *soup;
  GSource *sweeper;
  GCancellable *stopping;
  GPtrArray *connections;       /* of Connection, the oldest first */
  GSocketConnection *next;      /* waits for room among them */
  gboolean accepting;
} Server;

/* Constant. @server is there as long as the owner has not freed the file; what
 * else is here, as long as someone reads it. */
struct _KlingServedFile
{
  Server *server;
  gchar *path;
  gchar *content_type;
  GBytes *bytes;
};

typedef struct
{
  Server *server;
  GSocketConnection *stream;    /* not a reference: libsoup's */
  GSocketAddress *remote;       /* tells whose a message is */
  gint64 deadline;
  gsize moved;                  /* of the current block */
  gboolean gets_file;           /* its request has come, and is a good one */
  gboolean is_ending;
} Connection;

static GMutex servers_lock;
static GCond servers_cond;      /* a server has ended */
static GSList *servers;

static void server_admit (Server * server);

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
  connection->deadline = kling_clock_after (connection->gets_file ? PATIENCE
      : REQUEST_PATIENCE);
  connection->moved = 0;
}

/* libsoup has let go of the connection: there is room for another one. */
static void
connection_on_gone (gpointer user_data, GObject * stream)
{
  Connection *connection = user_data;
  Server *server = connection->server;

  g_ptr_array_remove (server->connections, connection);
  server_admit (server);
}

/* libsoup reads the end of the connection, and closes it. */
static void
connection_end (gpointer data, gpointer user_data)
{
  Connection *connection = data;

  connection->is_ending = TRUE;
  g_socket_shutdown (g_socket_connection_get_socket (connection->stream), TRUE,
      TRUE, NULL);
}

static Connection *
find_connection (Server * server, SoupServerMessage * message)
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
server_adopt (Server * server, GSocketConnection * stream)
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

/* What has come and was not read yet may be a request. */
static gboolean
connection_is_idle (const Connection * connection)
{
  return !connection->gets_file && !(g_socket_condition_check
      (g_socket_connection_get_socket (connection->stream), G_IO_IN) & G_IO_IN);
}

/* Ends the oldest connection that only waits, unless one is ending already. */
static void
server_make_room (Server * server)
{
  Connection *idle = NULL;

  for (guint i = 0; i < server->connections->len; i++) {
    Connection *connection = server->connections->pdata[i];

    if (connection->is_ending)
      return;
    if (idle == NULL && connection_is_idle (connection))
      idle = connection;
  }
  if (idle != NULL)
    connection_end (idle, NULL);
}

static void
server_on_accepted (GObject * source, GAsyncResult * result, gpointer user_data)
{
  Server *server = user_data;

  server->accepting = FALSE;
  server->next = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source),
      result, NULL, NULL);
  /* without one: stopping, or out of files: see the sweeper */
  if (server->next != NULL)
    server_admit (server);
}

static void
server_accept (Server * server)
{
  if (server->accepting)
    return;
  server->accepting = TRUE;
  g_socket_listener_accept_async (server->listener, server->stopping,
      server_on_accepted, server);
}

/* Lets the next connection in, when there is room for it. */
static void
server_admit (Server * server)
{
  gboolean is_full =
      server->connections->len >= KLING_UPLOAD_SERVER_CONNECTIONS;
  g_autoptr (GSocketConnection) next = NULL;

  if (g_cancellable_is_cancelled (server->stopping))
    return;
  if (server->next != NULL && is_full) {
    server_make_room (server);
    return;
  }
  /* libsoup may read and answer before it returns */
  next = g_steal_pointer (&server->next);
  if (next != NULL)
    server_adopt (server, next);
  server_accept (server);
}

static gboolean
server_sweep (gpointer user_data)
{
  Server *server = user_data;
  gint64 now = kling_clock_now ();

  for (guint i = 0; i < server->connections->len; i++) {
    Connection *connection = server->connections->pdata[i];

    if (now >= connection->deadline)
      connection_end (connection, NULL);
  }
  server_admit (server);
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
answer_get (SoupServerMessage * message, GBytes * bytes)
{
  SoupMessageHeaders *asked = soup_server_message_get_request_headers (message);
  goffset start, end;

  if (find_range (asked, g_bytes_get_size (bytes), &start, &end)) {
    answer_part (message, bytes, start, end);
    return;
  }
  /* or libsoup would look at it */
  soup_message_headers_remove (asked, "Range");
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body
      (message), bytes);
}

/* From now on the connection has the time that a file takes. */
static void
server_follow (Server * server, SoupServerMessage * message)
{
  Connection *connection = find_connection (server, message);

  if (connection == NULL)
    return;
  connection->gets_file = TRUE;
  connection_be_patient (connection);
  g_signal_connect (message, "wrote-body-data", G_CALLBACK (server_on_wrote),
      server);
}

static void
server_answer (Server * server, SoupServerMessage * message,
    const KlingServedFile * file)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_response_headers (message);

  soup_message_headers_set_content_type (headers, file->content_type, NULL);
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  /* a proxy in front of us must not go on serving it */
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  if (soup_server_message_get_method (message) == SOUP_METHOD_GET) {
    server_follow (server, message);
    answer_get (message, file->bytes);
    return;
  }
  soup_message_headers_set_content_length (headers,
      g_bytes_get_size (file->bytes));
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

static void
file_clear (gpointer data)
{
  KlingServedFile *file = data;

  g_free (file->path);
  g_free (file->content_type);
  g_bytes_unref (file->bytes);
}

static void
file_unref (KlingServedFile * file)
{
  g_atomic_rc_box_release_full (file, file_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingServedFile, file_unref);

/* Returns: (transfer full) (nullable): the file under @path */
static KlingServedFile *
server_find_file (Server * server, const gchar * path)
{
  KlingServedFile *file;

  g_mutex_lock (&servers_lock);
  file = g_hash_table_lookup (server->files, path);
  if (file != NULL)
    g_atomic_rc_box_acquire (file);
  g_mutex_unlock (&servers_lock);
  return file;
}

static void
server_on_request (SoupServer * soup, SoupServerMessage * message,
    const gchar * path, GHashTable * query, gpointer user_data)
{
  Server *server = user_data;
  const gchar *method = soup_server_message_get_method (message);
  g_autoptr (KlingServedFile) file = server_find_file (server,
      g_uri_get_path (soup_server_message_get_uri (message)));

  soup_message_headers_replace (soup_server_message_get_response_headers
      (message), "Connection", "close");
  if (file != NULL && (method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD))
    server_answer (server, message, file);
  else
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
}

/* --- the thread --- */

static void
server_begin (Server * server)
{
  server->stopping = g_cancellable_new ();
  server->connections = g_ptr_array_new_with_free_func (connection_free);
  server->soup = soup_server_new (NULL, NULL);
  soup_server_add_early_handler (server->soup, NULL, server_on_headers, server,
      NULL);
  soup_server_add_handler (server->soup, NULL, server_on_request, server, NULL);

  server->sweeper = g_timeout_source_new_seconds (1);
  g_source_set_callback (server->sweeper, server_sweep, server, NULL);
  g_source_attach (server->sweeper, server->context);
  server_admit (server);
}

static void
server_end (Server * server)
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
  g_clear_object (&server->next);
  g_object_unref (server->stopping);
}

static gpointer
server_run (gpointer user_data)
{
  Server *server = user_data;

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
  Server *server = user_data;

  g_main_loop_quit (server->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
server_listen (Server * server, guint16 port, GError ** error)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback,
      port);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) cause = NULL;

  server->port = port;
  if (server->everywhere && port == 0)
    server->port = g_socket_listener_add_any_inet_port (server->listener, NULL,
        &cause);
  else if (server->everywhere)
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
server_free (Server * server)
{
  g_object_unref (server->listener);
  g_main_loop_unref (server->loop);
  g_main_context_unref (server->context);
  g_hash_table_unref (server->files);
  g_free (server);
}

static gboolean
server_start (Server * server, guint16 port, GError ** error)
{
  if (!server_listen (server, port, error))
    return FALSE;
  server->thread = g_thread_try_new ("kling-serve", server_run, server, NULL);
  if (server->thread != NULL)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "No thread could be started to serve the file; the machine is out of"
      " threads or memory.");
  return FALSE;
}

/* Ends all connections. Waits for the thread, which waits for nothing. Then the
 * port is free. */
static void
server_stop (Server * server)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, server_quit, server, NULL);
  g_source_attach (source, server->context);
  g_thread_join (server->thread);

  g_mutex_lock (&servers_lock);
  servers = g_slist_remove (servers, server);
  g_cond_broadcast (&servers_cond);
  g_mutex_unlock (&servers_lock);
  server_free (server);
}

/* --- all servers --- */

/* Called with servers_lock held. Returns: (transfer full) (nullable): a server
 * without files; to listen waits for nothing */
static Server *
server_new_locked (guint16 port, gboolean everywhere, GError ** error)
{
  Server *server = g_new0 (Server, 1);

  server->everywhere = everywhere;
  server->files = g_hash_table_new (g_str_hash, g_str_equal);
  server->context = g_main_context_new ();
  server->loop = g_main_loop_new (server->context, FALSE);
  server->listener = g_socket_listener_new ();
  if (!server_start (server, port, error)) {
    server_free (server);
    return NULL;
  }
  servers = g_slist_prepend (servers, server);
  return server;
}

/* Called with servers_lock held. A port is not free before its last server has
 * ended; that is soon. */
static void
wait_for_port_locked (guint16 port)
{
  GSList *item = servers;

  while (item != NULL) {
    const Server *server = item->data;

    if (server->is_ending && server->port == port) {
      kling_clock_wait (&servers_cond, &servers_lock, KLING_NEVER);
      item = servers;
    } else {
      item = item->next;
    }
  }
}

/* Called with servers_lock held. Returns: (transfer none) (nullable) */
static Server *
find_server_locked (guint16 port, gboolean everywhere)
{
  for (GSList * item = servers; item != NULL; item = item->next) {
    Server *server = item->data;

    if (!server->is_ending && server->everywhere == everywhere
        && (port == 0 || server->port == port))
      return server;
  }
  return NULL;
}

/* Called with servers_lock held. Returns: (transfer none) (nullable) */
static Server *
ensure_server_locked (guint16 port, gboolean everywhere, GError ** error)
{
  Server *server;

  wait_for_port_locked (port);
  server = find_server_locked (port, everywhere);
  return server ? server : server_new_locked (port, everywhere, error);
}

/**
 * kling_served_file_new:
 * @port: where to listen; 0 for the port that there is, or any free one
 * @everywhere: on all addresses of this machine, or on loopback only
 * @path: its path, which no other file has
 * @content_type: its media type
 * @bytes: what it holds
 * @error: set to %KLING_ERROR_SETTINGS when the port cannot be used, and
 *   %KLING_ERROR_LOCAL
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the file, which can be read from now on
 */
KlingServedFile *
kling_served_file_new (guint16 port, gboolean everywhere, const gchar * path,
    const gchar * content_type, GBytes * bytes, GError ** error)
{
  KlingServedFile *file = g_atomic_rc_box_new0 (KlingServedFile);

  file->path = g_strdup (path);
  file->content_type = g_strdup (content_type);
  file->bytes = g_bytes_ref (bytes);

  g_mutex_lock (&servers_lock);
  file->server = ensure_server_locked (port, everywhere, error);
  if (file->server != NULL)
    g_hash_table_insert (file->server->files, file->path, file);
  g_mutex_unlock (&servers_lock);

  if (file->server == NULL) {
    file_unref (file);
    return NULL;
  }
  KLING_INFO ("serving the file on port %u", file->server->port);
  return file;
}

/**
 * kling_served_file_get_port:
 * @file: a file that is served
 *
 * Returns: where it is served
 */
guint16
kling_served_file_get_port (const KlingServedFile * file)
{
  return file->server->port;
}

/**
 * kling_served_file_free:
 * @file: (transfer full): a file that is served
 *
 * Waits for nobody who reads it: who has begun may go on as long as other files
 * are served on this port, and is cut off otherwise. May be called from any
 * thread.
 */
void
kling_served_file_free (KlingServedFile * file)
{
  Server *server = file->server;
  gboolean is_last;

  g_mutex_lock (&servers_lock);
  g_hash_table_remove (server->files, file->path);
  is_last = g_hash_table_size (server->files) == 0;
  server->is_ending = is_last;
  g_mutex_unlock (&servers_lock);

  file_unref (file);
  if (is_last)
    server_stop (server);
}
