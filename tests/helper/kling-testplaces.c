/* klinglipsync tests: real places to upload to
 *
 * nginx with WebDAV, and a server that checks the signatures of S3, each as a
 * child with a directory of its own. The listening socket is made here, on a
 * free port, and handed down: a place can be used as soon as it is started, and
 * nobody else can take its port.
 *
 * Start it inside the test function: the kernel ends the child with the thread
 * that started it, so that a test that dies leaves nothing running. A program
 * that is not installed is said on stderr, and there is no place then; whatever
 * else goes wrong ends the process with g_error(). One thread, the one that
 * started it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-testplaces.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>

#include "kling-testtree.h"

#define PATIENCE (60 * G_TIME_SPAN_SECOND)
#define TICK (5 * 1000)

/* The system's own: botocore is one of its packages */
#define PYTHON "/usr/bin/python3"

/* The descriptor of the socket in the child */
#define CHILD_FD 3

struct _KlingTestPlace
{
  gchar *directory;
  gchar *files;                 /* a directory in it */
  gchar *url;
  guint port;
  GPid pid;
  gboolean logs_late;           /* a request is logged after its answer */
};

/* A worker of its own is needed: alone, nginx 1.22 crashes on a socket that was
 * handed down. The keys of a map are matched ignoring case, but for regular
 * expressions. */
static const gchar nginx_conf[] =
    "daemon off;\n"
    "%4$s"
    "pid %1$s/pid;\n"
    "error_log %1$s/error;\n"
    "events { worker_connections 256; }\n"
    "http {\n"
    "  log_format json escape=json '{\"method\":\"$request_method\",'\n"
    "    '\"path\":\"$uri\",\"status\":$status,\"credential\":\"$credential\",'\n"
    "    '\"size\":$size,\"type\":\"$content_type\"}';\n"
    "  access_log %1$s/log json;\n"
    "  client_body_temp_path %1$s/temp;\n"
    "  proxy_temp_path %1$s/temp;\n"
    "  fastcgi_temp_path %1$s/temp;\n"
    "  uwsgi_temp_path %1$s/temp;\n"
    "  scgi_temp_path %1$s/temp;\n"
    "  client_max_body_size 200m;\n"
    "  map $http_authorization $credential {\n"
    "    '' none;\n"
    "    '~^%3$s$' upload;\n"
    "    default other;\n"
    "  }\n"
    "  map $content_length $size { '' 0; default $content_length; }\n"
    "  server {\n"
    "    listen 127.0.0.1:%2$u;\n"
    "    root %1$s;\n"
    "    location / { return 404; }\n"
    "    location /files/ {\n"
    "      if ($credential != upload) { return 401; }\n"
    "      dav_methods PUT DELETE;\n"
    "    }\n"
    "    location /public/ { alias %1$s/files/; }\n"
    "    location = /status { access_log off; stub_status; }\n" "  }\n" "}\n";

/* SIGTERM, so that nginx can end its worker. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static GSocket *
open_socket (guint * port)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) any =
      g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_TCP, &error);
  if (socket == NULL || !g_socket_bind (socket, any, FALSE, &error)
      || !g_socket_listen (socket, &error))
    g_error ("There is no port: %s", error->message);
  address = g_socket_get_local_address (socket, &error);
  if (address == NULL)
    g_error ("There is no port: %s", error->message);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  return g_steal_pointer (&socket);
}

static KlingTestPlace *
new_place (void)
{
  KlingTestPlace *place = g_new0 (KlingTestPlace, 1);

  place->directory = kling_test_make_tree ("test-place");
  place->files = g_build_filename (place->directory, "files", NULL);
  if (g_mkdir (place->files, 0700) != 0)
    g_error ("No room for a place: %s", g_strerror (errno));
  return place;
}

/* The parent's end of the socket is closed with @socket: when the child is
 * gone, connections are refused. */
static void
launch (KlingTestPlace * place, GSocket * socket, const gchar * const *command,
    gchar ** environment)
{
  g_autoptr (GError) error = NULL;
  gint source_fd = g_socket_get_fd (socket), target_fd = CHILD_FD;

  if (!g_spawn_async_with_pipes_and_fds (NULL, command,
          (const gchar * const *) environment,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
          die_with_parent, NULL, -1, -1, -1, &source_fd, &target_fd, 1,
          &place->pid, NULL, NULL, NULL, &error))
    g_error ("%s cannot be started: %s", command[0], error->message);
  place->url = g_strdup_printf ("http://127.0.0.1:%u", place->port);
}

static gchar *
find_nginx (void)
{
  gchar *program = g_find_program_in_path ("nginx");

  return program ? program : g_find_program_in_path ("/usr/sbin/nginx");
}

static void
write_nginx_conf (KlingTestPlace * place, const gchar * path)
{
  g_autofree gchar *text = g_strdup_printf (nginx_conf, place->directory,
      place->port, KLING_TEST_PLACE_AUTHORIZATION,
      geteuid () == 0 ? "user root;\n" : "");
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, text, -1, &error))
    g_error ("No room for a place: %s", error->message);
}

/**
 * kling_test_place_start_nginx:
 *
 * nginx as people set it up: PUT, DELETE and GET below /files/ with
 * %KLING_TEST_PLACE_AUTHORIZATION (401 without), and GET of the same files
 * below /public/ for everybody.
 *
 * Returns: (transfer full) (nullable): a place; %NULL: nginx is not there
 */
KlingTestPlace *
kling_test_place_start_nginx (void)
{
  g_autofree gchar *program = find_nginx ();
  g_autofree gchar *conf = NULL;
  g_autofree gchar *log = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_auto (GStrv) environment = g_get_environ ();
  KlingTestPlace *place;

  if (program == NULL) {
    g_printerr ("nginx is not there (Debian: nginx)\n");
    return NULL;
  }
  place = new_place ();
  place->logs_late = TRUE;
  socket = open_socket (&place->port);
  conf = g_build_filename (place->directory, "nginx.conf", NULL);
  log = g_build_filename (place->directory, "error", NULL);
  write_nginx_conf (place, conf);
  /* nginx's own way to hand sockets down to its successor */
  environment = g_environ_setenv (environment, "NGINX",
      G_STRINGIFY (CHILD_FD) ";", TRUE);
  launch (place, socket, (const gchar *[]) {
        program, "-e", log, "-p", place->directory, "-c", conf, NULL
      },
      environment);
  return place;
}

static gboolean
have_botocore (void)
{
  const gchar *command[] = { PYTHON, "-c", "import botocore.auth", NULL };
  gint status = 0;

  return g_spawn_sync (NULL, (gchar **) command, NULL,
      G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL)
      && g_spawn_check_wait_status (status, NULL);
}

/**
 * kling_test_place_start_s3:
 * @token: (nullable): the session token that requests have to carry
 *
 * A server of one private bucket, %KLING_TEST_PLACE_BUCKET, path style, in
 * %KLING_TEST_PLACE_REGION. It checks each request's Signature V4, in the
 * header or in the URL, and refuses as S3 does.
 *
 * Returns: (transfer full) (nullable): a place; %NULL: botocore is not there
 */
KlingTestPlace *
kling_test_place_start_s3 (const gchar * token)
{
  g_autoptr (GSocket) socket = NULL;
  g_auto (GStrv) environment = g_get_environ ();
  KlingTestPlace *place;

  if (!have_botocore ()) {
    g_printerr ("botocore is not there (Debian: python3-botocore)\n");
    return NULL;
  }
  place = new_place ();
  socket = open_socket (&place->port);
  launch (place, socket, (const gchar *[]) {
        PYTHON, "-I", KLING_TEST_S3_SERVER, "--fd", G_STRINGIFY (CHILD_FD),
        "--directory", place->directory, "--access-key",
        KLING_TEST_PLACE_ACCESS_KEY, "--secret-key",
        KLING_TEST_PLACE_SECRET_KEY, "--region", KLING_TEST_PLACE_REGION,
        "--bucket", KLING_TEST_PLACE_BUCKET, token ? "--token" : NULL, token,
        NULL
      }, environment);
  return place;
}

static gboolean
has_ended (KlingTestPlace * place)
{
  return waitpid (place->pid, NULL, WNOHANG) != 0;
}

static void
terminate (KlingTestPlace * place)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  if (has_ended (place))
    g_error ("The place at %s has ended by itself", place->url);
  kill (place->pid, SIGTERM);
  while (!has_ended (place)) {
    if (g_get_monotonic_time () >= deadline)
      g_error ("The place at %s does not end", place->url);
    g_usleep (TICK);
  }
}

/**
 * kling_test_place_stop:
 * @place: (transfer full): a place, which must still be running
 *
 * Ends it and removes what is left there.
 */
void
kling_test_place_stop (KlingTestPlace * place)
{
  terminate (place);
  kling_test_remove_tree (place->directory);
  g_free (place->directory);
  g_free (place->files);
  g_free (place->url);
  g_free (place);
}

/**
 * kling_test_place_get_url:
 * @place: a place
 *
 * Returns: (transfer none): where it is, without a slash at its end
 */
const gchar *
kling_test_place_get_url (KlingTestPlace * place)
{
  return place->url;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar * const *) a, *(const gchar * const *) b);
}

/**
 * kling_test_place_list_files:
 * @place: a place
 *
 * Returns: (transfer full): the names of the files that are there, sorted; a
 *   key of S3 without its bucket
 */
gchar **
kling_test_place_list_files (KlingTestPlace * place)
{
  g_autoptr (GDir) dir = g_dir_open (place->files, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    g_ptr_array_add (names, g_uri_unescape_string (name, NULL));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

/**
 * kling_test_place_get_file:
 * @place: a place
 * @name: one of kling_test_place_list_files()
 *
 * Returns: (transfer full) (nullable): what is in it
 */
GBytes *
kling_test_place_get_file (KlingTestPlace * place, const gchar * name)
{
  g_autofree gchar *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree gchar *path = g_build_filename (place->files, escaped, NULL);
  gchar *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, NULL))
    return NULL;
  return g_bytes_new_take (data, size);
}

/* Whether nginx has nothing to do but to answer this. */
static gboolean
is_idle (KlingTestPlace * place)
{
  g_autofree gchar *url = g_strconcat (place->url, "/status", NULL);
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer =
      soup_session_send_and_read (session, message, NULL, &error);

  if (answer == NULL)
    g_error ("GET %s: %s", url, error->message);
  return g_strstr_len (g_bytes_get_data (answer, NULL),
      g_bytes_get_size (answer), "Reading: 0 Writing: 1 ") != NULL;
}

static void
wait_for_log (KlingTestPlace * place)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (!is_idle (place)) {
    if (g_get_monotonic_time () >= deadline)
      g_error ("nginx does not come to rest");
    g_usleep (TICK);
  }
}

static void
add_line (JsonArray * log, const gchar * line)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (line, &error);

  if (node == NULL)
    g_error ("The log says \"%s\"", line);
  json_array_add_element (log, node);
}

/**
 * kling_test_place_get_log:
 * @place: a place
 *
 * Returns: (transfer full): the requests that were answered so far, oldest
 *   first, as objects: `method`; `path`, decoded and without its query;
 *   `status`; `credential`, one of "none", "upload" (the right one of this
 *   place), "presigned" (S3: a good URL) and "other"; `size` and `type` of the
 *   request's body; S3 only: `error`, its code or null
 */
JsonArray *
kling_test_place_get_log (KlingTestPlace * place)
{
  g_autofree gchar *path = g_build_filename (place->directory, "log", NULL);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  JsonArray *log = json_array_new ();

  if (place->logs_late)
    wait_for_log (place);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return log;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (*lines[i])
      add_line (log, lines[i]);
  return log;
}
