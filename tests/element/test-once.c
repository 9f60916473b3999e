/* klinglipsync tests: paid for once, whatever the application does
 *
 * Applications forget NULL, change their mind, link late and keep what is not
 * theirs. Each test counts the create calls that the service saw, because each
 * of them is money.
 *
 * What has to be looked at from outside is played by this program itself, when
 * it is called with the name of a role.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL .method = "GET",.path = CREATE_PATH "/"
#define CREATE .method = "POST",.path = CREATE_PATH
#define IDENTIFY .method = "POST",.path = IDENTIFY_PATH
#define RESULT .method = "GET",.path = RESULT_PATH

#define POLL_FAILED "{\"code\":\"success\",\"data\":{\"status\":\"FAILURE\"," \
  "\"fail_reason\":\"no face\"}}"
/* After this long a job that had not stopped would have gone on. */
#define A_WHILE (1000 * 1000)

static KlingTestRun *
make_run (KlingTestService * service, const gchar * downstream)
{
  KlingTestRun *run = kling_test_run_new (service->url, downstream);

  g_object_set (run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  return run;
}

/* A new activation that says @text; the one before is over. */
static void
say (KlingTestRun * run, const gchar * text)
{
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_clear (run);
  g_object_set (run->lipsync, "text", text, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
}

/* The whole video has come. */
static void
check_video (KlingTestRun * run, KlingTestService * service)
{
  g_autoptr (GBytes) data = NULL;

  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, service->clip));
}

/* ---- roles of the child process ---- */

/* exit-when-told URL: plays, and at a SIGTERM calls exit(), without NULL */
static int
exit_when_told (const gchar * base_url)
{
  GstElement *pipeline =
      gst_parse_launch ("klinglipsync name=lipsync ! fakesink", NULL);
  GstElement *lipsync = gst_bin_get_by_name (GST_BIN (pipeline), "lipsync");
  sigset_t signals;
  int number;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  g_object_set (lipsync, "base-url", base_url, "api-key", TEST_KEY,
      "video-url", TEST_VIDEO_URL, "text", TEST_TEXT, "voice-id",
      "oversea_male1", "voice-language", "en", "poll-interval",
      100 * GST_MSECOND, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  sigwait (&signals, &number);
  exit (0);
}

/* keep-child URL: uses the private child when its element is gone. These are
 * the events at which the child used to call its owner. */
static int
keep_child (const gchar * base_url)
{
  GstElement *lipsync = gst_element_factory_make ("klinglipsync", NULL);
  GstElement *child = gst_bin_get_by_name (GST_BIN (lipsync), "resultsrc");
  GstPad *pad = gst_element_get_static_pad (child, "src");

  gst_object_unref (gst_object_ref_sink (lipsync));
  gst_element_send_event (child, gst_event_new_flush_start ());
  gst_element_send_event (child, gst_event_new_flush_stop (TRUE));
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_element_send_event (child, gst_event_new_eos ());
  gst_object_unref (pad);
  gst_object_unref (child);
  return 0;
}

static const struct
{
  const gchar *name;
  int (*play) (const gchar * base_url);
} roles[] = {
  {"exit-when-told", exit_when_told},
  {"keep-child", keep_child},
};

/* Every thread has to leave the signal to sigwait(), so it is blocked before
 * there is a second one. */
static int
play_role (const gchar * name, const gchar * base_url)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  gst_init (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    if (g_str_equal (name, roles[i].name))
      return roles[i].play (base_url);
  }
  return 2;
}

static KlingTestChild *
start_role (const gchar * name, const gchar * base_url)
{
  /* memory that was given back is filled with rubbish, so that its use shows;
   * the cache of each thread would keep it as it was */
  static const gchar *environment[] = {
    "G_SLICE=always-malloc", "MALLOC_PERTURB_=165",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", NULL
  };
  g_autofree gchar *program = g_file_read_link ("/proc/self/exe", NULL);
  const gchar *command[] = { program, name, base_url, NULL };

  return kling_test_child_start (command, environment);
}

/* ---- exit() without NULL ---- */

/* Lets a child call exit() when the service has got the call.
 * Returns: (transfer full): what it wrote to stderr */
static gchar *
exit_at (KlingTestService * service, const gchar * path)
{
  g_autoptr (KlingTestChild) child =
      start_role ("exit-when-told", service->url);

  fail_unless (kling_test_service_wait (service, "POST", path, 1, 20000));
  kling_test_child_signal (child, SIGTERM);
  fail_unless (kling_test_child_wait (child, 20), "it does not end");
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
  return kling_test_child_read (child, TRUE);
}

/* Nobody would be there for the answer, so nothing may be bought any more. */
GST_START_TEST (test_exit_in_identify)
{
  static const KlingTestStep step = { IDENTIFY,.body = IDENTIFY_OK,.delay = 3000
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autofree gchar *errors = exit_at (service, IDENTIFY_PATH);

  g_usleep (A_WHILE);
  kling_test_service_check (service, 1, 0);
  fail_unless (strstr (errors, TEST_TASK) == NULL, "%s", errors);
}

GST_END_TEST;

/* What is being bought is waited for, and its id is all that is left of it. */
GST_START_TEST (test_exit_in_create)
{
  static const KlingTestStep step = { CREATE,.body = CREATE_OK,.delay = 3000 };
  g_autoptr (KlingTestService) service = kling_test_service_start (&step, 1);
  g_autofree gchar *errors = exit_at (service, CREATE_PATH);

  kling_test_check_contains (errors, TEST_TASK);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- a result that the service has no more ---- */

static const gchar *gone[] = {
  POLL_STATUS ("expired"), POLL_STATUS ("failed"), POLL_FAILED
};

static void
check_gone (KlingTestRun * run)
{
  const gchar *sentence = kling_test_run_error (run, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE);

  kling_test_check_contains (sentence, "task-a");
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_ERROR);
}

/* Only the newest result is kept. Whether to buy the older one again is up to
 * a person. */
GST_START_TEST (test_expired_result)
{
  const KlingTestStep steps[] = {
    {CREATE,.body = CREATE_ID ("task-a"),.times = 1},
    {CREATE,.body = CREATE_ID ("task-b"),.times = 1},
    {.method = "GET",.path = CREATE_PATH "/task-a",.body = POLL_DONE,
        .times = 1},
    {.method = "GET",.path = CREATE_PATH "/task-a",.body = gone[__i__]},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, "fakesink");

  say (run, "A");
  check_video (run, service);
  say (run, "B");
  check_video (run, service);
  say (run, "A");
  check_gone (run);
  say (run, "A");
  check_gone (run);
  say (run, "B");
  check_video (run, service);
  fail_unless_equals_int (kling_test_service_paid (service), 2);
}

GST_END_TEST;

/* ---- a state change that fails half-way ---- */

static GstStaticPadTemplate sink_template =
GST_STATIC_PAD_TEMPLATE ("input_%u", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS_ANY);

/* The child is activated before the pads, so it runs: it gets all that it needs
 * and goes as far as asking for the task before we say no. */
static gboolean
refuse_late (GstPad * pad, GstObject * parent)
{
  KlingTestService *service = g_object_get_data (G_OBJECT (pad), "service");

  kling_test_service_wait (service, "GET", CREATE_PATH "/", 1, 30000);
  return FALSE;
}

static GstPad *
add_refusing_pad (KlingTestRun * run, KlingTestService * service)
{
  GstPadTemplate *template = gst_static_pad_template_get (&sink_template);
  GstPad *pad = gst_pad_new_from_template (template, "input_0");

  gst_object_unref (template);
  g_object_set_data (G_OBJECT (pad), "service", service);
  gst_pad_set_activate_function (pad, refuse_late);
  fail_unless (gst_element_add_pad (run->lipsync, pad));
  return pad;
}

/* A question that was under way when the job was stopped may still come. */
static void
check_no_more_polls (KlingTestService * service)
{
  guint polls;

  g_usleep (A_WHILE / 2);
  polls = kling_test_service_polls (service);
  g_usleep (A_WHILE);
  fail_unless_equals_int (kling_test_service_polls (service), polls);
}

GST_START_TEST (test_failed_activation)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH "/task-a",
        .body = POLL_STATUS ("processing")},
    {CREATE,.body = CREATE_ID ("task-a"),.times = 1},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = make_run (service, "fakesink");
  GstPad *pad = add_refusing_pad (run, service);

  /* a pipeline might try again by itself, when its sink has fallen back */
  fail_unless_equals_int (gst_element_set_state (run->lipsync,
          GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  check_no_more_polls (service);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  kling_test_service_check (service, 1, 1);

  fail_unless (gst_element_remove_pad (run->lipsync, pad));
  say (run, "Something else.");
  check_video (run, service);
  kling_test_check_contains (kling_test_service_get_body (service, "POST",
          CREATE_PATH), "Something else.");
  fail_unless_equals_int (kling_test_service_paid (service), 2);
}

GST_END_TEST;

/* ---- a bin of the user's ---- */

/* Puts @element into a bin that shows its src pad. */
static GstElement *
wrap (GstElement * element)
{
  GstElement *bin = gst_bin_new (NULL);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");

  gst_bin_add (GST_BIN (bin), element);
  fail_unless (gst_element_add_pad (bin, gst_ghost_pad_new ("src", pad)));
  return bin;
}

/* One bin in another, @depth of them */
static GstElement *
wrap_lipsync (KlingTestRun * run, gint depth)
{
  GstElement *top = run->lipsync;

  fail_unless (gst_bin_remove (GST_BIN (run->pipeline), top));
  while (depth-- > 0)
    top = wrap (top);
  gst_bin_add (GST_BIN (run->pipeline), top);
  return top;
}

GST_START_TEST (test_ghost_pad_unlinked)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, NULL);
  GstElement *bin = wrap_lipsync (run, __i__);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_check_contains (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS), "not linked");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL, NULL),
      0);

  kling_test_run_set (run, GST_STATE_READY);
  gst_bin_add (GST_BIN (run->pipeline), sink);
  fail_unless (gst_element_link (bin, sink));
  say (run, TEST_TEXT);
  check_video (run, service);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- EOS while there is nothing to end ---- */

GST_START_TEST (test_eos_when_stopped)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = make_run (service, "fakesink");

  say (run, TEST_TEXT);
  check_video (run, service);
  kling_test_run_set (run, __i__ ? GST_STATE_NULL : GST_STATE_READY);
  gst_element_send_event (run->lipsync, gst_event_new_eos ());
  say (run, TEST_TEXT);
  check_video (run, service);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- a child without its element ---- */

GST_START_TEST (test_kept_child)
{
  g_autoptr (KlingTestChild) child = start_role ("keep-child", "");

  fail_unless (kling_test_child_wait (child, 20), "it does not end");
  fail_unless_equals_int (kling_test_child_get_exit (child), 0);
}

GST_END_TEST;

/* ---- one error for one failure ---- */

static const struct
{
  KlingTestStep step;
  guint paid;
} failures[] = {
  {{IDENTIFY,.status = 401}, 0},
  {{CREATE,.status = 400}, 1},
  {{CREATE,.act = KLING_TEST_RESET}, 1},
  {{POLL,.body = POLL_FAILED}, 1},
  {{RESULT,.body = "This is no video."}, 1},
};

/* All that will be posted has been when READY is reached. */
static void
check_one_error (KlingTestRun * run)
{
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_ERROR, 30) != NULL);
  kling_test_run_set (run, GST_STATE_READY);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_ERROR), 1);
}

GST_START_TEST (test_one_error)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start (&failures[__i__].step, 1);
  g_autoptr (KlingTestRun) run = make_run (service, "fakesink");

  kling_test_run_set (run, GST_STATE_PLAYING);
  check_one_error (run);
  kling_test_service_check (service, 1, failures[__i__].paid);
}

GST_END_TEST;

GST_START_TEST (test_one_error_when_unlinked)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (CLIP_TAIL, NULL, 0);
  g_autoptr (KlingTestRun) run =
      make_run (service, "identity sleep-time=20000 ! fakesink");
  g_autoptr (GstPad) peer = NULL;

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_preroll (run);
  peer = gst_pad_get_peer (run->src);
  fail_unless (gst_pad_unlink (run->src, peer));
  check_one_error (run);
  fail_unless (gst_pad_link (run->src, peer) == GST_PAD_LINK_OK);
  say (run, TEST_TEXT);
  check_video (run, service);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A large result lies in a file without a name; only its descriptor leads to
 * it.
 * Returns: whether @name, of those in @fds, was that */
static gboolean
truncate_if_spool (const gchar * fds, const gchar * name)
{
  g_autofree gchar *path = g_build_filename (fds, name, NULL);
  g_autofree gchar *target = g_file_read_link (path, NULL);

  if (target == NULL || strstr (target, "/klinglipsync-") == NULL
      || !g_str_has_suffix (target, " (deleted)"))
    return FALSE;
  fail_unless_equals_int (ftruncate (atoi (name), 0), 0);
  return TRUE;
}

static guint
truncate_spools (void)
{
  static const gchar fds[] = "/proc/self/fd";
  g_autoptr (GDir) dir = g_dir_open (fds, 0, NULL);
  const gchar *name;
  guint n = 0;

  fail_unless (dir != NULL);
  while ((name = g_dir_read_name (dir)))
    n += truncate_if_spool (fds, name) ? 1 : 0;
  return n;
}

/* Here the child speaks first, and the base class after it. */
GST_START_TEST (test_one_error_when_copy_is_lost)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (CLIP_TAIL, NULL, 0);
  g_autoptr (KlingTestRun) run =
      make_run (service, "identity sleep-time=20000 ! fakesink");

  kling_test_run_set (run, GST_STATE_PAUSED);
  kling_test_run_preroll (run);
  fail_unless_equals_int (truncate_spools (), 1);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_error (run, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ);
  check_one_error (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static Suite *
once_suite (void)
{
  Suite *suite = suite_create ("once");
  TCase *tcase = tcase_create ("once");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_exit_in_identify);
  tcase_add_test (tcase, test_exit_in_create);
  tcase_add_loop_test (tcase, test_expired_result, 0, G_N_ELEMENTS (gone));
  tcase_add_test (tcase, test_failed_activation);
  tcase_add_loop_test (tcase, test_ghost_pad_unlinked, 1, 3);
  tcase_add_loop_test (tcase, test_eos_when_stopped, 0, 2);
  tcase_add_test (tcase, test_kept_child);
  tcase_add_loop_test (tcase, test_one_error, 0, G_N_ELEMENTS (failures));
  tcase_add_test (tcase, test_one_error_when_unlinked);
  tcase_add_test (tcase, test_one_error_when_copy_is_lost);
  return suite;
}

int
main (int argc, char **argv)
{
  if (argc == 3)
    return play_role (argv[1], argv[2]);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (once_suite (), "once", __FILE__);
}
