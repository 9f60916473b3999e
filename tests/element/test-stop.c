/* klinglipsync tests: stopping at every stage
 *
 * The clock runs as it does for users here, unless a test says otherwise. How
 * long NULL took is printed; only two seconds are asserted, for the sake of
 * busy machines.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <signal.h>
#include <string.h>

#define POLL .method = "GET",.path = CREATE_PATH "/"
#define CREATE .method = "POST",.path = CREATE_PATH
#define IDENTIFY .method = "POST",.path = IDENTIFY_PATH
#define RESULT .method = "GET",.path = RESULT_PATH
#define A_WHILE "Retry-After: 600\r\n"
#define A_BIT (20 * 1000)

/* ---- a network that swallows everything ---- */

typedef struct
{
  GSocket *listener;
  GSocket *fillers[8];
  gchar *url;
} BlackHole;

static GSocket *
new_socket (void)
{
  return g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, NULL);
}

/* Nobody accepts, and the queue of those who wait is full: whoever comes now
 * gets no answer at all. */
static BlackHole *
black_hole_new (void)
{
  BlackHole *hole = g_new0 (BlackHole, 1);
  g_autoptr (GSocketAddress) any =
      g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;

  hole->listener = new_socket ();
  fail_unless (g_socket_bind (hole->listener, any, FALSE, NULL));
  g_socket_set_listen_backlog (hole->listener, 0);
  fail_unless (g_socket_listen (hole->listener, NULL));
  address = g_socket_get_local_address (hole->listener, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (hole->fillers); i++) {
    hole->fillers[i] = new_socket ();
    g_socket_set_blocking (hole->fillers[i], FALSE);
    g_socket_connect (hole->fillers[i], address, NULL, NULL);
  }
  hole->url = g_strdup_printf ("http://127.0.0.1:%u",
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  return hole;
}

static void
black_hole_free (BlackHole * hole)
{
  for (guint i = 0; i < G_N_ELEMENTS (hole->fillers); i++)
    g_object_unref (hole->fillers[i]);
  g_object_unref (hole->listener);
  g_free (hole->url);
  g_free (hole);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlackHole, black_hole_free);

/* ---- NULL from every stage ---- */

typedef struct
{
  const gchar *name;
  KlingTestStep step;
  const gchar *method;          /* the call after which we stop */
  const gchar *path;
  guint calls;                  /* the how manieth */
  guint identified, paid;
} Stage;

#define HANG .act = KLING_TEST_HANG
#define AT_IDENTIFY "POST", IDENTIFY_PATH, 1, 1, 0
#define AT_CREATE "POST", CREATE_PATH, 1, 1, 1
#define AT_POLL "GET", CREATE_PATH, 1, 1, 1
#define AT_RESULT "GET", RESULT_PATH, 1, 1, 1

/* *INDENT-OFF* */
static const Stage stages[] = {
  {"identify, no answer", {IDENTIFY, HANG}, AT_IDENTIFY},
  {"identify, half an answer", {IDENTIFY,.body = IDENTIFY_OK,.drip = 60000,
      .block = 9}, AT_IDENTIFY},
  {"identify, told to wait", {IDENTIFY,.status = 429,.headers = A_WHILE},
      AT_IDENTIFY},
  {"create, no answer", {CREATE, HANG}, AT_CREATE},
  {"create, half an answer", {CREATE,.body = CREATE_OK,.drip = 60000,
      .block = 9}, AT_CREATE},
  {"create, told to wait", {CREATE,.status = 429,.headers = A_WHILE},
      AT_CREATE},
  {"create, waiting for the first poll", {POLL, HANG}, AT_CREATE},
  {"poll, no answer", {POLL, HANG}, AT_POLL},
  {"poll, half an answer", {POLL,.body = POLL_DONE,.drip = 60000,
      .block = 9}, AT_POLL},
  {"poll, told to wait", {POLL,.status = 500,.headers = A_WHILE}, AT_POLL},
  {"poll, waiting for the next", {POLL,.body = POLL_STATUS ("queued")},
      AT_POLL},
  {"result, no answer", {RESULT, HANG}, AT_RESULT},
  {"result, half of it", {RESULT,.body = "\0\0\0\x18" "ftypisom",.size = 12,
      .length = 1000000,.drip = 60000,.block = 8}, AT_RESULT},
  {"result, waiting to try again", {RESULT,.status = 500}, AT_RESULT},
};
/* *INDENT-ON* */

static KlingTestRun *
start (const gchar * url, const gchar * downstream)
{
  KlingTestRun *run = kling_test_run_new (url, downstream);

  g_object_set (run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  return run;
}

/* Stops and says how long it took. */
static void
stop (KlingTestRun * run, const gchar * what)
{
  guint ms;

  kling_test_run_change (run, GST_STATE_NULL, &ms);
  g_print ("stop: %-36s %4u ms\n", what, ms);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  fail_unless_equals_int (kling_test_run_count (run,
          GST_MESSAGE_ERROR | GST_MESSAGE_EOS), 0);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
}

GST_START_TEST (test_stages)
{
  const Stage *stage = &stages[__i__];
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&stage->step, 1);
  g_autoptr (KlingTestRun) run = start (service->url, "fakesink");

  fail_unless (kling_test_service_wait (service, stage->method, stage->path,
          stage->calls, 30000));
  g_usleep (A_BIT);
  stop (run, stage->name);
  kling_test_service_check (service, stage->identified, stage->paid);
}

GST_END_TEST;

GST_START_TEST (test_stage_connecting)
{
  g_autoptr (BlackHole) hole = black_hole_new ();
  g_autoptr (KlingTestRun) run = start (hole->url, "fakesink");

  g_usleep (10 * A_BIT);
  stop (run, "identify, connecting");
}

GST_END_TEST;

/* Somebody accepts, and never says a word of TLS. */
GST_START_TEST (test_stage_handshake)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *url = g_strdup_printf ("https%s", service->url + 4);
  g_autoptr (KlingTestRun) run = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return;
  run = start (url, "fakesink");
  for (guint i = 0; i < 1000 &&
      kling_test_server_count_connections (service->server) == 0; i++)
    g_usleep (A_BIT);
  fail_unless (kling_test_server_count_connections (service->server) > 0);
  stop (run, "identify, TLS handshake");
  kling_test_service_check (service, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_stage_trying_again)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *url = g_strdup (service->url);
  g_autoptr (KlingTestRun) run = NULL;

  g_clear_pointer (&service, kling_test_service_stop);
  run = start (url, "fakesink");
  g_usleep (A_BIT);
  stop (run, "identify, nobody listens");
}

GST_END_TEST;

GST_START_TEST (test_stage_result_connecting)
{
  g_autoptr (BlackHole) hole = black_hole_new ();
  g_autofree gchar *answer = g_strdup_printf (POLL_URL ("%s/a.mp4"), hole->url);
  KlingTestStep step = { POLL,.body = answer };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autoptr (KlingTestRun) run = start (service->url, "fakesink");

  fail_unless (kling_test_run_wait_status (run, "downloading", 30));
  g_usleep (10 * A_BIT);
  stop (run, "result, connecting");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* The video is being played out, slowly. */
GST_START_TEST (test_stage_playing)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (CLIP_TAIL, NULL, 0);
  g_autoptr (KlingTestRun) run =
      start (service->url, "identity sleep-time=100000 ! fakesink");
  guint ms;

  fail_unless (kling_test_run_wait (run, GST_MESSAGE_ASYNC_DONE, 20) != NULL);
  kling_test_run_change (run, GST_STATE_NULL, &ms);
  g_print ("stop: %-36s %4u ms\n", "playing out", ms);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_WARNING), 0);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Holds the streaming thread where the result has just come, until the pad is
 * being flushed. */
static void
hold_at_done (GstElement * element, GParamSpec * pspec, gpointer user_data)
{
  KlingTestRun *run = user_data;
  g_autofree gchar *status = kling_test_run_dup_status (run);
  gint64 begun = g_get_monotonic_time ();

  if (!g_str_equal (status, "done"))
    return;
  while (!GST_PAD_IS_FLUSHING (run->src) && kling_test_ms_since (begun) < 5000)
    g_usleep (1000);
}

GST_START_TEST (test_stop_at_the_result)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  gulong id = g_signal_connect (run->lipsync, "notify::status",
      G_CALLBACK (hold_at_done), run);

  g_object_set (run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_status (run, "done", 30));
  kling_test_run_set (run, GST_STATE_READY);
  g_signal_handler_disconnect (run->lipsync, id);
  kling_test_run_check_no_error (run);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);

  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_CAPS), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- a paid call outlives its element's activation ---- */

/* What was being asked for when we were stopped is what we have the next time,
 * whether the answer comes before or after that. */
GST_START_TEST (test_answer_after_stop)
{
  static const KlingTestStep steps[] = {
    {CREATE,.body = CREATE_ID ("late"),.delay = 1000},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service->url, "fakesink");
  guint pause = __i__ ? 1500 * 1000 : 0;

  fail_unless (kling_test_service_wait (service, "POST", CREATE_PATH, 1,
          30000));
  kling_test_run_set (run, __i__ ? GST_STATE_NULL : GST_STATE_READY);
  kling_test_run_clear (run);
  g_usleep (pause);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_check_contains (kling_test_service_find (service, "GET",
          CREATE_PATH)->path, "/late");
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* The same, but the answer never comes: the second run neither sends it again
 * nor hangs; it waits for the first. */
GST_START_TEST (test_no_answer_after_stop)
{
  static const KlingTestStep steps[] = {
    {CREATE, HANG},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (60);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "timeout", 30 * GST_SECOND, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_service_wait (service, "POST", CREATE_PATH, 1,
          30000));
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SYNC);
  fail_unless (kling_test_run_has_text (run, "earlier run"));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Stopped in identify: the session is remembered, and nothing was bought. */
GST_START_TEST (test_identify_after_stop)
{
  static const KlingTestStep steps[] = {
    {IDENTIFY,.body = IDENTIFY_OK,.delay = 2500},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service->url, "fakesink");

  fail_unless (kling_test_service_wait (service, "POST", IDENTIFY_PATH, 1,
          30000));
  kling_test_run_set (run, GST_STATE_READY);
  g_usleep (3500 * 1000);
  kling_test_service_check (service, 1, 0);
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- EOS sent to the element ---- */

static const struct
{
  KlingTestStep step;
  const gchar *method, *path;
  guint paid;
  const gchar *task_id;
} eos_stages[] = {
  {{IDENTIFY, HANG}, "POST", IDENTIFY_PATH, 0, NULL},
  {{CREATE, HANG}, "POST", CREATE_PATH, 1, NULL},
  {{POLL, HANG}, "GET", CREATE_PATH, 1, TEST_TASK},
  {{RESULT, HANG}, "GET", RESULT_PATH, 1, TEST_TASK},
};

GST_START_TEST (test_eos_while_waiting)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&eos_stages[__i__].step, 1);
  g_autoptr (KlingTestRun) run = start (service->url, "fakesink");
  const gchar *task_id = eos_stages[__i__].task_id;
  const gchar *sentence;

  fail_unless (kling_test_service_wait (service, eos_stages[__i__].method,
          eos_stages[__i__].path, 1, 30000));
  fail_unless (gst_element_send_event (run->pipeline, gst_event_new_eos ()));
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_READ);
  if (task_id) {
    kling_test_check_contains (sentence, task_id);
    fail_unless_equals_string (gst_structure_get_string
        (kling_test_run_details (run), "task-id"), task_id);
  }
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_EOS), 0);
  fail_unless_equals_int (kling_test_run_count_buffers (run), 0);
  kling_test_service_check (service, 1, eos_stages[__i__].paid);
}

GST_END_TEST;

GST_START_TEST (test_eos_while_playing)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (CLIP_TAIL, NULL, 0);
  g_autoptr (KlingTestRun) run =
      start (service->url, "identity sleep-time=50000 ! fakesink");
  g_autoptr (GBytes) data = NULL;

  /* any source blocks on an EOS that is sent to it while its sinks preroll */
  fail_unless_equals_int (gst_element_get_state (run->pipeline, NULL, NULL,
          20 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
  fail_unless (gst_element_send_event (run->pipeline, gst_event_new_eos ()));
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_get_size (data) > 0);
  fail_unless (g_bytes_get_size (data) < g_bytes_get_size (service->clip));
  kling_test_run_check_no_error (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- Ctrl-C ---- */

#define LINE "%s klinglipsync video-url=https://media.example/face.mp4 " \
  "poll-interval=100000000 text=Hello. voice-id=oversea_male1 " \
  "voice-language=en ! filesink location=%s"

static KlingTestChild *
launch (KlingTestService * service, const gchar * options,
    const gchar * location)
{
  g_autofree gchar *base_url = g_strconcat ("KLING_BASE_URL=", service->url,
      NULL);
  const gchar *environment[] = { base_url, "KLING_API_KEY=" TEST_KEY, NULL };
  g_autofree gchar *line = g_strdup_printf (LINE, options, location);

  return kling_test_child_launch (line, environment);
}

/* @options: of gst-launch-1.0 */
static void
check_interrupt (const gchar * options, const KlingTestStep * step,
    const gchar * method)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (step, 1);
  g_autoptr (KlingTestChild) child = launch (service, options, "/dev/null");
  g_autofree gchar *errors = NULL, *output = NULL;
  gint64 begun;

  fail_unless (kling_test_service_wait (service, method, CREATE_PATH, 1,
          30000));
  g_usleep (A_BIT);
  begun = g_get_monotonic_time ();
  kling_test_child_signal (child, SIGINT);
  fail_unless (kling_test_child_wait (child, 20), "it does not end");
  g_print ("stop: gst-launch-1.0 %-2s, Ctrl-C in %-13s %4d ms\n", options,
      method[0] == 'P' ? "create" : "poll", (gint) kling_test_ms_since (begun));
  output = kling_test_child_read (child, FALSE);
  errors = kling_test_child_read (child, TRUE);
  kling_test_check_contains (errors, TEST_TASK);
  if (*options)
    fail_unless (kling_test_child_get_exit (child) > 0, "exit %d\n%s\n%s",
        kling_test_child_get_exit (child), output, errors);
  kling_test_service_check (service, 1, 1);
}

/* Without -e the pipeline is stopped; with it EOS is sent to us. */
GST_START_TEST (test_interrupt_poll)
{
  static const KlingTestStep step = { POLL, HANG };

  check_interrupt (__i__ ? "-e" : "", &step, "GET");
}

GST_END_TEST;

/* The process waits for the id of what is being bought, and prints it. */
GST_START_TEST (test_interrupt_create)
{
  static const KlingTestStep step = { CREATE,.body = CREATE_OK,.delay = 2000 };
  gint64 begun = g_get_monotonic_time ();

  check_interrupt (__i__ ? "-e" : "", &step, "POST");
  fail_unless (kling_test_ms_since (begun) >= 2000);
}

GST_END_TEST;

/* The same line, left alone: it ends well, and shows what goes on. */
GST_START_TEST (test_not_interrupted)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autofree gchar *path = g_strdup_printf ("%s/launched-%d.mp4",
      g_get_tmp_dir (), (gint) getpid ());
  g_autoptr (KlingTestChild) child = launch (service, "-e", path);
  g_autofree gchar *errors = NULL, *output = NULL, *data = NULL;
  gsize size;

  fail_unless (kling_test_child_wait (child, 30), "it does not end");
  output = kling_test_child_read (child, FALSE);
  errors = kling_test_child_read (child, TRUE);
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
  fail_unless_equals_string (errors, "");
  kling_test_check_contains (output, "Progress: (lipsync)");
  kling_test_check_contains (output, TEST_TASK);
  fail_unless (g_file_get_contents (path, &data, &size, NULL));
  fail_unless_equals_int (size, g_bytes_get_size (service->clip));
  kling_test_remove_tree (path);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- everything at any time ---- */

#define N_CYCLES 300

static void
do_anything (KlingTestRun * run, GRand * rand)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING
  };
  gint what = g_rand_int_range (rand, 0, 8);

  if (what < (gint) G_N_ELEMENTS (states))
    kling_test_run_set (run, states[what]);
  else
    gst_element_seek_simple (run->pipeline, GST_FORMAT_BYTES,
        GST_SEEK_FLAG_FLUSH, g_rand_int_range (rand, 0, 400000));
  g_usleep (g_rand_int_range (rand, 0, 8) * 1000);
}

GST_START_TEST (test_anything)
{
  static const KlingTestStep steps[] = {
    {POLL,.times = 20,.body = POLL_STATUS ("processing")},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);
  g_autoptr (KlingTestRun) run = NULL;
  gint64 begun = g_get_monotonic_time ();

  g_print ("stop: %d random cycles with seed %u\n", N_CYCLES, seed);
  kling_test_set_speed (100);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "poll-interval", 1 * GST_SECOND, NULL);
  for (guint i = 0; i < N_CYCLES; i++)
    do_anything (run, rand);
  kling_test_run_set (run, GST_STATE_NULL);
  g_rand_free (rand);
  fail_unless (kling_test_ms_since (begun) < 120000);
  kling_test_run_check_no_error (run);
  fail_unless (kling_test_service_paid (service) <= 1);

  /* and it still works */
  kling_test_run_clear (run);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- no state change at all ---- */

GST_START_TEST (test_disposed)
{
  GstElement *element = gst_check_setup_element ("klinglipsync");

  g_object_set (element, "api-key", TEST_KEY, "text", TEST_TEXT, NULL);
  gst_check_teardown_element (element);
  gst_object_unref (gst_object_ref_sink (gst_element_factory_make
          ("klinglipsync", NULL)));
}

GST_END_TEST;

/* The element is gone when the answer comes. */
GST_START_TEST (test_disposed_in_create)
{
  static const KlingTestStep steps[] = {
    {CREATE,.body = CREATE_OK,.delay = 2500},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  KlingTestRun *run = start (service->url, "fakesink");

  fail_unless (kling_test_service_wait (service, "POST", CREATE_PATH, 1,
          30000));
  kling_test_run_free (run);
  g_usleep (3500 * 1000);
  kling_test_service_check (service, 1, 1);
  fail_unless_equals_int (kling_test_service_polls (service), 0);
}

GST_END_TEST;

static Suite *
stop_suite (void)
{
  Suite *suite = suite_create ("stop");
  TCase *tcase = tcase_create ("stop");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_stages, 0, G_N_ELEMENTS (stages));
  tcase_add_test (tcase, test_stage_connecting);
  tcase_add_test (tcase, test_stage_handshake);
  tcase_add_test (tcase, test_stage_trying_again);
  tcase_add_test (tcase, test_stage_result_connecting);
  tcase_add_test (tcase, test_stage_playing);
  tcase_add_test (tcase, test_stop_at_the_result);
  tcase_add_loop_test (tcase, test_answer_after_stop, 0, 2);
  tcase_add_test (tcase, test_no_answer_after_stop);
  tcase_add_test (tcase, test_identify_after_stop);
  tcase_add_loop_test (tcase, test_eos_while_waiting, 0,
      G_N_ELEMENTS (eos_stages));
  tcase_add_test (tcase, test_eos_while_playing);
  tcase_add_loop_test (tcase, test_interrupt_poll, 0, 2);
  tcase_add_loop_test (tcase, test_interrupt_create, 0, 2);
  tcase_add_test (tcase, test_not_interrupted);
  tcase_add_test (tcase, test_anything);
  tcase_add_test (tcase, test_disposed);
  tcase_add_test (tcase, test_disposed_in_create);
  return suite;
}

GST_CHECK_MAIN (stop);
