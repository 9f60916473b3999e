/* klinglipsync tests: sizes, durations and seeks of what comes out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

#define SPEED 100
#define SMALL_DURATION (2 * GST_SECOND)
#define TAIL_DURATION (3 * GST_SECOND)
/* Of one picture of the clips */
#define FRAME (40 * GST_MSECOND)

/* A demuxer and the picture behind it */
#define DEMUX "qtdemux name=d d.video_0 ! queue ! fakesink name=sink"
#define DECODE "qtdemux name=d d.video_0 ! queue ! avdec_h264 !" \
  " fakesink name=sink"

static KlingTestRun *
start (KlingTestService * service, const gchar * downstream, GstState state)
{
  KlingTestRun *run;

  kling_test_set_speed (SPEED);
  run = kling_test_run_new (service->url, downstream);
  kling_test_run_set (run, state);
  return run;
}

static void
check_format_of_duration (KlingTestRun * run, GstFormat format, gint64 expected)
{
  gint64 duration = -2;
  gboolean known = gst_pad_query_duration (run->src, format, &duration);

  fail_unless_equals_int (known, expected >= 0);
  if (known)
    fail_unless_equals_int64 (duration, expected);
}

static void
check_seeking (KlingTestRun * run, GstFormat format, gint64 stop)
{
  g_autoptr (GstQuery) query = gst_query_new_seeking (format);
  gboolean seekable = FALSE;
  gint64 end = -1;

  if (gst_pad_query (run->src, query))
    gst_query_parse_seeking (query, NULL, &seekable, NULL, &end);
  fail_unless_equals_int (seekable, stop >= 0);
  if (seekable)
    fail_unless_equals_int64 (end, stop);
}

/* ---- queries ---- */

/* While the video is waited for there is no size, and "none" is said as "no",
 * not as -1. */
GST_START_TEST (test_queries)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,.delay = 4000,
        .body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PAUSED);
  gint64 size = g_bytes_get_size (service->clip), begun;

  fail_unless (kling_test_service_wait (service, "GET", CREATE_PATH, 1, 30000));
  begun = g_get_monotonic_time ();
  check_format_of_duration (run, GST_FORMAT_BYTES, -1);
  check_format_of_duration (run, GST_FORMAT_TIME, -1);
  check_seeking (run, GST_FORMAT_BYTES, -1);
  check_seeking (run, GST_FORMAT_TIME, -1);
  /* queries do not wait for the service */
  fail_unless (kling_test_ms_since (begun) < 3000);

  kling_test_run_preroll (run);
  check_format_of_duration (run, GST_FORMAT_BYTES, size);
  check_format_of_duration (run, GST_FORMAT_TIME, -1);
  check_seeking (run, GST_FORMAT_BYTES, size);
  check_seeking (run, GST_FORMAT_TIME, -1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* Nothing is to be had by pulling: that would ask for the size first. */
GST_START_TEST (test_scheduling)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_READY);
  g_autoptr (GstQuery) query = gst_query_new_scheduling ();

  for (guint i = 0; i < 2; i++) {
    fail_unless (gst_pad_query (run->src, query));
    fail_if (gst_query_has_scheduling_mode (query, GST_PAD_MODE_PULL));
    fail_unless (gst_query_has_scheduling_mode (query, GST_PAD_MODE_PUSH));
    kling_test_run_set (run, GST_STATE_PAUSED);
    kling_test_run_preroll (run);
  }
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* The demuxer's duration reaches the application, also before it is asked for
 * in vain. */
GST_START_TEST (test_duration_through_qtdemux)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = start (service, DEMUX, GST_STATE_PAUSED);
  gint64 duration = -1;

  fail_if (gst_element_query_duration (run->pipeline, GST_FORMAT_TIME,
          &duration));
  kling_test_run_preroll (run);
  fail_unless (gst_element_query_duration (run->pipeline, GST_FORMAT_TIME,
          &duration));
  fail_unless (ABS (duration - (gint64) SMALL_DURATION) < (gint64) FRAME,
      "%" GST_TIME_FORMAT, GST_TIME_ARGS (duration));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- seeks in bytes ---- */

GST_START_TEST (test_byte_seek)
{
  /* negative: from the end, because encoders do not always make the same */
  static const gint64 offsets[] = { 0, 1, 4095, 262144, 262145, -1000 };
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  gint64 size = (gint64) g_bytes_get_size (service->clip);
  gint64 offset = offsets[__i__] < 0 ? size + offsets[__i__] : offsets[__i__];
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PAUSED);
  g_autoptr (GBytes) rest = g_bytes_new_from_bytes (service->clip, offset,
      size - offset);
  g_autoptr (GBytes) data = NULL;

  kling_test_run_preroll (run);
  kling_test_run_clear (run);
  fail_unless (gst_element_seek_simple (run->pipeline, GST_FORMAT_BYTES,
          GST_SEEK_FLAG_FLUSH, offset));
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, rest));
  fail_unless_equals_int (kling_test_run_count_events (run,
          GST_EVENT_SEGMENT), 1);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

GST_START_TEST (test_byte_seek_with_stop)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PAUSED);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (service->clip, 1000, 5000);
  g_autoptr (GBytes) data = NULL;

  kling_test_run_preroll (run);
  kling_test_run_clear (run);
  fail_unless (gst_element_seek (run->pipeline, 1.0, GST_FORMAT_BYTES,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 1000, GST_SEEK_TYPE_SET,
          6000));
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, part));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* After the end, back to the beginning */
GST_START_TEST (test_seek_after_eos)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PLAYING);
  g_autoptr (GBytes) data = NULL;

  kling_test_run_eos (run);
  kling_test_run_clear (run);
  fail_unless (gst_element_seek_simple (run->pipeline, GST_FORMAT_BYTES,
          GST_SEEK_FLAG_FLUSH, 0));
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, service->clip));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- seeks while waiting ---- */

/* A seek is refused then, whatever its format, and the job does not notice. */
GST_START_TEST (test_seek_while_waiting)
{
  static const KlingTestStep scripts[][1] = {
    {{.method = "POST",.path = CREATE_PATH,.body = CREATE_OK,.delay = 2500}},
    {{.method = "GET",.path = CREATE_PATH,.times = 1,.body = POLL_DONE,
            .delay = 2500}},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (scripts[__i__], 1);
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PLAYING);

  fail_unless (kling_test_service_wait (service, scripts[__i__]->method,
          CREATE_PATH, 1, 30000));
  for (guint i = 0; i < 5; i++) {
    fail_if (gst_element_seek_simple (run->pipeline, GST_FORMAT_BYTES,
            GST_SEEK_FLAG_FLUSH, 1000));
    fail_if (gst_element_seek_simple (run->pipeline, GST_FORMAT_TIME,
            GST_SEEK_FLAG_FLUSH, GST_SECOND));
  }
  kling_test_run_eos (run);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_COMPLETE);
  kling_test_service_check (service, 1, 1);
  fail_unless_equals_int (kling_test_service_polls (service), 1);
}

GST_END_TEST;

/* A flush from below, as of a demuxer that gives up: woken, and waits again. */
GST_START_TEST (test_flush_while_waiting)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,.delay = 2500,
        .body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autoptr (KlingTestRun) run = start (service, "fakesink", GST_STATE_PLAYING);
  g_autoptr (GBytes) data = NULL;

  fail_unless (kling_test_service_wait (service, "GET", CREATE_PATH, 1, 30000));
  gst_pad_send_event (run->src, gst_event_new_seek (1.0, GST_FORMAT_BYTES,
          GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, -1));
  kling_test_run_eos (run);
  data = kling_test_run_get_data (run);
  fail_unless (g_bytes_equal (data, service->clip));
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* ---- seeks in time, through the demuxer ---- */

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean armed;
  GstClockTime first;
} Watch;

/* Notes the first picture after a flush. */
static GstPadProbeReturn
on_picture (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Watch *watch = user_data;
  gboolean flushed = (GST_PAD_PROBE_INFO_TYPE (info) &
      GST_PAD_PROBE_TYPE_EVENT_FLUSH) != 0;

  g_mutex_lock (&watch->lock);
  if (flushed)
    watch->armed = TRUE;
  else if (watch->armed && watch->first == GST_CLOCK_TIME_NONE)
    watch->first = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  g_cond_broadcast (&watch->changed);
  g_mutex_unlock (&watch->lock);
  return GST_PAD_PROBE_OK;
}

static void
watch_sink (KlingTestRun * run, Watch * watch)
{
  GstElement *sink = gst_bin_get_by_name (GST_BIN (run->pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad (sink, "sink");

  g_mutex_init (&watch->lock);
  g_cond_init (&watch->changed);
  watch->armed = FALSE;
  watch->first = GST_CLOCK_TIME_NONE;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_FLUSH, on_picture, watch, NULL);
  gst_object_unref (pad);
  gst_object_unref (sink);
}

static GstClockTime
await_picture (Watch * watch)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_mutex_lock (&watch->lock);
  while (watch->first == GST_CLOCK_TIME_NONE
      && g_cond_wait_until (&watch->changed, &watch->lock, deadline));
  GstClockTime first = watch->first;
  g_mutex_unlock (&watch->lock);
  return first;
}

static void
check_time_seek (KlingTestRun * run, Watch * watch, GstClockTime time)
{
  GstClockTime first;

  watch->armed = FALSE;
  watch->first = GST_CLOCK_TIME_NONE;
  fail_unless (gst_element_seek_simple (run->pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, time));
  first = await_picture (watch);
  fail_unless (first != GST_CLOCK_TIME_NONE, "no picture after the seek");
  fail_unless (first + FRAME > time && first <= time + FRAME,
      "%" GST_TIME_FORMAT " instead of %" GST_TIME_FORMAT,
      GST_TIME_ARGS (first), GST_TIME_ARGS (time));
}

static void
check_time_seeks (const gchar * clip, GstState state)
{
  static const guint times[] = { 1000, 240, 1720, 0, 1480 };
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (clip, NULL, 0);
  g_autoptr (KlingTestRun) run = start (service, DECODE, state);
  Watch watch;

  watch_sink (run, &watch);
  kling_test_run_preroll (run);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    check_time_seek (run, &watch, times[i] * GST_MSECOND);
  kling_test_run_check_no_error (run);
  kling_test_service_check (service, 1, 1);
  kling_test_run_set (run, GST_STATE_NULL);
}

GST_START_TEST (test_time_seek)
{
  check_time_seeks (CLIP_SMALL, __i__ ? GST_STATE_PLAYING : GST_STATE_PAUSED);
}

GST_END_TEST;

static gboolean
has_text (const gchar * data, gsize size, const gchar * text)
{
  for (gsize i = 0; i + strlen (text) <= size; i++) {
    if (memcmp (data + i, text, strlen (text)) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The index stands behind more than the 10 MB that qtdemux would keep: it has
 * to jump there, and back. */
GST_START_TEST (test_time_seek_in_large_file)
{
  g_autoptr (GBytes) clip = kling_test_load_clip (CLIP_TAIL);
  const gchar *data = g_bytes_get_data (clip, NULL);
  gsize size = g_bytes_get_size (clip);

  fail_unless (size > 12 * 1024 * 1024, "the clip has only %" G_GSIZE_FORMAT
      " bytes", size);
  fail_unless (!has_text (data, 1024, "moov"));
  fail_unless (has_text (data + size - 65536, 65536, "moov"));
  check_time_seeks (CLIP_TAIL, __i__ ? GST_STATE_PLAYING : GST_STATE_PAUSED);
}

GST_END_TEST;

/* Played to its end, from front to back */
GST_START_TEST (test_large_file)
{
  g_autoptr (KlingTestService) service =
      kling_test_service_start_clip (CLIP_TAIL, NULL, 0);
  g_autoptr (KlingTestRun) run =
      start (service, DEMUX " sync=false", GST_STATE_PLAYING);
  gint64 duration;

  kling_test_run_eos (run);
  fail_unless (gst_element_query_duration (run->pipeline, GST_FORMAT_TIME,
          &duration));
  fail_unless (ABS (duration - (gint64) TAIL_DURATION) < (gint64) FRAME);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

static Suite *
seek_suite (void)
{
  Suite *suite = suite_create ("seek");
  TCase *tcase = tcase_create ("seek");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_queries);
  tcase_add_test (tcase, test_scheduling);
  tcase_add_test (tcase, test_duration_through_qtdemux);
  tcase_add_loop_test (tcase, test_byte_seek, 0, 6);
  tcase_add_test (tcase, test_byte_seek_with_stop);
  tcase_add_test (tcase, test_seek_after_eos);
  tcase_add_loop_test (tcase, test_seek_while_waiting, 0, 2);
  tcase_add_test (tcase, test_flush_while_waiting);
  tcase_add_loop_test (tcase, test_time_seek, 0, 2);
  tcase_add_loop_test (tcase, test_time_seek_in_large_file, 0, 2);
  tcase_add_test (tcase, test_large_file);
  return suite;
}

GST_CHECK_MAIN (seek);
