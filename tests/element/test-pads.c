/* klinglipsync tests: sink pads, although the element has none yet
 *
 * Two dummy pads are added from outside. Nothing of theirs may cross to the src
 * pad, the job starts when both have ended, and starts once. The test plays
 * both upstreams, on its own thread: that it never blocks is part of what is
 * tested.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

/* The ten seconds of patience are half a second then. */
#define SPEED 20
#define N_PADS 2

#define CAPS "audio/x-raw, format=S16LE, rate=16000, channels=1," \
  " layout=interleaved"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE
    ("input_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS
    ("audio/x-raw; audio/mpeg"));

typedef struct
{
  KlingTestService *service;
  KlingTestRun *run;
  GstPad *sinks[N_PADS];
  GstPad *sources[N_PADS];
} Scene;

static void
add_pad (Scene * scene, guint i)
{
  GstPadTemplate *template = gst_static_pad_template_get (&sink_template);
  g_autofree gchar *name = g_strdup_printf ("input_%u", i);

  scene->sinks[i] = gst_pad_new_from_template (template, name);
  gst_object_unref (template);
  gst_object_ref (scene->sinks[i]);
  fail_unless (gst_element_add_pad (scene->run->lipsync, scene->sinks[i]));
  scene->sources[i] = gst_pad_new ("upstream", GST_PAD_SRC);
  fail_unless (gst_pad_link (scene->sources[i], scene->sinks[i])
      == GST_PAD_LINK_OK);
  gst_pad_set_active (scene->sources[i], TRUE);
}

static void
remove_pad (Scene * scene, guint i)
{
  gst_pad_unlink (scene->sources[i], scene->sinks[i]);
  gst_pad_set_active (scene->sinks[i], FALSE);
  fail_unless (gst_element_remove_pad (scene->run->lipsync, scene->sinks[i]));
  gst_pad_set_active (scene->sources[i], FALSE);
  gst_clear_object (&scene->sources[i]);
  gst_clear_object (&scene->sinks[i]);
}

static Scene *
scene_new (const KlingTestStep * steps, guint n_steps)
{
  Scene *scene = g_new0 (Scene, 1);

  kling_test_set_speed (SPEED);
  scene->service = kling_test_service_start (steps, n_steps);
  scene->run = kling_test_run_new (scene->service->url, "fakesink");
  for (guint i = 0; i < N_PADS; i++)
    add_pad (scene, i);
  return scene;
}

static void
scene_free (Scene * scene)
{
  kling_test_run_set (scene->run, GST_STATE_NULL);
  for (guint i = 0; i < N_PADS; i++) {
    if (scene->sinks[i])
      remove_pad (scene, i);
  }
  kling_test_run_free (scene->run);
  kling_test_service_stop (scene->service);
  g_free (scene);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free);

static void
play (Scene * scene)
{
  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_status (scene->run, "collecting", 10));
}

static void
push_event (Scene * scene, guint i, GstEvent * event)
{
  fail_unless (gst_pad_push_event (scene->sources[i], event), "pad %u", i);
}

static GstFlowReturn
push_buffer (Scene * scene, guint i)
{
  return gst_pad_push (scene->sources[i], gst_buffer_new_allocate (NULL, 3200,
          NULL));
}

/* All that an upstream says before its EOS */
static void
push_stream (Scene * scene, guint i)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);
  g_autofree gchar *id = g_strdup_printf ("upstream-%u", i);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  push_event (scene, i, gst_event_new_stream_start (id));
  push_event (scene, i, gst_event_new_caps (caps));
  push_event (scene, i, gst_event_new_segment (&segment));
  push_event (scene, i, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE,
              "title", NULL)));
  fail_unless_equals_int (push_buffer (scene, i), GST_FLOW_OK);
  push_event (scene, i, gst_event_new_gap (0, GST_SECOND));
  fail_unless_equals_int (push_buffer (scene, i), GST_FLOW_OK);
}

static void
push_all (Scene * scene, guint i)
{
  push_stream (scene, i);
  push_event (scene, i, gst_event_new_eos ());
}

static void
push_flush (Scene * scene, guint i)
{
  push_event (scene, i, gst_event_new_flush_start ());
  push_event (scene, i, gst_event_new_flush_stop (TRUE));
}

static void
check_silence (Scene * scene)
{
  g_usleep (100 * 1000);
  fail_unless_equals_int (kling_test_server_count (scene->service->server,
          NULL, NULL), 0);
  fail_unless_equals_int (kling_test_run_count_buffers (scene->run), 0);
  fail_unless_equals_int (kling_test_run_count_events (scene->run,
          GST_EVENT_EOS), 0);
}

/* The stream that comes out is one of its own. */
static void
check_output (Scene * scene, guint paid)
{
  KlingTestRun *run = scene->run;
  g_autoptr (GBytes) data = NULL;

  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, scene->service->clip));
  fail_unless_equals_int (kling_test_run_count_events (run,
          GST_EVENT_STREAM_START), 1);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_CAPS), 1);
  fail_unless_equals_int (kling_test_run_count_events (run,
          GST_EVENT_SEGMENT), 1);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_EOS), 1);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_TAG), 0);
  fail_unless_equals_int (kling_test_run_count_events (run, GST_EVENT_GAP), 0);
  fail_unless_equals_int (kling_test_run_count_events (run,
          GST_EVENT_FLUSH_START), 0);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (scene->service, 1, paid);
}

/* ---- when the job starts ---- */

GST_START_TEST (test_two_pads)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  check_silence (scene);
  push_all (scene, __i__);
  check_silence (scene);
  push_stream (scene, 1 - __i__);
  check_silence (scene);
  push_event (scene, 1 - __i__, gst_event_new_eos ());
  check_output (scene, 1);
}

GST_END_TEST;

/* The input ends before the src pad's task looks. */
GST_START_TEST (test_early_end)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  kling_test_run_set (scene->run, GST_STATE_PAUSED);
  push_all (scene, 0);
  push_all (scene, 1);
  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  check_output (scene, 1);
}

GST_END_TEST;

/* One pad is given back while it is waited for. */
GST_START_TEST (test_released_pad)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_all (scene, 0);
  check_silence (scene);
  remove_pad (scene, 1);
  check_output (scene, 1);
}

GST_END_TEST;

/* A pad that comes late is waited for. */
GST_START_TEST (test_late_pad)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  remove_pad (scene, 1);
  play (scene);
  add_pad (scene, 1);
  gst_pad_set_active (scene->sinks[1], TRUE);
  push_all (scene, 0);
  check_silence (scene);
  push_all (scene, 1);
  check_output (scene, 1);
}

GST_END_TEST;

/* A second activation collects anew, and pays only for what is new. */
GST_START_TEST (test_second_activation)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  for (guint i = 0; i < 3; i++) {
    play (scene);
    g_usleep (50 * 1000);
    fail_unless_equals_int (kling_test_run_count_buffers (scene->run), 0);
    push_all (scene, 0);
    g_usleep (50 * 1000);
    fail_unless_equals_int (kling_test_run_count_buffers (scene->run), 0);
    push_all (scene, 1);
    check_output (scene, 1);
    kling_test_run_set (scene->run, i ? GST_STATE_NULL : GST_STATE_READY);
    kling_test_run_clear (scene->run);
  }
}

GST_END_TEST;

/* The request is not complete when the input has ended: said then, unpaid. */
GST_START_TEST (test_incomplete)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  g_object_set (scene->run->lipsync, "text", NULL, "voice-id", NULL,
      "voice-language", NULL, NULL);
  play (scene);
  push_all (scene, 0);
  check_silence (scene);
  fail_unless_equals_int (kling_test_run_count (scene->run,
          GST_MESSAGE_ERROR), 0);
  push_all (scene, 1);
  kling_test_check_contains (kling_test_run_error (scene->run,
          GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS), "text");
  kling_test_run_check_progress (scene->run, GST_PROGRESS_TYPE_ERROR);
  fail_unless_equals_int (kling_test_server_count (scene->service->server,
          NULL, NULL), 0);
}

GST_END_TEST;

/* ---- flushes ---- */

GST_START_TEST (test_flush_before_start)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_all (scene, 0);
  push_flush (scene, 0);
  push_all (scene, 1);
  check_silence (scene);
  push_all (scene, 0);
  check_output (scene, 1);
}

GST_END_TEST;

/* A preview seek through a tee, for example: it must not buy another video. */
GST_START_TEST (test_flush_after_start)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.body = CREATE_OK,.delay = 500},
  };
  g_autoptr (Scene) scene = scene_new (steps, G_N_ELEMENTS (steps));

  play (scene);
  push_all (scene, 0);
  push_all (scene, 1);
  fail_unless (kling_test_service_wait (scene->service, "POST", CREATE_PATH,
          1, 10000));
  for (guint i = 0; i < N_PADS; i++) {
    push_flush (scene, i);
    push_event (scene, i, gst_event_new_stream_start ("again"));
    push_event (scene, i, gst_event_new_segment (&(GstSegment) {
            .format = GST_FORMAT_TIME,.rate = 1.0,.applied_rate = 1.0,.stop =
              GST_CLOCK_TIME_NONE,.duration = GST_CLOCK_TIME_NONE}
        ));
    fail_unless_equals_int (push_buffer (scene, i), GST_FLOW_EOS);
    push_event (scene, i, gst_event_new_eos ());
  }
  check_output (scene, 1);
}

GST_END_TEST;

/* ---- EOS from the application ---- */

GST_START_TEST (test_eos_while_collecting)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_stream (scene, 0);
  check_silence (scene);
  fail_unless (gst_element_send_event (scene->run->lipsync,
          gst_event_new_eos ()));
  check_output (scene, 1);
}

GST_END_TEST;

GST_START_TEST (test_eos_while_waiting)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,.delay = 300,
        .body = POLL_DONE},
  };
  g_autoptr (Scene) scene = scene_new (steps, G_N_ELEMENTS (steps));

  play (scene);
  push_all (scene, 0);
  push_all (scene, 1);
  fail_unless (kling_test_service_wait (scene->service, "GET", CREATE_PATH, 1,
          10000));
  for (guint i = 0; i < 3; i++)
    fail_unless (gst_element_send_event (scene->run->lipsync,
            gst_event_new_eos ()));
  check_output (scene, 1);
}

GST_END_TEST;

static gboolean
is_source (Scene * scene)
{
  return GST_OBJECT_FLAG_IS_SET (scene->run->lipsync, GST_ELEMENT_FLAG_SOURCE);
}

/* With a sink pad we are no source, and EOS for sources does not reach us. */
GST_START_TEST (test_source_flag)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  fail_if (is_source (scene));
  fail_unless (GST_OBJECT_FLAG_IS_SET (scene->run->lipsync,
          GST_ELEMENT_FLAG_SINK) == FALSE);
  remove_pad (scene, 0);
  fail_if (is_source (scene));
  remove_pad (scene, 1);
  fail_unless (is_source (scene));
  add_pad (scene, 0);
  fail_if (is_source (scene));
  play (scene);
  gst_element_send_event (scene->run->pipeline, gst_event_new_eos ());
  check_silence (scene);
  push_all (scene, 0);
  check_output (scene, 1);
}

GST_END_TEST;

/* ---- queries ---- */

static gboolean
accepts (GstPad * pad, const gchar * text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  return gst_pad_query_accept_caps (pad, caps);
}

GST_START_TEST (test_queries)
{
  static const GstFormat formats[] = { GST_FORMAT_TIME, GST_FORMAT_BYTES };
  g_autoptr (Scene) scene = scene_new (NULL, 0);
  g_autoptr (GstCaps) caps = gst_pad_query_caps (scene->sinks[0], NULL);
  g_autoptr (GstCaps) filter = gst_caps_from_string (CAPS);
  g_autoptr (GstCaps) filtered = gst_pad_query_caps (scene->sinks[0], filter);
  g_autoptr (GstCaps) all = gst_static_pad_template_get_caps (&sink_template);
  g_autoptr (GstIterator) links =
      gst_pad_iterate_internal_links (scene->sinks[0]);
  gint64 duration;

  play (scene);
  fail_unless (gst_caps_is_equal (caps, all));
  fail_unless (gst_caps_is_equal (filtered, filter));
  fail_unless (accepts (scene->sinks[0], CAPS));
  fail_if (accepts (scene->sinks[0], "video/x-raw"));
  fail_unless (links == NULL);
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GstQuery) query = gst_query_new_seeking (formats[i]);
    gboolean seekable = FALSE;

    if (gst_pad_peer_query (scene->sources[0], query))
      gst_query_parse_seeking (query, NULL, &seekable, NULL, NULL);
    fail_unless_equals_int (seekable, formats[i] == GST_FORMAT_BYTES);
    fail_if (gst_pad_query_duration (scene->sinks[0], formats[i], &duration));
  }
}

GST_END_TEST;

/* ---- waiting ---- */

GST_START_TEST (test_waiting_is_told)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);
  gint64 begun = g_get_monotonic_time ();
  GstMessage *warning;

  play (scene);
  fail_unless (kling_test_run_has_text (scene->run, "Waiting"));
  fail_unless_equals_int (kling_test_run_count (scene->run,
          GST_MESSAGE_WARNING), 0);
  warning = kling_test_run_wait (scene->run, GST_MESSAGE_WARNING, 10);
  fail_unless (warning != NULL);
  fail_unless (kling_test_ms_since (begun) >= 10 * 1000 / SPEED);
  /* once is enough */
  g_usleep (3 * 10 * 1000 * 1000 / SPEED);
  fail_unless_equals_int (kling_test_run_count (scene->run,
          GST_MESSAGE_WARNING), 1);
  push_all (scene, 0);
  push_all (scene, 1);
  check_output (scene, 1);
}

GST_END_TEST;

/* Nothing was asked for when we are stopped: nothing is said about a task. */
GST_START_TEST (test_stop_while_collecting)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_all (scene, 0);
  kling_test_run_set (scene->run, GST_STATE_NULL);
  kling_test_run_check_progress (scene->run, GST_PROGRESS_TYPE_CANCELED);
  fail_unless_equals_int (kling_test_run_count (scene->run,
          GST_MESSAGE_WARNING | GST_MESSAGE_ERROR), 0);
  fail_unless_equals_int (kling_test_server_count (scene->service->server,
          NULL, NULL), 0);
}

GST_END_TEST;

static Suite *
pads_suite (void)
{
  Suite *suite = suite_create ("pads");
  TCase *tcase = tcase_create ("pads");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_two_pads, 0, N_PADS);
  tcase_add_test (tcase, test_early_end);
  tcase_add_test (tcase, test_released_pad);
  tcase_add_test (tcase, test_late_pad);
  tcase_add_test (tcase, test_second_activation);
  tcase_add_test (tcase, test_incomplete);
  tcase_add_test (tcase, test_flush_before_start);
  tcase_add_test (tcase, test_flush_after_start);
  tcase_add_test (tcase, test_eos_while_collecting);
  tcase_add_test (tcase, test_eos_while_waiting);
  tcase_add_test (tcase, test_source_flag);
  tcase_add_test (tcase, test_queries);
  tcase_add_test (tcase, test_waiting_is_told);
  tcase_add_test (tcase, test_stop_while_collecting);
  return suite;
}

GST_CHECK_MAIN (pads);
