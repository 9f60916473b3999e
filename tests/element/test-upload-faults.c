/* klinglipsync tests: places in trouble, and stopping halfway
 *
 * The sandbox is the service and the place, and misbehaves on demand. A place
 * that reads slowly is here. Whatever happens before the file can be read
 * costs nothing, and leaves nothing there.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-upload.h"

#include <string.h>

#define MAX_TRIES 5

#define ORDER(match, act, times) "{\"match\": {" match "}, \"do\": {" act "}," \
  " \"times\": " times "}"
#define PUTS "\"method\": \"PUT\", \"path\": \"/sandbox/uploads/\""
#define READS "\"method\": \"GET\", \"path\": \"/sandbox/uploads/\""
#define DELETES "\"method\": \"DELETE\", \"path\": \"/sandbox/uploads/\""

static KlingTestSender *
new_sender (const gchar * order)
{
  KlingTestSender *sender = kling_test_sender_new ("0.1");

  kling_test_sender_use_sandbox (sender);
  if (order)
    kling_test_sandbox_add_fault (sender->sandbox, "%s", order);
  return sender;
}

/* ---- faults that pass ---- */

static const struct
{
  const gchar *order;
  const gchar *told;
  guint puts, deletes;
} passing[] = {
  {ORDER (PUTS, "\"status\": 500", "2"), "answers HTTP 500.", 4, 2},
  {ORDER (PUTS, "\"status\": 429", "1"), "answers HTTP 429.", 3, 2},
  {ORDER (PUTS, "\"receive\": 1000", "1"), "Trying again in", 3, 2},
  /* it has arrived, and is put there once more */
  {ORDER (PUTS, "\"reset\": true", "1"), "Trying again in", 3, 2},
  {ORDER (READS, "\"status\": 503", "2"), "503", 2, 2},
  {ORDER (DELETES, "\"status\": 500", "2"), NULL, 2, 4},
};

GST_START_TEST (test_passing)
{
  g_autoptr (KlingTestSender) sender = new_sender (passing[__i__].order);

  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_received (sender);
  kling_test_sender_check_paid (sender, 1, 1);
  kling_test_sender_check_credentials (sender);
  if (passing[__i__].told) {
    fail_unless (kling_test_run_has_text (sender->run, passing[__i__].told));
    fail_unless (kling_test_run_has_text (sender->run,
            "Uploading the video: "));
  }
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""),
      passing[__i__].puts);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", ""),
      passing[__i__].deletes);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
  fail_unless_equals_string (kling_test_get_warnings (sender->run), "");
}

GST_END_TEST;

/* ---- faults that stay ---- */

static const struct
{
  const gchar *order;
  gint code;
  guint puts;
  const gchar *words;
} lasting[] = {
  {ORDER (PUTS, "\"status\": 500", "0"), GST_RESOURCE_ERROR_FAILED, MAX_TRIES,
      "in 5 tries: http://127.0.0.1"},
  {ORDER (PUTS, "\"receive\": 1000", "0"), GST_RESOURCE_ERROR_OPEN_READ_WRITE,
      MAX_TRIES, "in 5 tries"},
  /* each of them has arrived */
  {ORDER (PUTS, "\"reset\": true", "0"), GST_RESOURCE_ERROR_OPEN_READ_WRITE,
      MAX_TRIES, "in 5 tries"},
  {ORDER (PUTS, "\"status\": 403", "0"), GST_RESOURCE_ERROR_NOT_AUTHORIZED, 1,
      "credentials of the upload place, which are not those of the service"},
  {ORDER (PUTS, "\"status\": 401", "0"), GST_RESOURCE_ERROR_NOT_AUTHORIZED, 1,
      "check upload-headers"},
  {ORDER (PUTS, "\"status\": 413", "0"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "too large"},
  {ORDER (PUTS, "\"status\": 302, \"headers\": {\"Location\":"
            " \"http://127.0.0.1:1/\"}", "0"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "sends us elsewhere"},
  {ORDER (READS, "\"status\": 404", "0"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "answers HTTP 404 to a reader without credentials"},
  {ORDER (READS, "\"status\": 403", "0"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "answers HTTP 403 to a reader without credentials"},
  {ORDER (READS, "\"length\": 99", "0"), GST_RESOURCE_ERROR_SETTINGS, 1,
      "99 bytes instead of"},
  {ORDER (READS, "\"body\": \"<html>log in first</html>\"", "0"),
      GST_RESOURCE_ERROR_SETTINGS, 1, "bytes instead of"},
};

GST_START_TEST (test_lasting)
{
  g_autoptr (KlingTestSender) sender = new_sender (lasting[__i__].order);
  const gchar *sentence;

  kling_test_sender_play (sender);
  sentence = kling_test_run_error (sender->run, GST_RESOURCE_ERROR,
      lasting[__i__].code);
  kling_test_check_contains (sentence, lasting[__i__].words);
  kling_test_check_contains (sentence, "nothing was paid");
  fail_unless (strstr (sentence, "/uploads/") == NULL, "%s", sentence);
  kling_test_run_check_progress (sender->run, GST_PROGRESS_TYPE_ERROR);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""),
      lasting[__i__].puts);
  fail_unless_equals_int (kling_test_sender_count (sender, "POST",
          "/kling/"), 0);
  kling_test_sender_check_paid (sender, 0, 0);
  kling_test_sender_check_credentials (sender);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
}

GST_END_TEST;

/* Wrong credentials are those of the place. */
GST_START_TEST (test_wrong_credentials)
{
  g_autoptr (KlingTestSender) sender = new_sender (NULL);

  kling_test_set_upload_header (sender->run, "Authorization",
      __i__ ? "Basic none" : NULL);
  kling_test_sender_play (sender);
  kling_test_check_contains (kling_test_run_error (sender->run,
          GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED),
      "answers HTTP 401. It does not accept the credentials of the upload"
      " place");
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""), 1);
  kling_test_sender_check_paid (sender, 0, 0);
}

GST_END_TEST;

static const gchar *const closed[] = {
  "http://127.0.0.1:1/{name}", "post+http://127.0.0.1:1/",
  "s3://bucket?region=r&endpoint=http://127.0.0.1:1",
};

/* Nobody is there. */
GST_START_TEST (test_place_is_down)
{
  g_autoptr (KlingTestSender) sender = kling_test_sender_new ("0.1");

  g_setenv ("AWS_ACCESS_KEY_ID", "key", TRUE);
  g_setenv ("AWS_SECRET_ACCESS_KEY", "secret", TRUE);
  kling_test_sender_set_place (sender, "%s", closed[__i__]);
  kling_test_sender_play (sender);
  kling_test_check_contains (kling_test_run_error (sender->run,
          GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE),
      "could not be uploaded, in 5 tries");
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless_equals_int (kling_test_sender_count (sender, "POST",
          "/kling/"), 0);
  fail_unless_equals_string (kling_test_get_warnings (sender->run), "");
}

GST_END_TEST;

/* The service is busy for a minute, and meanwhile the file goes: its fourth read,
 * after ours of both files and the service's of the video, is our second look. */
GST_START_TEST (test_gone_while_busy)
{
  g_autoptr (KlingTestSender) sender = new_sender (ORDER ("\"kind\":"
          " \"create\"", "\"code\": 1303, \"headers\": {\"Retry-After\":"
          " \"60\"}", "1"));
  const gchar *sentence;

  kling_test_sandbox_add_fault (sender->sandbox, "%s", ORDER (READS
          ", \"nth\": 4", "\"status\": 404", "0"));
  kling_test_sender_play (sender);
  sentence = kling_test_run_error (sender->run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, "answers HTTP 404");
  kling_test_sender_check_paid (sender, 1, 0);
  fail_unless_equals_int (kling_test_sender_count (sender, "POST",
          "/kling/v1/videos/advanced-lip-sync"), 1);
}

GST_END_TEST;

/* What could not be removed is tried again by the next run, which pays nothing. */
GST_START_TEST (test_next_run_removes)
{
  g_autoptr (KlingTestSender) sender = new_sender (ORDER (DELETES,
          "\"status\": 403", "2"));

  kling_test_sender_play_to_end (sender);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 2);
  kling_test_run_set (sender->run, GST_STATE_NULL);
  kling_test_run_clear (sender->run);
  kling_test_sender_play_to_end (sender);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
  kling_test_sender_check_paid (sender, 1, 1);
}

GST_END_TEST;

/* The video is what was paid for; a file that stays is worth a warning. */
GST_START_TEST (test_delete_is_refused)
{
  g_autoptr (KlingTestSender) sender =
      new_sender (ORDER (DELETES, "\"status\": 403", "0"));
  const gchar *warnings;

  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_paid (sender, 1, 1);
  fail_unless_equals_int (kling_test_sender_count (sender, "DELETE", ""), 2);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 2);
  fail_unless_equals_int (kling_test_run_count (sender->run,
          GST_MESSAGE_WARNING), 2);
  warnings = kling_test_get_warnings (sender->run);
  kling_test_check_contains (warnings, "...wav at http://127.0.0.1");
  kling_test_check_contains (warnings, "...mp4 at http://127.0.0.1");
  kling_test_check_contains (warnings, "answers HTTP 403");
  kling_test_check_contains (warnings, "delete it by hand");
}

GST_END_TEST;

/* ---- a slow place ---- */

typedef struct
{
  GThreadedSocketService *service;
  gchar *url;
} SlowPlace;

/* Atomic: blocks that were read */
static gint slow_reads;

/* Reads up to the end of the head. Returns: (transfer full): the head */
static gchar *
read_head (GInputStream * stream)
{
  GString *head = g_string_new (NULL);
  gchar c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n")
      && g_input_stream_read (stream, &c, 1, NULL, NULL) == 1)
    g_string_append_c (head, c);
  return g_string_free (head, FALSE);
}

static void
read_slowly (GInputStream * stream, goffset size)
{
  g_autofree gchar *block = g_malloc (256 * 1024);
  gssize n = 1;

  for (; size > 0 && n > 0; size -= n) {
    n = g_input_stream_read (stream, block, MIN (size, 256 * 1024), NULL, NULL);
    g_atomic_int_inc (&slow_reads);
    g_usleep (10 * 1000);
  }
}

/* One request on each connection, on a thread of its own */
static gboolean
on_connection (GThreadedSocketService * service, GSocketConnection * connection,
    GObject * source, gpointer user_data)
{
  static const gchar answer[] =
      "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autofree gchar *head = read_head (in);
  const gchar *length = strstr (head, "Content-Length: ");

  if (length)
    read_slowly (in, g_ascii_strtoll (length + 16, NULL, 10));
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM
          (connection)), answer, strlen (answer), NULL, NULL, NULL);
  return TRUE;
}

static void
slow_place_init (SlowPlace * place)
{
  guint16 port;

  memset (place, 0, sizeof *place);
  place->service = G_THREADED_SOCKET_SERVICE (g_threaded_socket_service_new
      (4));
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER
      (place->service), NULL, NULL);
  place->url = g_strdup_printf ("http://127.0.0.1:%u/{name}", port);
  g_signal_connect (place->service, "run", G_CALLBACK (on_connection), NULL);
}

/* What accepts connections needs a main loop. */
static void
slow_place_wait (KlingTestRun * run, const gchar * words)
{
  gint64 start = g_get_monotonic_time ();

  while (!kling_test_run_has_text (run, words)) {
    fail_unless (kling_test_ms_since (start) < 30000, "no \"%s\"", words);
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
}

static void
slow_place_clear (SlowPlace * place)
{
  g_socket_service_stop (G_SOCKET_SERVICE (place->service));
  g_socket_listener_close (G_SOCKET_LISTENER (place->service));
  g_object_unref (place->service);
  g_free (place->url);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SlowPlace, slow_place_clear);

/* It takes a while, so it is said how far it is. */
GST_START_TEST (test_slow)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *video =
      g_strdup_printf ("filesrc location=\"%s/" CLIP_TAIL "\"",
      g_getenv ("KLING_TEST_CLIPS"));
  g_autoptr (KlingTestRun) run = NULL;
  g_auto (SlowPlace) place;

  kling_test_set_speed (SENDER_SPEED);
  slow_place_init (&place);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "video-url", NULL, "upload", place.url, NULL);
  kling_test_send (run, "video", video);
  kling_test_run_set (run, GST_STATE_PLAYING);
  slow_place_wait (run, "Uploading the video (20.4 MB) to");
  slow_place_wait (run, "Uploading the video: ");
  slow_place_wait (run, " %.");
  fail_unless (g_atomic_int_get (&slow_reads) > 0);

  /* and it can be stopped meanwhile */
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  kling_test_check_contains (kling_test_get_warnings (run),
      "left behind: the file at http://127.0.0.1");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* ---- stopping, and starting again ---- */

static const struct
{
  const gchar *order;
  const gchar *method, *path;   /* the call after which we stop */
  const gchar *left;
} stops[] = {
  /* while uploading: what of it has arrived, who knows */
  {ORDER (PUTS, "\"hang\": \"before\"", "1"), "PUT", "/sandbox/uploads/",
      "left behind: the file at http://127.0.0.1"},
  {ORDER (PUTS, "\"hang\": \"after\"", "1"), "PUT", "/sandbox/uploads/",
      "left behind: the file at http://127.0.0.1"},
  {ORDER (PUTS, "\"delay\": 1", "1"), "PUT", "/sandbox/uploads/",
      "left behind: the file at http://127.0.0.1"},
  {ORDER (READS, "\"hang\": true", "1"), "GET", "/sandbox/uploads/",
      "...mp4 at http://127.0.0.1"},
  /* between upload and create */
  {ORDER ("\"kind\": \"identify\"", "\"delay\": 1", "1"), "POST",
      IDENTIFY_PATH, "...wav at http://127.0.0.1"},
  /* while the paid call is sent */
  {ORDER ("\"kind\": \"create\"", "\"delay\": 1", "1"), "POST", CREATE_PATH,
      "...wav at http://127.0.0.1"},
  /* while polling */
  {ORDER ("\"kind\": \"query\"", "\"hang\": true", "1"), "GET", CREATE_PATH,
      "...wav at http://127.0.0.1"},
  {ORDER ("\"kind\": \"query\"", "\"status\": 503", "0"), "GET", CREATE_PATH,
      "...wav at http://127.0.0.1"},
};

GST_START_TEST (test_stop)
{
  g_autoptr (KlingTestSender) sender = new_sender (stops[__i__].order);
  guint ms;

  kling_test_sender_play (sender);
  fail_unless (kling_test_sender_wait (sender, stops[__i__].method,
          stops[__i__].path, 1));
  kling_test_run_change (sender->run, GST_STATE_NULL, &ms);
  g_print ("NULL after %s %s: %u ms\n", stops[__i__].method,
      stops[__i__].path, ms);
  kling_test_run_check_progress (sender->run, GST_PROGRESS_TYPE_CANCELED);
  kling_test_check_contains (kling_test_get_warnings (sender->run),
      stops[__i__].left);

  /* the same element again: bought once, and nothing is left */
  kling_test_sandbox_clear_faults (sender->sandbox);
  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_received (sender);
  kling_test_sender_check_paid (sender, 1, 1);
  kling_test_sender_check_credentials (sender);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);
}

GST_END_TEST;

/* What was stopped and never started again stays, and was named. */
GST_START_TEST (test_stop_for_good)
{
  g_autoptr (KlingTestSender) sender =
      new_sender (ORDER ("\"kind\": \"query\"", "\"status\": 503", "0"));
  const gchar *warnings;

  kling_test_sender_play (sender);
  fail_unless (kling_test_sender_wait (sender, "GET", CREATE_PATH, 2));
  kling_test_run_set (sender->run, GST_STATE_NULL);
  warnings = kling_test_get_warnings (sender->run);
  kling_test_check_contains (warnings, "was bought and goes on");
  kling_test_check_contains (warnings, "...wav at http://127.0.0.1");
  kling_test_check_contains (warnings, "...mp4 at http://127.0.0.1");
  fail_unless (strstr (warnings, "/uploads/") == NULL, "%s", warnings);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 2);
  kling_test_sender_check_paid (sender, 1, 1);
}

GST_END_TEST;

/* The task has ended: nobody needs the files any more. */
GST_START_TEST (test_stop_while_downloading)
{
  g_autoptr (KlingTestSender) sender =
      new_sender (ORDER ("\"path\": \"/sandbox/results/\"",
          "\"hang\": true", "1"));

  kling_test_sender_play (sender);
  fail_unless (kling_test_sender_wait (sender, "GET", "/sandbox/results/", 1));
  kling_test_run_set (sender->run, GST_STATE_NULL);
  fail_unless (strstr (kling_test_get_warnings (sender->run), "left behind")
      == NULL);
  fail_unless_equals_int (kling_test_sender_count_files (sender), 0);

  kling_test_sender_play_to_end (sender);
  kling_test_sender_check_paid (sender, 1, 1);
  fail_unless_equals_int (kling_test_sender_count (sender, "PUT", ""), 2);
}

GST_END_TEST;

static Suite *
upload_faults_suite (void)
{
  Suite *suite = suite_create ("upload-faults");
  TCase *tcase = tcase_create ("upload-faults");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_passing, 0, G_N_ELEMENTS (passing));
  tcase_add_loop_test (tcase, test_lasting, 0, G_N_ELEMENTS (lasting));
  tcase_add_loop_test (tcase, test_wrong_credentials, 0, 2);
  tcase_add_loop_test (tcase, test_place_is_down, 0, G_N_ELEMENTS (closed));
  tcase_add_test (tcase, test_gone_while_busy);
  tcase_add_test (tcase, test_next_run_removes);
  tcase_add_test (tcase, test_delete_is_refused);
  tcase_add_test (tcase, test_slow);
  tcase_add_loop_test (tcase, test_stop, 0, G_N_ELEMENTS (stops));
  tcase_add_test (tcase, test_stop_for_good);
  tcase_add_test (tcase, test_stop_while_downloading);
  return suite;
}

GST_CHECK_MAIN (upload_faults);
