/* Starts kling-sandbox, talks to it, and looks at what comes back.
 *
 * Every request goes out on a connection and a session of its own, so that a
 * fault on one connection is seen where it was ordered and libsoup has no
 * reason to repeat anything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-harness.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

guint answer_timeout = 60;

#define START_SECONDS 30
#define RESULT_SECONDS 60
#define REFUSE_SECONDS 20

/* In the child, before it becomes the sandbox: it dies with the test. */
static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
read_port (Box * box, const char *path)
{
  gint64 end = g_get_monotonic_time () + START_SECONDS * G_USEC_PER_SEC;
  g_autofree char *text = NULL;

  while (!g_file_get_contents (path, &text, NULL, NULL)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (10000);
  }
  box->port = atoi (text);
  g_assert_cmpuint (box->port, >, 0);
  box->base = g_strdup_printf ("http://127.0.0.1:%u", box->port);
}

/**
 * box_start:
 * @option: an argument
 * @...: more arguments, %NULL
 *
 * Returns: (transfer full): a sandbox on a free port that listens
 */
Box *
box_start (const char *option, ...)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *port_file = NULL;
  Box *box = g_new0 (Box, 1);
  va_list args;

  box->folder = g_dir_make_tmp ("sandbox-test-XXXXXX", NULL);
  port_file = g_build_filename (box->folder, "port", NULL);
  g_ptr_array_add (argv, (char *) g_getenv ("KLING_SANDBOX"));
  g_ptr_array_add (argv, (char *) "--port=0");
  g_ptr_array_add (argv, (char *) "--port-file");
  g_ptr_array_add (argv, port_file);
  va_start (args, option);
  for (const char *arg = option; arg; arg = va_arg (args, const char *))
      g_ptr_array_add (argv, (char *) arg);

  va_end (args);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  box->process = g_subprocess_launcher_spawnv (launcher,
      (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);
  read_port (box, port_file);
  return box;
}

/**
 * box_refuses:
 * @first: an argument
 * @second: (nullable): another one
 * @third: (nullable): and another one
 *
 * Returns: whether the sandbox, started so, ends with exit status 1
 */
gboolean
box_refuses (const char *first, const char *second, const char *third)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  gint64 end = g_get_monotonic_time () + REFUSE_SECONDS * G_USEC_PER_SEC;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawn (launcher, NULL,
      g_getenv ("KLING_SANDBOX"), first, second, third, NULL);
  while (g_subprocess_get_identifier (process)) {
    if (g_get_monotonic_time () > end)
      return FALSE;
    g_usleep (10000);
  }
  return g_subprocess_get_if_exited (process)
      && g_subprocess_get_exit_status (process) == 1;
}

/**
 * box_stop:
 * @box: a sandbox that runs
 * @signal: how to end it
 *
 * Returns: its exit status, or minus the signal that killed it
 */
int
box_stop (Box * box, int signal)
{
  g_subprocess_send_signal (box->process, signal);
  g_assert_true (g_subprocess_wait (box->process, NULL, NULL));
  if (g_subprocess_get_if_signaled (box->process))
    return -g_subprocess_get_term_sig (box->process);
  return g_subprocess_get_exit_status (box->process);
}

void
box_free (Box * box)
{
  g_autofree char *port_file = g_build_filename (box->folder, "port", NULL);

  /* a sandbox that crashed, or that a sanitizer stopped, is found out here */
  if (g_subprocess_get_identifier (box->process))
    g_assert_cmpint (box_stop (box, SIGTERM), ==, 0);
  g_unlink (port_file);
  g_rmdir (box->folder);
  g_clear_object (&box->process);
  g_free (box->folder);
  g_free (box->base);
  g_free (box);
}

static void
read_body (Answer * answer, GInputStream * stream)
{
  GByteArray *bytes = g_byte_array_new ();
  guint8 chunk[65536];
  gssize n;

  while ((n = g_input_stream_read (stream, chunk, sizeof chunk, NULL,
              &answer->error)) > 0)
    g_byte_array_append (bytes, chunk, n);
  answer->body = g_byte_array_free_to_bytes (bytes);
}

/* libsoup does not mind when a body ends early. */
static void
check_length (Answer * answer)
{
  SoupMessageHeaders *headers = answer->headers;

  if (answer->error == NULL
      && soup_message_headers_get_encoding (headers) ==
      SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) >
      (goffset) g_bytes_get_size (answer->body))
    answer->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
        "the body ended early");
}

static Answer *
exchange (SoupMessage * message)
{
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("timeout", answer_timeout, NULL);
  g_autoptr (GInputStream) stream = NULL;
  gint64 start = g_get_monotonic_time ();
  Answer *answer = g_new0 (Answer, 1);

  soup_session_set_proxy_resolver (session, NULL);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  stream = soup_session_send (session, message, NULL, &answer->error);
  answer->status = soup_message_get_status (message);
  if (stream)
    read_body (answer, stream);
  answer->headers =
      soup_message_headers_ref (soup_message_get_response_headers (message));
  if (stream && soup_message_get_method (message) != SOUP_METHOD_HEAD)
    check_length (answer);
  answer->seconds = (g_get_monotonic_time () - start) / 1e6;
  return answer;
}

static SoupMessage *
new_message (Box * box, const char *method, const char *path, const char *body)
{
  g_autofree char *url = g_str_has_prefix (path, "http") ? g_strdup (path)
      : g_strconcat (box->base, path, NULL);
  SoupMessage *message = soup_message_new (method, url);

  if (body) {
    g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

    soup_message_set_request_body_from_bytes (message, "application/json",
        bytes);
  }
  return message;
}

/**
 * box_call:
 * @box: a sandbox
 * @method: HTTP method
 * @path: path and query, or a whole URL
 * @body: (nullable): JSON
 *
 * Returns: (transfer full): what came back
 */
Answer *
box_call (Box * box, const char *method, const char *path, const char *body)
{
  g_autoptr (SoupMessage) message = new_message (box, method, path, body);

  return exchange (message);
}

/**
 * box_call_with:
 * @box: a sandbox
 * @method: HTTP method
 * @path: path and query, or a whole URL
 * @body: (nullable): JSON
 * @header: a header's name, followed by its value
 * @...: more of them, %NULL
 *
 * Returns: (transfer full): what came back
 */
Answer *
box_call_with (Box * box, const char *method, const char *path,
    const char *body, const char *header, ...)
{
  g_autoptr (SoupMessage) message = new_message (box, method, path, body);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  va_list args;

  va_start (args, header);
  for (; header; header = va_arg (args, const char *))
      soup_message_headers_replace (headers, header, va_arg (args,
            const char *));

  va_end (args);
  return exchange (message);
}

/**
 * box_upload:
 * @box: a sandbox
 * @method: HTTP method
 * @path: path and query
 * @type: media type of @body
 * @body: what to send
 * @authorization: (nullable): the header
 *
 * Returns: (transfer full): what came back
 */
Answer *
box_upload (Box * box, const char *method, const char *path, const char *type,
    GBytes * body, const char *authorization)
{
  g_autoptr (SoupMessage) message = new_message (box, method, path, NULL);

  soup_message_set_request_body_from_bytes (message, type, body);
  if (authorization)
    soup_message_headers_replace (soup_message_get_request_headers (message),
        "Authorization", authorization);
  return exchange (message);
}

/* With the right key. */
Answer *
box_service (Box * box, const char *method, const char *path, const char *body)
{
  return box_call_with (box, method, path, body, "Authorization",
      "Bearer sandbox", NULL);
}

void
box_fault (Box * box, const char *order)
{
  g_autoptr (Answer) answer = box_call (box, "POST", "/sandbox/faults", order);

  g_assert_cmpuint (answer->status, ==, 200);
}

gint64
box_ledger (Box * box, const char *member)
{
  g_autoptr (Answer) answer = box_call (box, "GET", "/sandbox/ledger", NULL);
  g_autoptr (JsonObject) ledger = answer_json (answer);

  return json_object_get_int_member (ledger, member);
}

void
answer_free (Answer * answer)
{
  g_clear_pointer (&answer->headers, soup_message_headers_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
  g_clear_error (&answer->error);
  g_free (answer);
}

char *
answer_text (Answer * answer)
{
  gsize size = 0;
  const char *data = answer->body ? g_bytes_get_data (answer->body, &size)
      : NULL;

  return g_strndup (data ? data : "", size);
}

JsonObject *
answer_json (Answer * answer)
{
  g_autofree char *text = answer_text (answer);
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  if (node == NULL)
    g_error ("no JSON, status %u, %s: %s", answer->status,
        answer->error ? answer->error->message : "whole", text);
  return json_node_dup_object (node);
}

static JsonNode *
find_node (JsonObject * object, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  guint last = g_strv_length (names) - 1;

  for (guint i = 0; i < last && object; i++)
    object = json_object_has_member (object, names[i]) ?
        json_object_get_object_member (object, names[i]) : NULL;
  return object ? json_object_get_member (object, names[last]) : NULL;
}

/* "a.b.c"; NULL where there is none. */
const char *
find_string (JsonObject * object, const char *path)
{
  JsonNode *node = find_node (object, path);

  return node && json_node_get_value_type (node) == G_TYPE_STRING ?
      json_node_get_string (node) : NULL;
}

JsonArray *
find_array (JsonObject * object, const char *path)
{
  JsonNode *node = find_node (object, path);

  g_assert_nonnull (node);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (node));
  return json_node_get_array (node);
}

gint64
find_integer (JsonObject * object, const char *path)
{
  JsonNode *node = find_node (object, path);

  g_assert_nonnull (node);
  g_assert_true (json_node_get_value_type (node) == G_TYPE_INT64);
  return json_node_get_int (node);
}

/**
 * box_session:
 * @box: a sandbox
 * @url: (nullable): a video; %NULL is the sample
 *
 * Returns: (transfer full): a session for it
 */
char *
box_session (Box * box, const char *url)
{
  g_autofree char *body = url ? g_strdup_printf ("{\"video_url\":\"%s\"}", url)
      : g_strdup ("{\"video_id\":\"sample\"}");
  g_autoptr (Answer) answer =
      box_service (box, "POST", "/kling/v1/videos/identify-face", body);
  g_autoptr (JsonObject) json = answer_json (answer);

  g_assert_cmpuint (answer->status, ==, 200);
  return g_strdup (find_string (json, "data.session_id"));
}

char *
box_create_text (Box * box, const char *session, const char *text,
    const char *voice, const char *language)
{
  g_autofree char *body = g_strdup_printf ("{\"input\":{\"session_id\":\"%s\","
      "\"text\":\"%s\",\"voice_id\":\"%s\",\"voice_language\":\"%s\"}}",
      session, text, voice, language);
  g_autoptr (Answer) answer =
      box_service (box, "POST", "/kling/v1/videos/advanced-lip-sync", body);
  g_autoptr (JsonObject) json = NULL;

  g_assert_cmpuint (answer->status, ==, 200);
  json = answer_json (answer);
  return g_strdup (find_string (json, "task_id"));
}

/**
 * box_wait:
 * @box: a sandbox with the shape it starts with
 * @task: a task
 * @result: (out) (nullable): the result's URL, or why it failed
 *
 * Returns: (transfer full): SUCCESS or FAILED
 */
char *
box_wait (Box * box, const char *task, char **result)
{
  g_autofree char *path =
      g_strconcat ("/kling/v1/videos/advanced-lip-sync/", task, NULL);
  gint64 end = g_get_monotonic_time () + RESULT_SECONDS * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < end) {
    g_autoptr (Answer) answer = box_service (box, "GET", path, NULL);
    g_autoptr (JsonObject) json = answer_json (answer);
    const char *status = find_string (json, "data.status");

    if (g_strcmp0 (status, "SUCCESS") == 0 && result) {
      JsonNode *node = find_node (json, "data.data.data.task_result.videos");

      *result = g_strdup (json_object_get_string_member
          (json_array_get_object_element (json_node_get_array (node), 0),
              "url"));
    }
    if (g_strcmp0 (status, "FAILED") == 0 && result)
      *result = g_strdup (find_string (json, "data.fail_reason"));
    if (g_strcmp0 (status, "SUCCESS") == 0 || g_strcmp0 (status, "FAILED") == 0)
      return g_strdup (status);
    g_usleep (50000);
  }
  g_error ("task %s does not end", task);
}

static void
on_media (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer folder)
{
  g_autofree char *file = g_build_filename (folder, path, NULL);
  char *data;
  gsize size;

  if (g_file_get_contents (file, &data, &size, NULL)) {
    soup_server_message_set_status (message, 200, NULL);
    soup_server_message_set_response (message, "application/octet-stream",
        SOUP_MEMORY_TAKE, data, size);
  } else {
    soup_server_message_set_status (message, 404, NULL);
  }
}

typedef struct
{
  const char *folder;
  GAsyncQueue *ready;
} MediaServer;

/* Lives as long as the test: a thread with a context of its own, because the
 * test blocks in its calls. */
static gpointer
media_thread (gpointer data)
{
  MediaServer *media = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  SoupServer *server;
  GSList *uris;

  g_main_context_push_thread_default (context);
  server = soup_server_new (NULL, NULL);
  soup_server_add_handler (server, NULL, on_media, g_strdup (media->folder),
      g_free);
  g_assert_true (soup_server_listen_local (server, 0,
          SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (server);
  g_async_queue_push (media->ready,
      g_strdup_printf ("http://127.0.0.1:%d", g_uri_get_port (uris->data)));
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  g_main_loop_run (loop);
  return NULL;
}

/**
 * media_serve:
 * @folder: what to serve
 *
 * Returns: (transfer full): where it is served, without a slash at its end
 */
char *
media_serve (const char *folder)
{
  MediaServer media = { folder, g_async_queue_new () };
  char *base;

  g_thread_unref (g_thread_new ("media", media_thread, &media));
  base = g_async_queue_pop (media.ready);
  g_async_queue_unref (media.ready);
  return base;
}

/* Runs a pipeline whose sink is called "out" to its end. */
void
media_make (const char *folder, const char *name, const char *description)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_object_set (sink, "location", path, NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* Everything that comes out of one pipeline, in one piece. */
static GByteArray *
pull_everything (const char *description, const char *path)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, NULL);
  g_autoptr (GstElement) file = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GByteArray *bytes = g_byte_array_new ();
  GstSample *sample;

  g_object_set (file, "location", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink),
              20 * GST_SECOND))) {
    GstMapInfo map;

    gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ);
    g_byte_array_append (bytes, map.data, map.size);
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return bytes;
}

static double
count_dark (const guint8 * frame, int stride, const Area * area)
{
  int dark = 0;

  for (int y = 0; y < area->height; y++)
    for (int x = 0; x < area->width; x++)
      dark += frame[y * stride + x] < 60;
  return dark;
}

static double
root_mean_square (const gint16 * samples, gsize count)
{
  double sum = 0;

  for (gsize i = 0; i < count; i++)
    sum += (double) samples[i] * samples[i];
  return count ? sqrt (sum / count) : 0;
}

/* All of it that is needed: only the area, as grey. */
static GByteArray *
pull_pictures (const char *path, int width, int height, const Area * area)
{
  g_autofree char *description =
      g_strdup_printf ("filesrc name=in ! decodebin ! videoconvert "
      "! video/x-raw,format=GRAY8 ! videocrop left=%d top=%d right=%d "
      "bottom=%d ! appsink name=out sync=false", area->x, area->y,
      width - area->x - area->width, height - area->y - area->height);

  return pull_everything (description, path);
}

/**
 * clip_read:
 * @path: a video of 25 frames a second
 * @width: of its pictures
 * @height: of its pictures
 * @clip: (out): what is in it, with the darkness around the mouth of one face
 *   in the middle: in the lower third of the centre
 *
 * Returns: whether there was a picture and sound in it
 */
gboolean
clip_read (const char *path, int width, int height, Clip * clip)
{
  double unit = MIN (width, height) / 720.0;
  int left = width / 2 - 75 * unit, right = width / 2 + 75 * unit;
  int top = height * 2 / 3 - 50 * unit, bottom = height * 2 / 3 + 70 * unit;
  const Area area = { left, top, right - left, bottom - top };

  return clip_read_area (path, width, height, &area, clip);
}

/**
 * clip_read_area:
 * @path: a video of 25 frames a second
 * @width: of its pictures
 * @height: of its pictures
 * @area: where dark pixels are counted
 * @clip: (out): what is in it
 *
 * Returns: whether there was a picture and sound in it
 */
gboolean
clip_read_area (const char *path, int width, int height, const Area * area,
    Clip * clip)
{
  g_autoptr (GByteArray) video = pull_pictures (path, width, height, area);
  g_autoptr (GByteArray) audio = pull_everything ("filesrc name=in ! decodebin "
      "! audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,"
      "rate=48000 ! appsink name=out sync=false", path);
  const gint16 *samples = (const gint16 *) audio->data;
  int stride = (area->width + 3) & ~3;
  gsize picture = (gsize) stride * area->height;

  clip->frames = video->len / picture;
  clip->samples = audio->len / 2;
  clip->dark = g_new0 (double, clip->frames + 1);
  clip->rms = g_new0 (double, clip->frames + 1);
  for (guint i = 0; i < clip->frames; i++) {
    gsize from = MIN ((gsize) i * 1920, clip->samples);
    gsize to = MIN (from + 1920, clip->samples);

    clip->dark[i] = count_dark (video->data + i * picture, stride, area);
    clip->rms[i] = root_mean_square (samples + from, to - from);
  }
  return clip->frames > 0 && clip->samples > 0 && video->len % picture == 0;
}

void
clip_clear (Clip * clip)
{
  g_clear_pointer (&clip->dark, g_free);
  g_clear_pointer (&clip->rms, g_free);
}

/* Pearson's r. */
double
correlation (const double *a, const double *b, guint n)
{
  double mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;

  for (guint i = 0; i < n; i++) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (guint i = 0; i < n; i++) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / sqrt (aa * bb) : 0;
}
