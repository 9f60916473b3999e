/* klinglipsync: tests of the places that serve: this process itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <libsoup/soup.h>
#include "kling-clock.h"
#include "kling-error.h"
#include "kling-log.h"
#include "kling-upload.h"
#include "kling-upload-server.h"

#define DIGEST \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* The minute that connections have is twenty seconds of the machine. */
#define SPEED "3"
/* What connections without a request have, and much less than that minute, in
 * microseconds of the machine */
#define SOON (12 * G_USEC_PER_SEC)
#define N_READERS 6
/* More than sockets and libsoup take on their own */
#define LARGE (24 * 1024 * 1024)

/* --- a file that is served --- */

typedef struct
{
  KlingHttp *http;
  KlingSpool *spool;
  KlingUpload *upload;
  KlingUploaded *uploaded;
  guint8 *bytes;
  gsize size;
} Served;

static KlingUploadWay
served_way (Served * served)
{
  KlingUploadWay way =
      { served->http, 100 * KLING_SECOND, 0, NULL, NULL, NULL, NULL };

  return way;
}

static Served *
served_new (const gchar * address, gsize size)
{
  KlingUploadConfig config = { address, NULL, NULL, TRUE };
  Served *served = g_new0 (Served, 1);
  KlingUploadFile file = { NULL, DIGEST, "wav", "audio/wav" };
  KlingUploadWay way;
  g_autoptr (GError) error = NULL;

  served->size = size;
  served->bytes = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    served->bytes[i] = (guint8) (i * 7 % 251);
  served->http = kling_http_new (NULL, NULL, "kling-test/1", NULL);
  served->spool = kling_spool_new ("speech");
  fail_unless (kling_spool_write (served->spool, served->bytes, size, NULL));
  fail_unless (kling_spool_finish (served->spool, NULL));
  served->upload = kling_upload_new (&config, &error);
  fail_unless (served->upload != NULL, "%s", error ? error->message : "");
  file.spool = served->spool;
  way = served_way (served);
  served->uploaded = kling_upload_prepare (served->upload, &file, &error);
  fail_unless (served->uploaded
      && kling_uploaded_put (served->uploaded, &file, &way, &error), "%s",
      error ? error->message : "");
  return served;
}

static void
served_free (Served * served)
{
  g_clear_pointer (&served->uploaded, kling_uploaded_free);
  kling_upload_unref (served->upload);
  kling_spool_unref (served->spool);
  kling_http_unref (served->http);
  g_free (served->bytes);
  g_free (served);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Served, served_free);

static const gchar *
served_url (Served * served)
{
  return kling_uploaded_get_url (served->uploaded);
}

static gint
served_port (Served * served)
{
  g_autoptr (GUri) uri = g_uri_parse (served_url (served), 0, NULL);

  return g_uri_get_port (uri);
}

static guint16
find_free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  fail_unless (port != 0);
  g_socket_listener_close (listener);
  return port;
}

/* --- a client --- */

typedef struct
{
  guint status;
  GBytes *body;
  gchar *range;
  gchar *length;
  gchar *type;
} Reply;

static void
reply_clear (Reply * reply)
{
  g_clear_pointer (&reply->body, g_bytes_unref);
  g_free (reply->range);
  g_free (reply->length);
  g_free (reply->type);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reply, reply_clear);

static Reply
ask (const gchar * method, const gchar * url, const gchar * name,
    const gchar * value)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher G_GNUC_UNUSED =
      g_main_context_pusher_new (context);
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("timeout", 20, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (method, url);
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  Reply reply = { 0 };

  if (name)
    soup_message_headers_append (soup_message_get_request_headers (message),
        name, value);
  reply.body = soup_session_send_and_read (session, message, NULL, NULL);
  reply.status = soup_message_get_status (message);
  reply.range = g_strdup (soup_message_headers_get_one (headers,
          "Content-Range"));
  reply.length = g_strdup (soup_message_headers_get_one (headers,
          "Content-Length"));
  reply.type = g_strdup (soup_message_headers_get_one (headers,
          "Content-Type"));
  return reply;
}

static void
check_body (const Reply * reply, const guint8 * bytes, gsize size)
{
  fail_unless (reply->body != NULL);
  fail_unless_equals_int (g_bytes_get_size (reply->body), size);
  fail_unless (size == 0 || memcmp (g_bytes_get_data (reply->body, NULL),
          bytes, size) == 0);
}

/* --- what is there --- */

GST_START_TEST (test_whole)
{
  static const gsize sizes[] = { 1, 1000, KLING_SPOOL_MEMORY + 4321 };
  g_autoptr (Served) served = served_new ("serve:0", sizes[__i__]);
  g_auto (Reply) get = ask ("GET", served_url (served), NULL, NULL);
  g_auto (Reply) head = ask ("HEAD", served_url (served), NULL, NULL);
  g_autofree gchar *length = g_strdup_printf ("%" G_GSIZE_FORMAT, served->size);

  fail_unless_equals_int (get.status, 200);
  check_body (&get, served->bytes, served->size);
  fail_unless_equals_string (get.type, "audio/wav");
  fail_unless_equals_string (get.length, length);
  fail_unless_equals_int (head.status, 200);
  fail_unless_equals_string (head.length, length);
  fail_unless_equals_string (head.type, "audio/wav");
  check_body (&head, NULL, 0);
}

GST_END_TEST;

static const struct
{
  const gchar *range;
  guint status;
  gsize start, size;
  const gchar *told;
} ranges[] = {
  {"bytes=0-0", 206, 0, 1, "bytes 0-0/1000"},
  {"bytes=10-19", 206, 10, 10, "bytes 10-19/1000"},
  {"bytes=990-", 206, 990, 10, "bytes 990-999/1000"},
  {"bytes=990-5000", 206, 990, 10, "bytes 990-999/1000"},
  {"bytes=-10", 206, 990, 10, "bytes 990-999/1000"},
  {"bytes=-5000", 206, 0, 1000, "bytes 0-999/1000"},
  {"bytes=1000-", 416, 0, 0, "bytes */1000"},
  {"bytes=1000-1001", 416, 0, 0, "bytes */1000"},
  {"bytes=5000-6000", 416, 0, 0, "bytes */1000"},
  {"bytes=-0", 416, 0, 0, "bytes */1000"},
  {"bytes=0-9,20-29", 200, 0, 1000, NULL},
  {"bytes=9-1", 200, 0, 1000, NULL},
  {"bytes=x", 200, 0, 1000, NULL},
  {"lines=1-2", 200, 0, 1000, NULL},
};

GST_START_TEST (test_range)
{
  g_autoptr (Served) served = served_new ("serve:0", 1000);
  g_auto (Reply) reply = ask ("GET", served_url (served), "Range",
      ranges[__i__].range);

  fail_unless_equals_int (reply.status, ranges[__i__].status);
  fail_unless_equals_string (reply.range, ranges[__i__].told);
  check_body (&reply, served->bytes + ranges[__i__].start, ranges[__i__].size);
}

GST_END_TEST;

GST_START_TEST (test_names)
{
  g_autoptr (Served) one = served_new ("serve:0", 10);
  g_autoptr (Served) two = served_new ("serve:0", 10);
  const gchar *path = strrchr (served_url (one), '/');
  g_autofree gchar *words = kling_uploaded_describe (one->uploaded);
  g_autofree gchar *said = g_strdup_printf ("cannot read %s!", path + 1);
  g_autofree gchar *redacted = kling_uploaded_redact (one->uploaded, said);

  fail_unless (g_regex_match_simple
      ("^http://127\\.0\\.0\\.1:[0-9]+/[0-9a-f]{32}\\.wav$", served_url (one),
          0, 0), "%s", served_url (one));
  fail_if (g_str_equal (path, strrchr (served_url (two), '/')));
  fail_unless_equals_int (served_port (one), served_port (two));
  fail_unless_equals_string (words, "the file served by this process");
  fail_unless_equals_string (redacted, "cannot read (the uploaded file)!");
  fail_unless (kling_upload_is_loopback (one->upload));
  fail_if (kling_uploaded_is_owed (one->uploaded));
}

GST_END_TEST;

/* --- what is not there --- */

GST_START_TEST (test_other_paths)
{
  g_autoptr (Served) served = served_new ("serve:0", 1000);
  const gchar *url = served_url (served);
  const gchar *path = strrchr (url, '/');
  g_autofree gchar *base = g_strndup (url, path - url);
  g_autofree gchar *token = g_strndup (path, strcspn (path, "."));
  const gchar *paths[] = { "", "/", "/etc/passwd", "/../../etc/passwd", "//",
    "/00000000000000000000000000000000.wav", token, NULL
  };
  static const gchar *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS",
    "PROPFIND", NULL
  };

  for (guint i = 0; paths[i] != NULL; i++) {
    g_autofree gchar *other = g_strconcat (base, paths[i], NULL);
    g_auto (Reply) reply = ask ("GET", other, NULL, NULL);

    fail_unless_equals_int (reply.status, 404);
  }
  for (guint i = 0; methods[i] != NULL; i++) {
    g_auto (Reply) reply = ask (methods[i], url, NULL, NULL);

    fail_unless_equals_int (reply.status, 404);
  }
}

GST_END_TEST;

/* --- how long it is there --- */

GST_START_TEST (test_check_and_end)
{
  g_autoptr (Served) served = served_new ("serve:0", 100000);
  g_autofree gchar *url = g_strdup (served_url (served));
  KlingUploadWay way = served_way (served);
  g_autoptr (GError) error = NULL;

  fail_unless (kling_uploaded_check (served->uploaded, &way, &error), "%s",
      error ? error->message : "");
  g_clear_pointer (&served->uploaded, kling_uploaded_free);

  g_auto (Reply) gone = ask ("GET", url, NULL, NULL);

  fail_unless_equals_int (gone.status, 0);
}

GST_END_TEST;

GST_START_TEST (test_remove)
{
  g_autoptr (Served) served = served_new ("serve:0", 10);
  KlingUploadWay way = served_way (served);

  fail_unless (kling_uploaded_remove (served->uploaded, &way, NULL));

  g_auto (Reply) gone = ask ("GET", served_url (served), NULL, NULL);

  fail_unless_equals_int (gone.status, 0);
  fail_unless (kling_uploaded_remove (served->uploaded, &way, NULL));
}

GST_END_TEST;

/* --- one port for several files --- */

static void
check_served (const gchar * url, guint status, gsize size)
{
  g_auto (Reply) reply = ask ("GET", url, NULL, NULL);

  fail_unless_equals_int (reply.status, status);
  if (status == 200)
    fail_unless_equals_int (g_bytes_get_size (reply.body), size);
}

/* The second round is that of the next job. */
GST_START_TEST (test_fixed_port)
{
  guint16 port = find_free_port ();
  g_autofree gchar *address = __i__ == 0 ? g_strdup_printf ("serve:%d", port) :
      g_strdup_printf ("serve:%d?public=http://127.0.0.1:%d/", port, port);

  for (guint i = 0; i < 2; i++) {
    g_autoptr (Served) video = served_new (address, 1000);
    g_autoptr (Served) audio = served_new (address, 2000);
    g_autofree gchar *video_url = g_strdup (served_url (video));
    g_autofree gchar *audio_url = g_strdup (served_url (audio));

    fail_unless_equals_int (served_port (video), port);
    fail_unless_equals_int (served_port (audio), port);
    check_served (video_url, 200, 1000);
    check_served (audio_url, 200, 2000);
    g_clear_pointer (&video->uploaded, kling_uploaded_free);
    check_served (video_url, 404, 0);
    check_served (audio_url, 200, 2000);
    g_clear_pointer (&audio->uploaded, kling_uploaded_free);
    check_served (audio_url, 0, 0);
  }
}

GST_END_TEST;

static gpointer
serve_often (gpointer user_data)
{
  for (guint i = 0; i < 1000; i++) {
    g_autoptr (Served) served = served_new (user_data, 1000 + i);

    if (i % 50 == 0)
      check_served (served_url (served), 200, 1000 + i);
  }
  return NULL;
}

/* Files come and go on one port, which often is that of a server that ends. */
GST_START_TEST (test_many_files)
{
  g_autofree gchar *address = g_strdup_printf ("serve:%d", find_free_port ());
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("server", serve_often, address);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

/* --- connections --- */

static GSocketConnection *
connect_to (const gchar * url)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_timeout (client, 20);
  g_socket_client_set_proxy_resolver (client, NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  return g_socket_client_connect_to_uri (client, url, 80, NULL, NULL);
}

static void
send_text (GSocketConnection * connection, const gchar * text)
{
  fail_unless_equals_int64 (g_socket_send (g_socket_connection_get_socket
          (connection), text, strlen (text), NULL, NULL), strlen (text));
}

static gboolean
can_read (GSocketConnection * connection, gint64 timeout)
{
  return g_socket_condition_timed_wait (g_socket_connection_get_socket
      (connection), G_IO_IN, timeout, NULL, NULL);
}

static gssize
receive (GSocketConnection * connection, gpointer data, gsize size)
{
  return g_socket_receive (g_socket_connection_get_socket (connection), data,
      size, NULL, NULL);
}

static void
check_answered (GSocketConnection * connection)
{
  gchar line[12];

  fail_unless_equals_int64 (receive (connection, line, sizeof line),
      sizeof line);
  fail_unless (strncmp (line, "HTTP/1.1 200", sizeof line) == 0);
}

static gchar *
make_request (Served * served)
{
  return g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
      strrchr (served_url (served), '/'));
}

/* Those that only wait make room, the oldest first, long before their time. */
GST_START_TEST (test_idle_make_room)
{
  g_autoptr (Served) served = NULL;
  GSocketConnection *idle[KLING_UPLOAD_SERVER_CONNECTIONS];
  g_autoptr (GSocketConnection) next = NULL;
  g_autofree gchar *request = NULL;
  gint64 begun;
  gchar byte;

  g_setenv ("KLING_TEST_SPEED", "1", TRUE);
  served = served_new ("serve:0", 1000);
  request = make_request (served);
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    fail_unless ((idle[i] = connect_to (served_url (served))) != NULL);
  next = connect_to (served_url (served));
  send_text (next, request);
  check_answered (next);
  fail_if (can_read (idle[1], 0));
  fail_unless_equals_int64 (receive (idle[0], &byte, 1), 0);
  fail_unless (g_get_monotonic_time () - begun < 4 * G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    g_clear_object (&idle[i]);
}

GST_END_TEST;

/* Those that get a file do not: the next one is served when one of them has
 * gone, and not before. */
GST_START_TEST (test_connection_bound)
{
  g_autoptr (Served) served = served_new ("serve:0", LARGE);
  GSocketConnection *readers[KLING_UPLOAD_SERVER_CONNECTIONS];
  g_autoptr (GSocketConnection) next = NULL;
  g_autofree gchar *request = make_request (served);

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++) {
    fail_unless ((readers[i] = connect_to (served_url (served))) != NULL);
    send_text (readers[i], request);
    check_answered (readers[i]);
  }
  next = connect_to (served_url (served));
  send_text (next, request);
  fail_if (can_read (next, 4 * G_USEC_PER_SEC));

  g_clear_object (&readers[3]);
  check_answered (next);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    g_clear_object (&readers[i]);
}

GST_END_TEST;

/* Half a request now and then is as good as none. One that was answered was the
 * last one. */
GST_START_TEST (test_idle_is_closed)
{
  g_autoptr (Served) served = served_new ("serve:0", 1000);
  g_autoptr (GSocketConnection) idle = connect_to (served_url (served));
  g_autoptr (GSocketConnection) slow = connect_to (served_url (served));
  g_autoptr (GSocketConnection) done = connect_to (served_url (served));
  g_autofree gchar *request = make_request (served);
  gint64 begun = g_get_monotonic_time ();
  gchar bytes[4096] = "";

  send_text (done, request);
  for (guint i = 0; i < 800; i++) {
    g_socket_send (g_socket_connection_get_socket (slow), "G", 1, NULL, NULL);
    if (can_read (slow, 50000))
      break;
  }
  fail_unless (g_get_monotonic_time () - begun < SOON);
  fail_unless_equals_int64 (receive (idle, bytes, 1), 0);
  check_answered (done);
  fail_unless (receive (done, bytes, sizeof bytes - 1) > 0);
  fail_unless (strstr (bytes, "\r\nConnection: close\r\n"));
  while (receive (done, bytes, sizeof bytes) > 0);
  fail_unless (g_get_monotonic_time () - begun < SOON);
}

GST_END_TEST;

/* A reader that takes the file in small bits, at some megabytes in a minute, is
 * not cut off; one that stops reading is. */
GST_START_TEST (test_slow_readers)
{
  g_autoptr (Served) served = NULL;
  g_autoptr (GSocketConnection) reader = NULL;
  g_autoptr (GSocketConnection) sleeper = NULL;
  g_autofree gchar *block = g_malloc (1024 * 1024);
  g_autofree gchar *request = NULL;
  gsize got = 0;

  served = served_new ("serve:0", LARGE);
  request = make_request (served);
  reader = connect_to (served_url (served));
  send_text (reader, request);
  sleeper = connect_to (served_url (served));
  send_text (sleeper, request);

  /* half a minute, which is a minute and a half on our clock */
  while (got < LARGE) {
    gssize n = receive (reader, block, 1024 * 1024);

    fail_unless (n > 0, "cut off after %" G_GSIZE_FORMAT, got);
    got += n;
    g_usleep (n * 5 / 4);
  }
  for (got = 0; got < LARGE;) {
    gssize n = receive (sleeper, block, 1024 * 1024);

    if (n <= 0)
      break;
    got += n;
  }
  fail_unless (got < LARGE);
}

GST_END_TEST;

static gpointer
read_often (gpointer user_data)
{
  Served *served = user_data;

  for (guint i = 0; i < 10; i++) {
    g_auto (Reply) reply = ask ("GET", served_url (served), NULL, NULL);

    fail_unless_equals_int (reply.status, 200);
    check_body (&reply, served->bytes, served->size);
  }
  return NULL;
}

GST_START_TEST (test_many_readers)
{
  g_autoptr (Served) served = served_new ("serve:0", 700000);
  GThread *threads[N_READERS];

  for (guint i = 0; i < N_READERS; i++)
    threads[i] = g_thread_new ("reader", read_often, served);
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (threads[i]);
}

GST_END_TEST;

/* Who reads a file when it goes gets all of it, if there is another one. */
GST_START_TEST (test_removed_while_read)
{
  g_autoptr (Served) other = served_new ("serve:0", 10);
  g_autoptr (Served) served = served_new ("serve:0", LARGE);
  g_autofree gchar *request = make_request (served);
  g_autofree gchar *url = g_strdup (served_url (served));
  g_autofree gchar *block = g_malloc (1024 * 1024);
  g_autoptr (GSocketConnection) reader = connect_to (url);
  gsize got = 0;
  gint64 begun;

  send_text (reader, request);
  check_answered (reader);
  begun = g_get_monotonic_time ();
  g_clear_pointer (&served->uploaded, kling_uploaded_free);
  fail_unless (g_get_monotonic_time () - begun < 10 * G_USEC_PER_SEC);
  check_served (url, 404, 0);
  while (got < LARGE) {
    gssize n = receive (reader, block, 1024 * 1024);

    fail_unless (n > 0, "cut off after %" G_GSIZE_FORMAT, got);
    got += n;
  }
  check_served (served_url (other), 200, 10);
}

GST_END_TEST;

/* Ends at once, with readers in the middle of the file and connections that
 * wait. */
GST_START_TEST (test_end_while_read)
{
  for (guint i = 0; i < 20; i++) {
    g_autoptr (Served) served = served_new ("serve:0", LARGE / 4);
    g_autofree gchar *request = make_request (served);
    GSocketConnection *readers[KLING_UPLOAD_SERVER_CONNECTIONS + 3];
    gint64 begun;
    gchar byte;

    for (guint k = 0; k < G_N_ELEMENTS (readers); k++) {
      readers[k] = connect_to (served_url (served));
      send_text (readers[k], request);
    }
    fail_unless_equals_int64 (receive (readers[0], &byte, 1), 1);
    begun = g_get_monotonic_time ();
    g_clear_pointer (&served->uploaded, kling_uploaded_free);
    fail_unless (g_get_monotonic_time () - begun < 10 * G_USEC_PER_SEC);
    for (guint k = 0; k < G_N_ELEMENTS (readers); k++)
      g_object_unref (readers[k]);
  }
}

GST_END_TEST;

/* --- addresses --- */

GST_START_TEST (test_public)
{
  g_autoptr (Served) served =
      served_new ("serve:0?public=https://my.host/base/", 10);

  fail_unless (g_regex_match_simple
      ("^https://my\\.host/base/[0-9a-f]{32}\\.wav$", served_url (served), 0,
          0), "%s", served_url (served));
  fail_if (kling_upload_is_loopback (served->upload));
  fail_unless_equals_string (kling_upload_get_shown (served->upload),
      "https://my.host");
}

GST_END_TEST;

GST_START_TEST (test_port_in_use)
{
  g_autoptr (Served) served = served_new ("serve:0", 10);
  g_autoptr (GSocketListener) stranger = g_socket_listener_new ();
  g_autofree gchar *address = g_strdup_printf ("serve:%d",
      g_socket_listener_add_any_inet_port (stranger, NULL, NULL));
  KlingUploadConfig config = { address, NULL, NULL, TRUE };
  g_autoptr (KlingUpload) second = kling_upload_new (&config, NULL);
  KlingUploadFile file = { served->spool, DIGEST, "wav", "audio/wav" };
  KlingUploadWay way = served_way (served);
  g_autoptr (KlingUploaded) uploaded = kling_upload_prepare (second, &file,
      NULL);
  g_autoptr (GError) error = NULL;

  fail_if (kling_uploaded_put (uploaded, &file, &way, &error));
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_SETTINGS));
  fail_unless (strstr (error->message, "serve:0 takes any free one"));
  g_socket_listener_close (stranger);
  fail_unless (kling_uploaded_put (uploaded, &file, &way, NULL));
  check_served (kling_uploaded_get_url (uploaded), 200, 10);
}

GST_END_TEST;

/* --- the log --- */

static GMutex log_mutex;
static GString *log_text;

static void
G_GNUC_PRINTF (5, 0)
keep_line (KlingLogLevel level, const gchar * file, const gchar * function,
    gint line, const gchar * format, va_list args)
{
  g_mutex_lock (&log_mutex);
  g_string_append_vprintf (log_text, format, args);
  g_string_append_c (log_text, '\n');
  g_mutex_unlock (&log_mutex);
}

GST_START_TEST (test_token_is_not_logged)
{
  g_autoptr (Served) served = NULL;
  g_autofree gchar *token = NULL;
  KlingUploadWay way;

  log_text = g_string_new (NULL);
  kling_log_attach (keep_line);
  served = served_new ("serve:0", 1000);
  way = served_way (served);
  fail_unless (kling_uploaded_check (served->uploaded, &way, NULL));
  kling_log_detach ();

  token = g_strndup (strrchr (served_url (served), '/') + 1, 32);
  fail_unless (strstr (log_text->str, "serving the file"));
  fail_unless (strstr (log_text->str, "GET http://127.0.0.1:"));
  fail_if (strstr (log_text->str, token), "%s", log_text->str);
  g_string_free (log_text, TRUE);
}

GST_END_TEST;

static Suite *
serve_suite (void)
{
  Suite *s = suite_create ("serve");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_whole, 0, 3);
  tcase_add_loop_test (tc, test_range, 0, G_N_ELEMENTS (ranges));
  tcase_add_test (tc, test_names);
  tcase_add_test (tc, test_other_paths);
  tcase_add_test (tc, test_check_and_end);
  tcase_add_test (tc, test_remove);
  tcase_add_loop_test (tc, test_fixed_port, 0, 2);
  tcase_add_test (tc, test_many_files);
  tcase_add_test (tc, test_idle_make_room);
  tcase_add_test (tc, test_connection_bound);
  tcase_add_test (tc, test_idle_is_closed);
  tcase_add_test (tc, test_slow_readers);
  tcase_add_test (tc, test_many_readers);
  tcase_add_test (tc, test_removed_while_read);
  tcase_add_test (tc, test_end_while_read);
  tcase_add_test (tc, test_public);
  tcase_add_test (tc, test_port_in_use);
  tcase_add_test (tc, test_token_is_not_logged);
  return s;
}

int
main (int argc, char **argv)
{
  g_setenv ("KLING_TEST_SPEED", SPEED, TRUE);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (serve_suite (), "serve", __FILE__);
}
