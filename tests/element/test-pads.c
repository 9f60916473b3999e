/* klinglipsync tests: the sink pads
 *
 * One brings audio, one the video, and nothing of theirs may cross to the src
 * pad. The job starts when all has come, and starts once. The test plays both
 * upstreams, on its own thread: that it never blocks is part of what is tested.
 * What is uploaded is served by the element itself; the scripted service does
 * not fetch it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* The ten seconds of patience are half a second then. */
#define SPEED 20
#define N_PADS 2
#define AUDIO 0
#define VIDEO 1

#define CAPS "audio/x-raw, format=S16LE, rate=16000, channels=1," \
  " layout=interleaved"

/* Each test is a process. */
static guint speed = SPEED;

static const gchar *const pad_names[N_PADS] = { "audio", "video" };

typedef struct
{
  KlingTestService *service;
  KlingTestRun *run;
  GBytes *clip;
  GstPad *sinks[N_PADS];
  GstPad *sources[N_PADS];
} Scene;

static void
add_pad (Scene * scene, guint i)
{
  scene->sinks[i] = gst_element_request_pad_simple (scene->run->lipsync,
      pad_names[i]);
  fail_unless (scene->sinks[i] != NULL);
  scene->sources[i] = gst_pad_new ("upstream", GST_PAD_SRC);
  fail_unless (gst_pad_link (scene->sources[i], scene->sinks[i])
      == GST_PAD_LINK_OK);
  gst_pad_set_active (scene->sources[i], TRUE);
}

static void
remove_pad (Scene * scene, guint i)
{
  gst_pad_unlink (scene->sources[i], scene->sinks[i]);
  gst_element_release_request_pad (scene->run->lipsync, scene->sinks[i]);
  gst_pad_set_active (scene->sources[i], FALSE);
  gst_clear_object (&scene->sources[i]);
  gst_clear_object (&scene->sinks[i]);
}

/* A scene whose pads are still to be added */
static Scene *
scene_new_bare (const KlingTestStep * steps, guint n_steps)
{
  Scene *scene = g_new0 (Scene, 1);

  kling_test_set_speed (speed);
  scene->service = kling_test_service_start (steps, n_steps);
  scene->run = kling_test_run_new (scene->service->url, "fakesink");
  scene->clip = kling_test_load_clip (CLIP_SMALL);
  g_object_set (scene->run->lipsync, "upload", "serve:0", NULL);
  return scene;
}

static Scene *
scene_new (const KlingTestStep * steps, guint n_steps)
{
  Scene *scene = scene_new_bare (steps, n_steps);

  g_object_set (scene->run->lipsync, "video-url", NULL, "text", NULL,
      "voice-id", NULL, "voice-language", NULL, NULL);
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
  g_bytes_unref (scene->clip);
  g_free (scene);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free);

static void
play (Scene * scene)
{
  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait_status (scene->run, "collecting", 30));
}

static void
push_event (Scene * scene, guint i, GstEvent * event)
{
  fail_unless (gst_pad_push_event (scene->sources[i], event), "pad %u", i);
}

/* A second of audio, or all of the video */
static GstFlowReturn
push_buffer (Scene * scene, guint i)
{
  GstBuffer *buffer = i == VIDEO ? gst_buffer_new_wrapped_bytes (scene->clip)
      : gst_buffer_new_allocate (NULL, 32000, NULL);

  if (i == AUDIO)
    gst_buffer_memset (buffer, 0, 99, 32000);
  return gst_pad_push (scene->sources[i], buffer);
}

/* All that an upstream says before its EOS */
static void
push_stream (Scene * scene, guint i)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (i == VIDEO
      ? "video/quicktime, variant=iso" : CAPS);
  g_autofree gchar *id = g_strdup_printf ("upstream-%u", i);
  GstSegment segment;

  gst_segment_init (&segment, i == VIDEO ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
  push_event (scene, i, gst_event_new_stream_start (id));
  push_event (scene, i, gst_event_new_caps (caps));
  push_event (scene, i, gst_event_new_segment (&segment));
  push_event (scene, i, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE,
              "title", NULL)));
  fail_unless_equals_int (push_buffer (scene, i), GST_FLOW_OK);
  if (i == VIDEO)
    return;
  push_event (scene, i, gst_event_new_gap (GST_SECOND, GST_SECOND));
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

static void
play_to_the_end (Scene * scene)
{
  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  check_output (scene, 1);
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

/* A pad that is given back while it is waited for is waited for no more; but
 * then somebody else has to say who speaks. */
GST_START_TEST (test_released_pad)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_all (scene, AUDIO);
  push_stream (scene, VIDEO);
  check_silence (scene);
  remove_pad (scene, VIDEO);
  fail_unless (kling_test_run_wait (scene->run, GST_MESSAGE_WARNING, 30));
  check_silence (scene);
  fail_unless (kling_test_run_has_text (scene->run,
          "Still to be said: who speaks"));
  add_pad (scene, VIDEO);
  push_all (scene, VIDEO);
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

/* Four files of two elements on one port */
GST_START_TEST (test_one_port)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autofree gchar *address = g_strdup_printf ("serve:%d",
      g_socket_listener_add_any_inet_port (listener, NULL, NULL));
  g_autoptr (Scene) one = scene_new (NULL, 0);
  g_autoptr (Scene) two = scene_new (NULL, 0);
  Scene *scenes[] = { one, two };

  g_socket_listener_close (listener);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++) {
    g_object_set (scenes[i]->run->lipsync, "upload", address, NULL);
    play (scenes[i]);
    push_all (scenes[i], 0);
  }
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    push_all (scenes[i], 1);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    check_output (scenes[i], 1);
}

GST_END_TEST;

/* What nobody has said may still come with a late pad: it is waited for, and
 * said, and nothing is sent. */
GST_START_TEST (test_incomplete)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  remove_pad (scene, VIDEO);
  play (scene);
  push_all (scene, AUDIO);
  fail_unless (kling_test_run_wait (scene->run, GST_MESSAGE_WARNING, 30));
  check_silence (scene);
  fail_unless (kling_test_run_has_text (scene->run, "who speaks"));
  kling_test_run_check_no_error (scene->run);
  add_pad (scene, VIDEO);
  push_all (scene, VIDEO);
  check_output (scene, 1);
}

GST_END_TEST;

static const gchar *
check_refused (Scene * scene, gint code)
{
  const gchar *sentence = kling_test_run_error (scene->run, GST_RESOURCE_ERROR,
      code);

  fail_unless_equals_int (kling_test_server_count (scene->service->server,
          NULL, NULL), 0);
  return sentence;
}

/* Whatever speaks already, a pad may not contradict it. */
GST_START_TEST (test_two_speeches)
{
  g_autoptr (Scene) scene = scene_new_bare (NULL, 0);
  const gchar *sentence;

  add_pad (scene, AUDIO);
  kling_test_run_refused (scene->run, GST_STATE_READY);
  sentence = check_refused (scene, GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, "text");
  kling_test_check_contains (sentence, "the pad audio");

  /* it was a mistake of the parser, which gives the pad back */
  kling_test_run_clear (scene->run);
  remove_pad (scene, AUDIO);
  play_to_the_end (scene);
}

GST_END_TEST;

/* Behind a decodebin the pad comes when the text job has begun. */
GST_START_TEST (test_late_second_speech)
{
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = CREATE_PATH,.body = CREATE_OK,.delay = 2500},
  };
  g_autoptr (Scene) scene = scene_new_bare (steps, G_N_ELEMENTS (steps));
  const gchar *sentence;

  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  fail_unless (kling_test_service_wait (scene->service, "POST", CREATE_PATH, 1,
          30000));
  fail_unless (gst_element_request_pad_simple (scene->run->lipsync, "audio")
      == NULL);
  sentence = kling_test_run_error (scene->run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, "text");
  kling_test_check_contains (sentence, "the pad audio");
  kling_test_run_set (scene->run, GST_STATE_NULL);
  kling_test_service_check (scene->service, 1, 1);
}

GST_END_TEST;

/* There is one pad of a name. */
GST_START_TEST (test_one_of_each)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  for (guint i = 0; i < N_PADS; i++)
    fail_unless (gst_element_request_pad (scene->run->lipsync,
            GST_PAD_PAD_TEMPLATE (scene->sinks[i]), NULL, NULL) == NULL);
}

GST_END_TEST;

/* A place to upload to is asked for before anything is collected. */
GST_START_TEST (test_no_place)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);

  g_object_set (scene->run->lipsync, "upload", NULL, NULL);
  kling_test_run_refused (scene->run, GST_STATE_READY);
  kling_test_check_contains (check_refused (scene,
          GST_RESOURCE_ERROR_SETTINGS), "Set upload, or KLING_UPLOAD");
}

GST_END_TEST;

/* A progress that has begun would keep gst-launch-1.0 from PLAYING, where a
 * microphone begins to give something: nothing is told for ten seconds. */
static void
check_untold (Scene * scene)
{
  fail_unless_equals_int (kling_test_run_count (scene->run,
          GST_MESSAGE_PROGRESS), 0);
}

/* An EOS without data is an error at once, whatever else is still to come. */
GST_START_TEST (test_empty_pad)
{
  speed = 1;

  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_event (scene, __i__, gst_event_new_stream_start ("upstream"));
  push_event (scene, __i__, gst_event_new_eos ());
  kling_test_check_contains (check_refused (scene,
          GST_RESOURCE_ERROR_SETTINGS), pad_names[__i__]);
  check_untold (scene);
}

GST_END_TEST;

/* What cannot be used is refused when it comes, by the pad and on the bus, with
 * one error. */
GST_START_TEST (test_refused_buffer)
{
  speed = 1;

  g_autoptr (Scene) scene = scene_new (NULL, 0);
  GstFlowReturn ret = GST_FLOW_OK;

  play (scene);
  push_stream (scene, AUDIO);
  for (guint i = 0; i < 1000 && ret == GST_FLOW_OK; i++)
    ret = push_buffer (scene, AUDIO);
  fail_unless_equals_int (ret, GST_FLOW_ERROR);
  fail_unless_equals_int (push_buffer (scene, AUDIO), GST_FLOW_EOS);
  check_refused (scene, GST_RESOURCE_ERROR_SETTINGS);
  check_untold (scene);
}

GST_END_TEST;

/* The service gets the URLs of what came from the pads. */
GST_START_TEST (test_upload_is_served)
{
  g_autoptr (Scene) scene = scene_new (NULL, 0);
  const gchar *body;

  play (scene);
  push_all (scene, AUDIO);
  push_all (scene, VIDEO);
  check_output (scene, 1);
  body = kling_test_service_get_body (scene->service, "POST", IDENTIFY_PATH);
  kling_test_check_contains (body, "{\"video_url\":\"http://127.0.0.1:");
  kling_test_check_contains (body, ".mp4\"}");
  body = kling_test_service_get_body (scene->service, "POST", CREATE_PATH);
  kling_test_check_contains (body, "\"audio_url\":\"http://127.0.0.1:");
  kling_test_check_contains (body, ".wav\"");
}

GST_END_TEST;

/* An upstream that fails sends an EOS, too: there is a second to stop us. */
GST_START_TEST (test_grace)
{
  speed = 1;

  g_autoptr (Scene) scene = scene_new (NULL, 0);
  gint64 ended;

  g_object_set (scene->run->lipsync, "poll-interval", 100 * GST_MSECOND, NULL);
  play (scene);
  push_all (scene, VIDEO);
  push_all (scene, AUDIO);
  ended = g_get_monotonic_time ();
  fail_unless (kling_test_server_wait (scene->service->server, 1, 20000));
  fail_unless (kling_test_ms_since (ended) >= 1000);
  check_output (scene, 1);
}

GST_END_TEST;

/* What came to a text pad and what was set as text is the same speech. */
GST_START_TEST (test_same_text)
{
  g_autoptr (Scene) scene = scene_new_bare (NULL, 0);
  GstBuffer *buffer = gst_buffer_new_memdup (TEST_TEXT, strlen (TEST_TEXT));
  g_autoptr (GstCaps) caps = gst_caps_from_string ("text/x-raw, format=utf8");
  GstSegment segment;
  GstPad *sink, *source;

  play_to_the_end (scene);
  kling_test_run_set (scene->run, GST_STATE_NULL);
  kling_test_run_clear (scene->run);

  g_object_set (scene->run->lipsync, "text", NULL, NULL);
  sink = gst_element_request_pad_simple (scene->run->lipsync, "text");
  source = gst_pad_new ("upstream", GST_PAD_SRC);
  fail_unless (gst_pad_link (source, sink) == GST_PAD_LINK_OK);
  gst_pad_set_active (source, TRUE);
  kling_test_run_set (scene->run, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (source, gst_event_new_stream_start ("cues"));
  gst_pad_push_event (source, gst_event_new_caps (caps));
  gst_pad_push_event (source, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_pad_push (source, buffer), GST_FLOW_OK);
  gst_pad_push_event (source, gst_event_new_eos ());
  check_output (scene, 1);

  kling_test_run_set (scene->run, GST_STATE_NULL);
  gst_pad_unlink (source, sink);
  gst_element_release_request_pad (scene->run->lipsync, sink);
  gst_object_unref (sink);
  gst_pad_set_active (source, FALSE);
  gst_object_unref (source);
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
    {.method = "POST",.path = CREATE_PATH,.body = CREATE_OK,.delay = 2500},
  };
  g_autoptr (Scene) scene = scene_new (steps, G_N_ELEMENTS (steps));
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  play (scene);
  push_all (scene, 0);
  push_all (scene, 1);
  fail_unless (kling_test_service_wait (scene->service, "POST", CREATE_PATH,
          1, 30000));
  for (guint i = 0; i < N_PADS; i++) {
    push_flush (scene, i);
    push_event (scene, i, gst_event_new_stream_start ("again"));
    push_event (scene, i, gst_event_new_segment (&segment));
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
  push_all (scene, VIDEO);
  push_stream (scene, AUDIO);
  check_silence (scene);
  fail_unless (gst_element_send_event (scene->run->lipsync,
          gst_event_new_eos ()));
  check_output (scene, 1);
}

GST_END_TEST;

GST_START_TEST (test_eos_while_waiting)
{
  static const KlingTestStep steps[] = {
    {.method = "GET",.path = CREATE_PATH,.times = 1,.delay = 2500,
        .body = POLL_DONE},
  };
  g_autoptr (Scene) scene = scene_new (steps, G_N_ELEMENTS (steps));

  play (scene);
  push_all (scene, 0);
  push_all (scene, 1);
  fail_unless (kling_test_service_wait (scene->service, "GET", CREATE_PATH, 1,
          30000));
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
  add_pad (scene, 1);
  fail_if (is_source (scene));
  play (scene);
  gst_element_send_event (scene->run->pipeline, gst_event_new_eos ());
  check_silence (scene);
  push_all (scene, 0);
  push_all (scene, 1);
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
  g_autoptr (GstCaps) all = gst_pad_get_pad_template_caps (scene->sinks[0]);
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
  warning = kling_test_run_wait (scene->run, GST_MESSAGE_WARNING, 30);
  fail_unless (warning != NULL);
  fail_unless (kling_test_run_has_text (scene->run, "Waiting"));
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
  speed = 1;

  g_autoptr (Scene) scene = scene_new (NULL, 0);

  play (scene);
  push_all (scene, 0);
  kling_test_run_set (scene->run, GST_STATE_NULL);
  check_untold (scene);
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
  tcase_add_test (tcase, test_one_port);
  tcase_add_test (tcase, test_incomplete);
  tcase_add_test (tcase, test_two_speeches);
  tcase_add_test (tcase, test_late_second_speech);
  tcase_add_test (tcase, test_one_of_each);
  tcase_add_test (tcase, test_no_place);
  tcase_add_loop_test (tcase, test_empty_pad, 0, N_PADS);
  tcase_add_test (tcase, test_refused_buffer);
  tcase_add_test (tcase, test_upload_is_served);
  tcase_add_test (tcase, test_grace);
  tcase_add_test (tcase, test_same_text);
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
