/* klinglipsync: what the element says, on the bus and in the debug log
 *
 * The messages are posted from the task of the src pad, or from a state change
 * when that task has ended; never with a lock held. Any thread may log.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingmessages.h"

#include "kling-face.h"
#include "kling-spool.h"
#include "kling-url.h"

GST_DEBUG_CATEGORY_EXTERN (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

#define PROGRESS_CODE "lipsync"

/* @percent < 0 when it is not known. gst-launch-1.0 prints the text, and waits
 * in PAUSED while a START has no COMPLETE, ERROR or CANCELED. */
void
gst_kling_post_progress (GstElement * element, GstProgressType type,
    gint percent, const gchar * text)
{
  GstMessage *message = gst_message_new_progress (GST_OBJECT (element), type,
      PROGRESS_CODE, text);

  if (percent >= 0)
    gst_structure_set (gst_message_writable_structure (message), "percent",
        G_TYPE_INT, percent, NULL);
  gst_element_post_message (element, message);
}

/* klinglipsync-task: each time the service was asked about the task */
void
gst_kling_post_task (GstElement * element, const KlingEvent * event)
{
  GstStructure *structure = gst_structure_new ("klinglipsync-task",
      "task-id", G_TYPE_STRING, event->task_id,
      "status", G_TYPE_STRING, event->task_word,
      "elapsed", G_TYPE_UINT64, (guint64) event->elapsed * GST_USECOND,
      "attempt", G_TYPE_UINT, event->attempt, NULL);

  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element), structure));
}

/* @with_queries: whether the pictures' URLs are whole. The query of a URL may be
 * a signature, and messages are printed. */
static GstStructure *
make_face (const KlingFace * face, gboolean with_queries)
{
  GstStructure *structure = gst_structure_new ("face",
      "face-id", G_TYPE_STRING, face->id, NULL);

  if (face->start >= 0)
    gst_structure_set (structure, "start-time", G_TYPE_UINT64,
        (guint64) face->start * GST_MSECOND, NULL);
  if (face->end >= 0)
    gst_structure_set (structure, "end-time", G_TYPE_UINT64,
        (guint64) face->end * GST_MSECOND, NULL);
  if (face->width > 0 && face->height > 0)
    gst_structure_set (structure, "x", G_TYPE_INT, face->x, "y", G_TYPE_INT,
        face->y, "width", G_TYPE_INT, face->width, "height", G_TYPE_INT,
        face->height, NULL);
  if (face->image_url) {
    g_autofree gchar *url = with_queries ? g_strdup (face->image_url)
        : kling_url_display (face->image_url);

    gst_structure_set (structure, "picture", G_TYPE_STRING, url, NULL);
  }
  return structure;
}

/* Returns: (transfer full): klinglipsync-faces, for the message and for the
 * signal select-face */
GstStructure *
gst_kling_make_faces (const KlingEvent * event, gboolean with_queries)
{
  GstStructure *structure = gst_structure_new ("klinglipsync-faces",
      "session-id", G_TYPE_STRING, event->session_id, NULL);
  GValue list = G_VALUE_INIT;

  gst_value_array_init (&list, event->faces->len);
  for (guint i = 0; i < event->faces->len; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&value, make_face (event->faces->pdata[i],
            with_queries));
    gst_value_array_append_and_take_value (&list, &value);
  }
  gst_structure_take_value (structure, "faces", &list);
  return structure;
}

/* klinglipsync-faces: when the faces of the source video are known */
void
gst_kling_post_faces (GstElement * element, const KlingEvent * event)
{
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          gst_kling_make_faces (event, FALSE)));
}

/* klinglipsync-result: once, before the first buffer */
void
gst_kling_post_result (GstElement * element, const KlingResult * result)
{
  GstClockTime duration = result->info.duration < 0 ? GST_CLOCK_TIME_NONE
      : (GstClockTime) result->info.duration * GST_USECOND;
  GstStructure *structure = gst_structure_new ("klinglipsync-result",
      "task-id", G_TYPE_STRING, result->task_id,
      "size", G_TYPE_UINT64, (guint64) kling_spool_get_size (result->spool),
      "duration", G_TYPE_UINT64, duration,
      "sha256", G_TYPE_STRING, kling_spool_get_sha256 (result->spool),
      "paid", G_TYPE_BOOLEAN, result->is_new, NULL);

  if (result->location)
    gst_structure_set (structure, "location", G_TYPE_STRING, result->location,
        NULL);
  if (result->units >= 0)
    gst_structure_set (structure, "units", G_TYPE_DOUBLE, result->units, NULL);
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element), structure));
}

/* Units as they are written; what is not known is left out. */
static void
set_units (GstStructure * structure, gint min, gint max)
{
  if (min != KLING_UNITS_UNKNOWN)
    gst_structure_set (structure, "units-min", G_TYPE_DOUBLE, min / 100.0,
        "units-max", G_TYPE_DOUBLE, max / 100.0, NULL);
}

static GstStructure *
make_call (const KlingPlannedCall * call)
{
  GstStructure *structure = gst_structure_new ("call",
      "name", G_TYPE_STRING, call->name,
      "paid", G_TYPE_BOOLEAN, call->is_paid,
      "text", G_TYPE_STRING, call->text, NULL);

  if (call->method)
    gst_structure_set (structure, "method", G_TYPE_STRING, call->method, NULL);
  if (call->url)
    gst_structure_set (structure, "url", G_TYPE_STRING, call->url, NULL);
  if (call->size >= 0)
    gst_structure_set (structure, "size", G_TYPE_UINT64, (guint64) call->size,
        "exact", G_TYPE_BOOLEAN, call->is_exact, NULL);
  set_units (structure, call->units_min, call->units_max);
  return structure;
}

/* klinglipsync-plan: once, in a dry run */
void
gst_kling_post_plan (GstElement * element, const KlingPlan * plan)
{
  GstStructure *structure = gst_structure_new ("klinglipsync-plan",
      "paid-calls", G_TYPE_UINT, plan->paid_calls,
      "digest", G_TYPE_STRING, plan->digest,
      "text", G_TYPE_STRING, plan->text, NULL);
  GValue list = G_VALUE_INIT;

  set_units (structure, plan->units_min, plan->units_max);
  gst_value_array_init (&list, plan->calls->len);
  for (guint i = 0; i < plan->calls->len; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&value, make_call (plan->calls->pdata[i]));
    gst_value_array_append_and_take_value (&list, &value);
  }
  gst_structure_take_value (structure, "calls", &list);
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element), structure));
}

/* How GStreamer's own vocabulary says it. Applications that know nothing of us
 * decide by domain and code. */
static void
get_gst_code (gint kling_code, GQuark * domain, gint * code)
{
  static const struct
  {
    KlingError kling;
    GstResourceError resource;
  } codes[] = {
    {KLING_ERROR_SETTINGS, GST_RESOURCE_ERROR_SETTINGS},
    {KLING_ERROR_CREDENTIALS, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
    {KLING_ERROR_NOT_AUTHORIZED, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
    {KLING_ERROR_ACCOUNT, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
    {KLING_ERROR_INPUT, GST_RESOURCE_ERROR_SETTINGS},
    {KLING_ERROR_POLICY, GST_RESOURCE_ERROR_SETTINGS},
    {KLING_ERROR_SERVICE, GST_RESOURCE_ERROR_FAILED},
    {KLING_ERROR_NETWORK, GST_RESOURCE_ERROR_OPEN_READ_WRITE},
    {KLING_ERROR_TIMED_OUT, GST_RESOURCE_ERROR_BUSY},
    {KLING_ERROR_OUTCOME_UNKNOWN, GST_RESOURCE_ERROR_SYNC},
    {KLING_ERROR_TASK_FAILED, GST_RESOURCE_ERROR_FAILED},
    {KLING_ERROR_LOCAL, GST_RESOURCE_ERROR_WRITE},
    {KLING_ERROR_CANCELLED, GST_RESOURCE_ERROR_READ},
  };

  *domain = GST_RESOURCE_ERROR;
  *code = GST_RESOURCE_ERROR_FAILED;
  if (kling_code == KLING_ERROR_RESULT) {
    *domain = GST_STREAM_ERROR;
    *code = GST_STREAM_ERROR_WRONG_TYPE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    if (codes[i].kling == (KlingError) kling_code)
      *code = codes[i].resource;
  }
}

static GstStructure *
make_details (const KlingDetails * details)
{
  GstStructure *structure = gst_structure_new_empty ("details");

  if (details->http_status)
    gst_structure_set (structure, "http-status-code", G_TYPE_UINT,
        details->http_status, NULL);
  if (details->service_code)
    gst_structure_set (structure, "service-code", G_TYPE_STRING,
        details->service_code, NULL);
  if (details->request_id)
    gst_structure_set (structure, "request-id", G_TYPE_STRING,
        details->request_id, NULL);
  if (details->task_id)
    gst_structure_set (structure, "task-id", G_TYPE_STRING, details->task_id,
        NULL);
  return structure;
}

/* The sentence is @error's; @details go along for machines and supporters. */
void
gst_kling_post_error (GstElement * element, const GError * error,
    const KlingDetails * details)
{
  GQuark domain;
  gint code;
  GstStructure *structure = make_details (details);
  gchar *debug = gst_structure_n_fields (structure) > 0
      ? gst_structure_to_string (structure) : NULL;

  get_gst_code (error->code, &domain, &code);
  gst_element_message_full_with_details (element, GST_MESSAGE_ERROR, domain,
      code, g_strdup (error->message), debug, __FILE__, GST_FUNCTION, __LINE__,
      structure);
}

/* A #KlingLogFunc: what the service half logs, in our category */
void
gst_kling_log_line (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, va_list args)
{
  static const GstDebugLevel levels[] = {
    [KLING_LOG_WARNING] = GST_LEVEL_WARNING,
    [KLING_LOG_INFO] = GST_LEVEL_INFO,
    [KLING_LOG_DEBUG] = GST_LEVEL_DEBUG,
  };

  gst_debug_log_valist (GST_CAT_DEFAULT, levels[level], file, function, line,
      NULL, format, args);
}
