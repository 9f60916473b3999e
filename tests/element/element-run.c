/* klinglipsync tests: a pipeline that is watched
 *
 * The functions run on the thread of the test. What a run keeps is added from
 * any thread, under the run's lock; entries are never changed, and freed only
 * by kling_test_run_clear() and kling_test_run_free().
 *
 * What goes wrong here fails the test.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>

/* ---- time ---- */

/**
 * kling_test_set_speed:
 * @speed: how many times as fast the clock of the element runs
 *
 * Before the first element of the process; each test is a process.
 */
void
kling_test_set_speed (guint speed)
{
  g_autofree gchar *text = g_strdup_printf ("%u", speed);

  g_setenv ("KLING_TEST_SPEED", text, TRUE);
}

/**
 * kling_test_ms_since:
 * @start: from g_get_monotonic_time()
 *
 * Returns: milliseconds since then
 */
gint64
kling_test_ms_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / 1000;
}

/* ---- the run ---- */

static void
keep (KlingTestRun * run, gpointer object)
{
  g_mutex_lock (&run->lock);
  g_ptr_array_add (run->log, gst_mini_object_ref (object));
  g_cond_broadcast (&run->changed);
  g_mutex_unlock (&run->lock);
}

static GstBusSyncReply
on_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  keep (user_data, message);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstPadProbeReturn
on_data (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  keep (user_data, GST_PAD_PROBE_INFO_DATA (info));
  return GST_PAD_PROBE_OK;
}

static void
watch (KlingTestRun * run)
{
  GstBus *bus = gst_element_get_bus (run->pipeline);

  gst_bus_set_sync_handler (bus, on_message, run, NULL);
  gst_object_unref (bus);
  gst_pad_add_probe (run->src, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      on_data, run, NULL);
}

static GstElement *
make_pipeline (const gchar * downstream)
{
  g_autofree gchar *line = g_strdup_printf ("pipeline. ( klinglipsync"
      " name=lipsync %s %s )", downstream ? "!" : "",
      downstream ? downstream : "");
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch_full (line, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, &error);

  fail_unless (pipeline != NULL, "%s: %s", line, error ? error->message : "");
  return pipeline;
}

/**
 * kling_test_run_new:
 * @base_url: (nullable): the service
 * @downstream: (nullable): what follows klinglipsync in the launch line, or
 *   %NULL to leave its src pad unlinked
 *
 * The element is set up to speak %TEST_TEXT; a test changes what it likes.
 *
 * Returns: (transfer full): a pipeline in NULL
 */
KlingTestRun *
kling_test_run_new (const gchar * base_url, const gchar * downstream)
{
  KlingTestRun *run = g_new0 (KlingTestRun, 1);

  g_mutex_init (&run->lock);
  g_cond_init (&run->changed);
  run->log = g_ptr_array_new_with_free_func
      ((GDestroyNotify) gst_mini_object_unref);
  run->pipeline = make_pipeline (downstream);
  run->lipsync = gst_bin_get_by_name (GST_BIN (run->pipeline), "lipsync");
  run->src = gst_element_get_static_pad (run->lipsync, "src");
  g_object_set (run->lipsync, "base-url", base_url, "api-key", TEST_KEY,
      "video-url", TEST_VIDEO_URL, "text", TEST_TEXT, "voice-id",
      "oversea_male1", "voice-language", "en", "timeout", TEST_TIMEOUT, NULL);
  watch (run);
  return run;
}

/**
 * kling_test_run_use_dialect:
 * @run: a run
 * @nick: a value of the property dialect
 */
void
kling_test_run_use_dialect (KlingTestRun * run, const gchar * nick)
{
  gst_util_set_object_arg (G_OBJECT (run->lipsync), "dialect", nick);
}

/**
 * kling_test_run_free:
 * @run: (transfer full): a run
 *
 * Stops it, which must not take long.
 */
void
kling_test_run_free (KlingTestRun * run)
{
  GstBus *bus = gst_element_get_bus (run->pipeline);

  kling_test_run_set (run, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (bus);
  gst_object_unref (run->src);
  gst_object_unref (run->lipsync);
  gst_object_unref (run->pipeline);
  g_ptr_array_unref (run->log);
  g_cond_clear (&run->changed);
  g_mutex_clear (&run->lock);
  g_free (run);
}

/**
 * kling_test_run_clear:
 * @run: a run
 *
 * Forgets what has been seen.
 */
void
kling_test_run_clear (KlingTestRun * run)
{
  g_mutex_lock (&run->lock);
  g_ptr_array_set_size (run->log, 0);
  g_mutex_unlock (&run->lock);
}

/**
 * kling_test_run_change:
 * @run: a run
 * @state: where to
 * @ms: (out) (optional): how long the call took
 *
 * Returns: what gst_element_set_state() said
 */
GstStateChangeReturn
kling_test_run_change (KlingTestRun * run, GstState state, guint * ms)
{
  gint64 start = g_get_monotonic_time ();
  GstStateChangeReturn ret = gst_element_set_state (run->pipeline, state);
  gint64 took = kling_test_ms_since (start);

  fail_unless (took < STOP_MS, "the change to %s took %" G_GINT64_FORMAT
      " ms", gst_element_state_get_name (state), took);
  if (ms)
    *ms = (guint) took;
  return ret;
}

/**
 * kling_test_run_set:
 * @run: a run
 * @state: where to; must be possible, and at once
 */
void
kling_test_run_set (KlingTestRun * run, GstState state)
{
  fail_unless (kling_test_run_change (run, state, NULL)
      != GST_STATE_CHANGE_FAILURE);
}

/**
 * kling_test_run_refused:
 * @run: a run
 * @state: where to; must be refused
 */
void
kling_test_run_refused (KlingTestRun * run, GstState state)
{
  fail_unless_equals_int (kling_test_run_change (run, state, NULL),
      GST_STATE_CHANGE_FAILURE);
}

/* ---- what was seen ---- */

typedef gboolean (*Match) (gpointer object, gconstpointer what);

static gboolean
is_message (gpointer object, gconstpointer what)
{
  return GST_IS_MESSAGE (object)
      && (GST_MESSAGE_TYPE (object) & GPOINTER_TO_UINT (what));
}

static gboolean
is_element_message (gpointer object, gconstpointer what)
{
  return GST_IS_MESSAGE (object)
      && gst_message_has_name (object, (const gchar *) what);
}

static gboolean
is_event (gpointer object, gconstpointer what)
{
  return GST_IS_EVENT (object)
      && (guint) GST_EVENT_TYPE (object) == GPOINTER_TO_UINT (what);
}

static gboolean
is_buffer (gpointer object, gconstpointer what)
{
  return GST_IS_BUFFER (object);
}

static gpointer
find_locked (KlingTestRun * run, Match match, gconstpointer what)
{
  for (guint i = 0; i < run->log->len; i++) {
    if (match (run->log->pdata[i], what))
      return run->log->pdata[i];
  }
  return NULL;
}

static guint
count (KlingTestRun * run, Match match, gconstpointer what)
{
  guint n = 0;

  g_mutex_lock (&run->lock);
  for (guint i = 0; i < run->log->len; i++)
    n += match (run->log->pdata[i], what) ? 1 : 0;
  g_mutex_unlock (&run->lock);
  return n;
}

static gpointer
await (KlingTestRun * run, Match match, gconstpointer what, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  gpointer found;

  g_mutex_lock (&run->lock);
  while ((found = find_locked (run, match, what)) == NULL
      && g_cond_wait_until (&run->changed, &run->lock, deadline));
  g_mutex_unlock (&run->lock);
  return found;
}

/**
 * kling_test_run_count:
 * @run: a run
 * @types: which messages
 *
 * Returns: how many were posted
 */
guint
kling_test_run_count (KlingTestRun * run, GstMessageType types)
{
  return count (run, is_message, GUINT_TO_POINTER (types));
}

/**
 * kling_test_run_wait:
 * @run: a run
 * @types: which messages
 * @seconds: how long at most
 *
 * Returns: (transfer none) (nullable): the first of them
 */
GstMessage *
kling_test_run_wait (KlingTestRun * run, GstMessageType types, guint seconds)
{
  return await (run, is_message, GUINT_TO_POINTER (types), seconds);
}

/**
 * kling_test_run_wait_element:
 * @run: a run
 * @name: name of an element message
 * @seconds: how long at most
 *
 * Returns: (transfer none) (nullable): the first of them
 */
const GstStructure *
kling_test_run_wait_element (KlingTestRun * run, const gchar * name,
    guint seconds)
{
  GstMessage *message = await (run, is_element_message, name, seconds);

  return message ? gst_message_get_structure (message) : NULL;
}

/**
 * kling_test_run_count_element:
 * @run: a run
 * @name: name of an element message
 *
 * Returns: how many were posted
 */
guint
kling_test_run_count_element (KlingTestRun * run, const gchar * name)
{
  return count (run, is_element_message, name);
}

/**
 * kling_test_run_count_events:
 * @run: a run
 * @type: which events
 *
 * Returns: how many came out of the src pad
 */
guint
kling_test_run_count_events (KlingTestRun * run, GstEventType type)
{
  return count (run, is_event, GUINT_TO_POINTER ((guint) type));
}

/**
 * kling_test_run_count_buffers:
 * @run: a run
 *
 * Returns: how many came out of the src pad
 */
guint
kling_test_run_count_buffers (KlingTestRun * run)
{
  return count (run, is_buffer, NULL);
}

/**
 * kling_test_run_get_data:
 * @run: a run
 *
 * Returns: (transfer full): all bytes that came out of the src pad
 */
GBytes *
kling_test_run_get_data (KlingTestRun * run)
{
  GByteArray *data = g_byte_array_new ();

  g_mutex_lock (&run->lock);
  for (guint i = 0; i < run->log->len; i++) {
    GstMapInfo map;

    if (!GST_IS_BUFFER (run->log->pdata[i]))
      continue;
    fail_unless (gst_buffer_map (run->log->pdata[i], &map, GST_MAP_READ));
    g_byte_array_append (data, map.data, map.size);
    gst_buffer_unmap (run->log->pdata[i], &map);
  }
  g_mutex_unlock (&run->lock);
  return g_byte_array_free_to_bytes (data);
}

/**
 * kling_test_run_dup_status:
 * @run: a run
 *
 * Returns: (transfer full): nick of the property status
 */
gchar *
kling_test_run_dup_status (KlingTestRun * run)
{
  GValue value = G_VALUE_INIT;
  GEnumValue *found;

  g_object_get_property (G_OBJECT (run->lipsync), "status", &value);
  found = g_enum_get_value (g_type_class_peek (G_VALUE_TYPE (&value)),
      g_value_get_enum (&value));
  fail_unless (found != NULL);
  return g_strdup (found->value_nick);
}

/**
 * kling_test_run_wait_status:
 * @run: a run
 * @nick: a value of the property status
 * @seconds: how long at most
 *
 * Returns: whether it had that value meanwhile
 */
gboolean
kling_test_run_wait_status (KlingTestRun * run, const gchar * nick,
    guint seconds)
{
  gint64 start = g_get_monotonic_time ();

  for (;;) {
    g_autofree gchar *status = kling_test_run_dup_status (run);

    if (g_str_equal (status, nick))
      return TRUE;
    if (kling_test_ms_since (start) > seconds * 1000)
      return FALSE;
    g_usleep (1000);
  }
}

/**
 * kling_test_run_dup_task_id:
 * @run: a run
 *
 * Returns: (transfer full) (nullable): the property current-task-id
 */
gchar *
kling_test_run_dup_task_id (KlingTestRun * run)
{
  gchar *task_id;

  g_object_get (run->lipsync, "current-task-id", &task_id, NULL);
  return task_id;
}

static gboolean
is_progress_with (gpointer object, gconstpointer what)
{
  g_autofree gchar *text = NULL;
  GstProgressType type;

  if (!is_message (object, GUINT_TO_POINTER (GST_MESSAGE_PROGRESS)))
    return FALSE;
  gst_message_parse_progress (object, &type, NULL, &text);
  return strstr (text, what) != NULL;
}

/**
 * kling_test_run_has_text:
 * @run: a run
 * @words: a part of a sentence
 *
 * Returns: whether a progress message has said it
 */
gboolean
kling_test_run_has_text (KlingTestRun * run, const gchar * words)
{
  return count (run, is_progress_with, words) > 0;
}

static gboolean
is_warning_with (gpointer object, gconstpointer what)
{
  g_autoptr (GError) error = NULL;

  if (!is_message (object, GUINT_TO_POINTER (GST_MESSAGE_WARNING)))
    return FALSE;
  gst_message_parse_warning (object, &error, NULL);
  return strstr (error->message, what) != NULL;
}

/**
 * kling_test_run_has_warning:
 * @run: a run
 * @words: a part of a sentence
 *
 * Returns: whether a WARNING has said it
 */
gboolean
kling_test_run_has_warning (KlingTestRun * run, const gchar * words)
{
  return count (run, is_warning_with, words) > 0;
}

/* ---- what is right for every run ---- */

static void
fail_with_error (GstMessage * message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  if (message == NULL || GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return;
  gst_message_parse_error (message, &error, &debug);
  fail ("error: %s (%s)", error->message, debug);
}

/**
 * kling_test_run_check_no_error:
 * @run: a run
 *
 * No error was posted up to now.
 */
void
kling_test_run_check_no_error (KlingTestRun * run)
{
  fail_with_error (kling_test_run_wait (run, GST_MESSAGE_ERROR, 0));
}

/**
 * kling_test_run_eos:
 * @run: a run in PLAYING
 *
 * Waits for the end, which must be a good one.
 */
void
kling_test_run_eos (KlingTestRun * run)
{
  GstMessage *message = kling_test_run_wait (run,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR, 30);

  fail_with_error (message);
  fail_unless (message != NULL, "no EOS within 30 s");
}

/**
 * kling_test_run_preroll:
 * @run: a run on its way to PAUSED
 *
 * Waits until the sinks have something.
 */
void
kling_test_run_preroll (KlingTestRun * run)
{
  GstMessage *message = kling_test_run_wait (run,
      GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_ERROR, 30);

  fail_with_error (message);
  fail_unless (message != NULL, "no preroll within 30 s");
}

/**
 * kling_test_run_error:
 * @run: a run
 * @domain: the error's domain
 * @code: its code
 *
 * Waits for an error, of which there must be one only.
 *
 * Returns: (transfer none): its sentence, for as long as the run is not cleared
 */
const gchar *
kling_test_run_error (KlingTestRun * run, GQuark domain, gint code)
{
  GstMessage *message = kling_test_run_wait (run,
      GST_MESSAGE_ERROR | GST_MESSAGE_EOS, 30);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error within 30 s");
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, domain, code), "%s %d: %s",
      g_quark_to_string (error->domain), error->code, error->message);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_ERROR), 1);
  return g_intern_string (error->message);
}

/**
 * kling_test_run_details:
 * @run: a run that has failed
 *
 * Returns: (transfer none): the details of the error
 */
const GstStructure *
kling_test_run_details (KlingTestRun * run)
{
  GstMessage *message = kling_test_run_wait (run, GST_MESSAGE_ERROR, 10);
  const GstStructure *details;

  fail_unless (message != NULL);
  gst_message_parse_error_details (message, &details);
  fail_unless (details != NULL, "the error has no details");
  return details;
}

static gboolean
ends_progress (GstProgressType type)
{
  return type == GST_PROGRESS_TYPE_COMPLETE
      || type == GST_PROGRESS_TYPE_CANCELED || type == GST_PROGRESS_TYPE_ERROR;
}

typedef struct
{
  guint starts, ends, buffers;
  gint percent;
  GstProgressType end;
} Progress;

static void
check_one_progress (Progress * progress, GstMessage * message)
{
  g_autofree gchar *code = NULL, *text = NULL;
  gint percent = -1;
  GstProgressType type;

  gst_message_parse_progress (message, &type, &code, &text);
  gst_structure_get_int (gst_message_get_structure (message), "percent",
      &percent);
  fail_unless_equals_string (code, "lipsync");
  fail_unless (text && *text);
  fail_unless (progress->buffers == 0, "\"%s\" came after a buffer", text);
  fail_unless (progress->ends == 0, "\"%s\" came after the end", text);
  fail_unless_equals_int (type == GST_PROGRESS_TYPE_START,
      progress->starts == 0);
  progress->starts = 1;
  progress->ends += ends_progress (type) ? 1 : 0;
  progress->end = type;
  fail_unless (percent <= 100 && (percent < 0 || percent >= progress->percent),
      "%d %% after %d %%", percent, progress->percent);
  progress->percent = MAX (percent, progress->percent);
}

static gboolean
is_progress_end (gpointer object, gconstpointer what)
{
  GstProgressType type;

  if (!is_message (object, GUINT_TO_POINTER (GST_MESSAGE_PROGRESS)))
    return FALSE;
  gst_message_parse_progress (object, &type, NULL, NULL);
  return ends_progress (type);
}

/**
 * kling_test_run_check_progress:
 * @run: a run that has ended
 * @end: how
 *
 * START first, then CONTINUE, one end, all before the first buffer, and never
 * back.
 */
void
kling_test_run_check_progress (KlingTestRun * run, GstProgressType end)
{
  Progress progress = { 0, };

  /* the error itself comes first */
  await (run, is_progress_end, NULL, 30);
  progress.percent = -1;
  g_mutex_lock (&run->lock);
  for (guint i = 0; i < run->log->len; i++) {
    gpointer object = run->log->pdata[i];

    if (GST_IS_BUFFER (object))
      progress.buffers++;
    else if (is_message (object, GUINT_TO_POINTER (GST_MESSAGE_PROGRESS)))
      check_one_progress (&progress, object);
  }
  g_mutex_unlock (&run->lock);
  fail_unless_equals_int (progress.starts, 1);
  fail_unless_equals_int (progress.ends, 1);
  fail_unless_equals_int (progress.end, end);
}

/**
 * kling_test_check_contains:
 * @text: a sentence
 * @part: what must be in it
 */
void
kling_test_check_contains (const gchar * text, const gchar * part)
{
  fail_unless (text && strstr (text, part), "\"%s\" is not in \"%s\"", part,
      text);
}
