/* klinglipsync: makes a face speak
 *
 * Copyright (C) 2026 The klinglipsync developers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-klinglipsync
 * @title: klinglipsync
 *
 * klinglipsync makes the face in a video say a sentence. It asks a Kling
 * lip-sync service for it, waits, and then behaves like a file source: the
 * finished MP4 comes out of its src pad, untouched, seekable, with a known
 * size.
 *
 * Every video that the service makes costs money and takes minutes. The element
 * asks for it when it goes to PAUSED, its src pad is linked and it has been
 * told who speaks and what is said. It does not ask again when it is stopped
 * and started with the same settings: the running task is waited for, the
 * finished one is played.
 *
 * ## Example launch lines
 *
 * |[
 * gst-launch-1.0 klinglipsync video-url=https://example.com/face.mp4 \
 *     text="Good evening." voice-id=oversea_male1 voice-language=en ! \
 *     filesink location=out.mp4
 * ]|
 * Writes the finished video to a file. The key of the account comes from the
 * environment variable KLING_API_KEY. This asks the service for one video.
 *
 * |[
 * gst-launch-1.0 klinglipsync session-id=850508686686064678 \
 *     audio-url=https://example.com/speech.mp3 ! decodebin ! autovideosink
 * ]|
 * Shows a face, whose session is known from before, speaking a recording.
 *
 * Since: klinglipsync 0.1
 */

/* Threads
 *
 * application    properties, state changes, queries, send_event()
 * upstream       events and buffers of the sink pads, one thread per pad
 * src pad task   gst_kling_lipsync_obtain_result(), called by the child: decides
 *                that the job starts, waits for it, and posts what it tells
 * job            runs in gst/kling, holds no reference to the element and never
 *                calls it
 *
 * Locks
 *
 * self->lock with self->cond guards the fields marked so below, and whether a
 * sink pad has ended (its element_private). The object lock guards the
 * properties. Who holds self->lock may take the object lock or the job's lock,
 * never the other way round. None is held while posting, pushing, notifying or
 * calling out. self->progress_open and self->failed need none: they belong to
 * the src pad task, and to change_state() once that task has ended.
 *
 * State changes never wait for the network, nor for the job.
 */

#include "gstklinglipsync.h"

#include "gstklingmessages.h"
#include "gstklingpads.h"
#include "gstklingproperties.h"
#include "gstklingresultsrc.h"
#include "kling-clock.h"
#include "kling-credentials.h"
#include "kling-job.h"
#include "kling-log.h"
#include "kling-url.h"

GST_DEBUG_CATEGORY (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

/* A person who waits for longer than this wants to know what for. */
#define INPUT_SILENCE (10 * KLING_SECOND)

struct _GstKlingLipsync
{
  GstBin parent;

  GstElement *source;           /* our child; a reference of our own */
  GstPad *srcpad;               /* ghost of its pad */
  KlingJournal *journal;

  /* object lock */
  GstKlingProperties properties;
  gchar *credentials_source;
  GstKlingLipsyncStatus status;
  gchar *current_task_id;

  /* lock */
  GMutex lock;
  GCond cond;
  gboolean flushing;            /* the child shall not wait */
  gboolean abandoned;           /* a direct EOS came while nothing was there */
  gboolean delivered;           /* the result is being read out */
  KlingJob *job;                /* set: the sink pads are closed */

  /* src pad task, or change_state() after it */
  gboolean progress_open;
  gboolean failed;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_KLING_RESULT_CAPS));

static GParamSpec *pspecs[N_PROPERTIES];

G_DEFINE_TYPE_WITH_CODE (GstKlingLipsync, gst_kling_lipsync, GST_TYPE_BIN,
    GST_DEBUG_CATEGORY_INIT (gst_kling_lipsync_debug, "klinglipsync", 0,
        "Kling lip-sync"));
GST_ELEMENT_REGISTER_DEFINE (klinglipsync, "klinglipsync", GST_RANK_NONE,
    GST_TYPE_KLING_LIPSYNC);

/* ---- properties that tell ---- */

static void
gst_kling_lipsync_set_status (GstKlingLipsync * self,
    GstKlingLipsyncStatus status)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->status != status;
  self->status = status;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_STATUS]);
}

/* @task_id: (nullable): keeps the last one when %NULL */
static void
gst_kling_lipsync_set_task_id (GstKlingLipsync * self, const gchar * task_id)
{
  if (task_id == NULL)
    return;

  GST_OBJECT_LOCK (self);
  gboolean changed = g_strcmp0 (task_id, self->current_task_id) != 0;

  if (changed) {
    g_free (self->current_task_id);
    self->current_task_id = g_strdup (task_id);
  }
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_CURRENT_TASK_ID]);
}

static void
gst_kling_lipsync_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_kling_properties_set (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* Called with the object lock held. */
static gboolean
gst_kling_lipsync_get_own_property (GstKlingLipsync * self, guint id,
    GValue * value)
{
  switch (id) {
    case PROP_CREDENTIALS_SOURCE:
      g_value_set_string (value, self->credentials_source);
      return TRUE;
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      return TRUE;
    case PROP_CURRENT_TASK_ID:
      g_value_set_string (value, self->current_task_id);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
gst_kling_lipsync_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_kling_lipsync_get_own_property (self, id, value)
      || gst_kling_properties_get (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* ---- progress and errors: src pad task ---- */

/* The first one opens the progress: START. */
static void
gst_kling_lipsync_tell (GstKlingLipsync * self, gint percent,
    const gchar * text)
{
  gst_kling_post_progress (GST_ELEMENT (self), self->progress_open
      ? GST_PROGRESS_TYPE_CONTINUE : GST_PROGRESS_TYPE_START, percent, text);
  self->progress_open = TRUE;
}

/* Exactly one of COMPLETE, CANCELED and ERROR for each START */
static void
gst_kling_lipsync_close_progress (GstKlingLipsync * self, GstProgressType type,
    const gchar * text)
{
  if (!self->progress_open)
    return;
  self->progress_open = FALSE;
  gst_kling_post_progress (GST_ELEMENT (self), type,
      type == GST_PROGRESS_TYPE_COMPLETE ? 100 : -1, text);
}

static GstFlowReturn
gst_kling_lipsync_fail (GstKlingLipsync * self, const GError * error,
    const KlingDetails * details, GstProgressType type)
{
  static const KlingDetails none = { 0 };

  GST_INFO_OBJECT (self, "failed: %s", error->message);
  self->failed = TRUE;
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_FAILED);
  gst_kling_post_error (GST_ELEMENT (self), error, details ? details : &none);
  gst_kling_lipsync_close_progress (self, type, error->message);
  return GST_FLOW_ERROR;
}

/* ---- from properties to a job ---- */

/* Finds the key anew each time: it may have been changed in READY. */
static KlingSecret *
gst_kling_lipsync_find_key (GstKlingLipsync * self, const gchar * base_url,
    GError ** error)
{
  g_autofree gchar *source = NULL;
  g_autofree gchar *file = NULL;
  g_autoptr (KlingSecret) property = NULL;

  GST_OBJECT_LOCK (self);
  file = g_strdup (self->properties.credentials_file);
  if (self->properties.api_key)
    property = kling_secret_ref (self->properties.api_key);
  GST_OBJECT_UNLOCK (self);

  KlingSecret *key = kling_credentials_find (property, file, base_url, &source,
      error);

  GST_OBJECT_LOCK (self);
  gboolean changed = g_strcmp0 (source, self->credentials_source) != 0;

  g_free (self->credentials_source);
  self->credentials_source = g_steal_pointer (&source);
  GST_OBJECT_UNLOCK (self);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), pspecs[PROP_CREDENTIALS_SOURCE]);
  return key;
}

static KlingRequest *
gst_kling_lipsync_make_request (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  KlingRequest *request = gst_kling_properties_make_request (&self->properties);
  GST_OBJECT_UNLOCK (self);
  return request;
}

static KlingSettings *
gst_kling_lipsync_make_settings (GstKlingLipsync * self,
    const gchar * base_url, GError ** error)
{
  KlingSecret *key = gst_kling_lipsync_find_key (self, base_url, error);

  if (key == NULL)
    return NULL;

  GST_OBJECT_LOCK (self);
  KlingSettings *settings =
      gst_kling_properties_make_settings (&self->properties);
  GST_OBJECT_UNLOCK (self);
  settings->api_key = key;
  return settings;
}

static gboolean
check_tls (const gchar * base_url, GError ** error)
{
  if (!kling_url_needs_tls (base_url)
      || g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The service needs TLS and GLib has none here: install the package"
      " glib-networking.");
  return FALSE;
}

/* NULL->READY: what can be known without the network and before the input. */
static gboolean
gst_kling_lipsync_check_offline (GstKlingLipsync * self, GError ** error)
{
  g_autoptr (KlingRequest) request = gst_kling_lipsync_make_request (self);
  g_autoptr (KlingSecret) key = NULL;

  if (!kling_request_check_conflicts (request, error)
      || !kling_url_check_base (request->base_url, error)
      || !check_tls (request->base_url, error))
    return FALSE;
  key = gst_kling_lipsync_find_key (self, request->base_url, error);
  return key != NULL;
}

/* Whatever is paid for has to have a place to go. */
static gboolean
gst_kling_lipsync_check_linked (GstKlingLipsync * self, GError ** error)
{
  if (gst_kling_pads_is_linked (self->srcpad))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "The src pad is not linked, so nothing was sent: link it to where the"
      " video shall go.");
  return FALSE;
}

static KlingJob *
gst_kling_lipsync_start_job (GstKlingLipsync * self, GError ** error)
{
  g_autoptr (KlingRequest) request = gst_kling_lipsync_make_request (self);
  g_autoptr (KlingSettings) settings = NULL;
  g_autofree gchar *text = NULL;

  if (!kling_request_check (request, error)
      || !gst_kling_lipsync_check_linked (self, error))
    return NULL;
  settings = gst_kling_lipsync_make_settings (self, request->base_url, error);
  if (settings == NULL)
    return NULL;
  text = gst_kling_describe_request (request);
  gst_kling_lipsync_tell (self, 0, text);
  return kling_job_start (request, settings, self->journal, error);
}

/* ---- waiting: src pad task ---- */

/* Every sink pad has had its EOS. Without sink pads that is so at once. */
static gboolean
gst_kling_lipsync_inputs_ended (GstKlingLipsync * self)
{
  gboolean ended = TRUE;

  GST_OBJECT_LOCK (self);
  for (GList * l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
    ended = ended && gst_pad_get_element_private (l->data) != NULL;
  GST_OBJECT_UNLOCK (self);
  return ended;
}

/* Called with self->lock held. */
static void
gst_kling_lipsync_set_inputs_ended_locked (GstKlingLipsync * self,
    gboolean ended)
{
  GST_OBJECT_LOCK (self);
  for (GList * l = GST_ELEMENT (self)->sinkpads; l; l = l->next)
    gst_pad_set_element_private (l->data, GINT_TO_POINTER (ended));
  GST_OBJECT_UNLOCK (self);
}

static void
gst_kling_lipsync_tell_waiting (GstKlingLipsync * self, gboolean for_long)
{
  if (for_long) {
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The input has not ended for 10 seconds. If it comes from a tee, give"
            " the other branch a queue without limits."),
        ("no EOS on every sink pad"));
    return;
  }
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_COLLECTING);
  gst_kling_lipsync_tell (self, -1, "Waiting for the end of the input.");
}

/* Waits until the request is complete. Returns GST_FLOW_OK when the job may
 * start or has started, or why not. */
static GstFlowReturn
gst_kling_lipsync_await_inputs (GstKlingLipsync * self)
{
  gint64 deadline = 0;
  guint told = 0;

  g_mutex_lock (&self->lock);
  while (!self->flushing && !self->abandoned
      && !gst_kling_lipsync_inputs_ended (self)) {
    if (told < 2 && kling_clock_now () >= deadline) {
      g_mutex_unlock (&self->lock);
      gst_kling_lipsync_tell_waiting (self, told++ > 0);
      g_mutex_lock (&self->lock);
      deadline = told < 2 ? kling_clock_after (INPUT_SILENCE) : KLING_NEVER;
      continue;
    }
    kling_clock_wait (&self->cond, &self->lock, deadline);
  }
  GstFlowReturn ret = self->flushing ? GST_FLOW_FLUSHING
      : self->abandoned ? GST_FLOW_EOS : GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
  return ret;
}

/* From here on the sink pads are closed. */
static void
gst_kling_lipsync_set_job (GstKlingLipsync * self, KlingJob * job)
{
  g_mutex_lock (&self->lock);
  self->job = job;
  if (self->flushing || self->abandoned)
    kling_job_interrupt (job, TRUE);
  g_mutex_unlock (&self->lock);
}

static void
gst_kling_lipsync_pass_on (GstKlingLipsync * self, const KlingEvent * event)
{
  gst_kling_lipsync_set_status (self,
      gst_kling_lipsync_status_from_stage (event->stage));
  gst_kling_lipsync_set_task_id (self, event->task_id);

  switch (event->type) {
    case KLING_EVENT_PROGRESS:
      gst_kling_lipsync_tell (self, event->percent, event->text);
      break;
    case KLING_EVENT_TASK:
      gst_kling_post_task (GST_ELEMENT (self), event);
      break;
    case KLING_EVENT_WARNING:
      GST_ELEMENT_WARNING (self, RESOURCE, FAILED, ("%s", event->text), (NULL));
      break;
  }
}

static GstFlowReturn
gst_kling_lipsync_deliver (GstKlingLipsync * self, KlingJob * job,
    KlingResult ** result)
{
  *result = kling_job_get_result (job);
  g_autofree gchar *text =
      g_strdup_printf ("The video is here: %.1f MB, %.2f s.",
      kling_spool_get_size ((*result)->spool) / 1e6,
      (gdouble) (*result)->info.duration / KLING_SECOND);

  g_mutex_lock (&self->lock);
  self->delivered = TRUE;
  g_mutex_unlock (&self->lock);

  gst_kling_lipsync_set_task_id (self, (*result)->task_id);
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_DONE);
  gst_kling_post_result (GST_ELEMENT (self), *result);
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_COMPLETE, text);
  return GST_FLOW_OK;
}

/* A direct EOS in text mode: a person or an application wants no more of it.
 * An EOS without data would look like success and leave an empty file. */
static GstFlowReturn
gst_kling_lipsync_abandon (GstKlingLipsync * self, KlingJob * job)
{
  g_auto (KlingDetails) details = { 0 };
  g_autoptr (GError) error = NULL;

  if (job) {
    details.task_id = kling_job_dup_task_id (job);
    kling_job_stop (job);
  }
  if (details.task_id)
    error = g_error_new (KLING_ERROR, KLING_ERROR_CANCELLED,
        "Ended by EOS before the video was there. Task %s was bought and goes"
        " on at the service.", details.task_id);
  else
    error = g_error_new (KLING_ERROR, KLING_ERROR_CANCELLED,
        "Ended by EOS before the video was there.");
  return gst_kling_lipsync_fail (self, error, &details,
      GST_PROGRESS_TYPE_CANCELED);
}

static GstFlowReturn
gst_kling_lipsync_interrupted (GstKlingLipsync * self, KlingJob * job)
{
  g_mutex_lock (&self->lock);
  gboolean flushing = self->flushing;
  g_mutex_unlock (&self->lock);

  return flushing ? GST_FLOW_FLUSHING : gst_kling_lipsync_abandon (self, job);
}

/* Passes on what the job tells, until it ends or the child shall not wait. */
static GstFlowReturn
gst_kling_lipsync_follow_job (GstKlingLipsync * self, KlingJob * job,
    KlingResult ** result)
{
  g_auto (KlingDetails) details = { 0 };
  g_autoptr (GError) error = NULL;

  for (;;) {
    g_autoptr (KlingEvent) event = NULL;

    switch (kling_job_wait (job, &event)) {
      case KLING_WAIT_EVENT:
        gst_kling_lipsync_pass_on (self, event);
        break;
      case KLING_WAIT_DONE:
        return gst_kling_lipsync_deliver (self, job, result);
      case KLING_WAIT_INTERRUPTED:
        return gst_kling_lipsync_interrupted (self, job);
      case KLING_WAIT_FAILED:
        error = kling_job_dup_error (job, &details);
        return gst_kling_lipsync_fail (self, error, &details,
            GST_PROGRESS_TYPE_ERROR);
    }
  }
}

/* The job of this activation, started when there is none yet. Only this thread
 * and, after it, change_state() touch self->job, so it is read without a lock
 * here. */
static GstFlowReturn
gst_kling_lipsync_obtain_job (GstKlingLipsync * self)
{
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret;
  KlingJob *job;

  if (self->job)
    return GST_FLOW_OK;
  ret = gst_kling_lipsync_await_inputs (self);
  if (ret == GST_FLOW_EOS)
    return gst_kling_lipsync_abandon (self, NULL);
  if (ret != GST_FLOW_OK)
    return ret;
  job = gst_kling_lipsync_start_job (self, &error);
  if (job == NULL)
    return gst_kling_lipsync_fail (self, error, NULL, GST_PROGRESS_TYPE_ERROR);
  gst_kling_lipsync_set_job (self, job);
  return GST_FLOW_OK;
}

/**
 * gst_kling_lipsync_obtain_result:
 * @self: the element
 * @result: (out) (transfer full): the finished video
 *
 * Called by the child, on the task of the src pad: waits until the request is
 * complete, starts the job, waits for it. Everything the element posts about a
 * job is posted from here.
 *
 * Returns: %GST_FLOW_OK with @result set; %GST_FLOW_FLUSHING when the child
 *   shall not wait; %GST_FLOW_ERROR when an error was posted
 */
GstFlowReturn
gst_kling_lipsync_obtain_result (GstKlingLipsync * self, KlingResult ** result)
{
  GstFlowReturn ret;

  self->failed = FALSE;
  ret = gst_kling_lipsync_obtain_job (self);
  if (ret != GST_FLOW_OK)
    return ret;
  return gst_kling_lipsync_follow_job (self, self->job, result);
}

/**
 * gst_kling_lipsync_set_flushing:
 * @self: the element
 * @flushing: whether gst_kling_lipsync_obtain_result() shall not wait
 *
 * Called by the child for unlock() and unlock_stop(). It only wakes the waiter:
 * a flushing seek must not throw away what was paid for.
 */
void
gst_kling_lipsync_set_flushing (GstKlingLipsync * self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_broadcast (&self->cond);
  if (self->job)
    kling_job_interrupt (self->job, flushing || self->abandoned);
  g_mutex_unlock (&self->lock);
}

/* ---- sink pads: see gstklingpads.c ---- */

/**
 * gst_kling_lipsync_set_pad_ended:
 * @self: the element
 * @pad: one of its sink pads
 * @ended: whether all that is to come from it has come
 *
 * Called by the sink pads. Has no effect once the job has started.
 */
void
gst_kling_lipsync_set_pad_ended (GstKlingLipsync * self, GstPad * pad,
    gboolean ended)
{
  g_mutex_lock (&self->lock);
  if (self->job == NULL)
    gst_pad_set_element_private (pad, GINT_TO_POINTER (ended));
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_kling_lipsync_is_closed:
 * @self: the element
 *
 * Returns: whether the job has started, so that input comes too late
 */
gboolean
gst_kling_lipsync_is_closed (GstKlingLipsync * self)
{
  g_mutex_lock (&self->lock);
  gboolean closed = self->job != NULL;
  g_mutex_unlock (&self->lock);
  return closed;
}

/* With a sink pad we are no source for those who look for one: gst-launch-1.0
 * -e sends EOS to sources, and it must reach the microphone, not us. */
static void
gst_kling_lipsync_update_source_flag (GstKlingLipsync * self)
{
  GST_OBJECT_LOCK (self);
  if (GST_ELEMENT (self)->numsinkpads > 0)
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SOURCE);
  else
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_kling_lipsync_pad_added (GstElement * element, GstPad * pad)
{
  if (GST_PAD_IS_SRC (pad))
    return;
  gst_kling_pads_setup_sink (pad);
  gst_kling_lipsync_update_source_flag (GST_KLING_LIPSYNC (element));
}

/* One input less to wait for */
static void
gst_kling_lipsync_pad_removed (GstElement * element, GstPad * pad)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (element);

  if (GST_PAD_IS_SRC (pad))
    return;
  gst_kling_lipsync_update_source_flag (self);
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* ---- EOS from the application ---- */

/* Returns: whether it is ours; otherwise the child ends the stream. */
static gboolean
gst_kling_lipsync_take_eos (GstKlingLipsync * self)
{
  gboolean has_inputs = !GST_OBJECT_FLAG_IS_SET (self,
      GST_ELEMENT_FLAG_SOURCE);
  gboolean taken = TRUE;

  g_mutex_lock (&self->lock);
  if (self->delivered) {
    taken = FALSE;
  } else if (!has_inputs) {
    self->abandoned = TRUE;
    if (self->job)
      kling_job_interrupt (self->job, TRUE);
  } else if (self->job == NULL) {
    /* what has been recorded up to now is what is said */
    gst_kling_lipsync_set_inputs_ended_locked (self, TRUE);
  }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return taken;
}

static gboolean
gst_kling_lipsync_send_event (GstElement * element, GstEvent * event)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (element);

  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (gst_kling_lipsync_parent_class)->send_event
        (element, event);
  GST_INFO_OBJECT (self, "EOS from the application");
  if (!gst_kling_lipsync_take_eos (self))
    return gst_element_send_event (self->source, event);
  gst_event_unref (event);
  return TRUE;
}

/* ---- states and messages ---- */

/* GstBaseSrc posts a general error after each of ours or of the child's. One is
 * enough. */
static void
gst_kling_lipsync_handle_message (GstBin * bin, GstMessage * message)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (bin);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    if (self->failed) {
      gst_message_unref (message);
      return;
    }
    self->failed = TRUE;
  }
  GST_BIN_CLASS (gst_kling_lipsync_parent_class)->handle_message (bin, message);
}

static gboolean
gst_kling_lipsync_open (GstKlingLipsync * self)
{
  g_auto (KlingDetails) details = { 0 };
  g_autoptr (GError) error = NULL;

  if (gst_kling_lipsync_check_offline (self, &error))
    return TRUE;
  gst_kling_post_error (GST_ELEMENT (self), error, &details);
  return FALSE;
}

/* READY->PAUSED: a new activation. What is known of earlier ones is in the
 * journal. */
static void
gst_kling_lipsync_reset (GstKlingLipsync * self)
{
  self->failed = FALSE;
  g_mutex_lock (&self->lock);
  self->flushing = FALSE;
  self->abandoned = FALSE;
  self->delivered = FALSE;
  gst_kling_lipsync_set_inputs_ended_locked (self, FALSE);
  g_mutex_unlock (&self->lock);
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_IDLE);
}

/* Lets go of the job without waiting for it. The task of the src pad has ended
 * when this is called, so nothing follows the CANCELED. */
static void
gst_kling_lipsync_detach (GstKlingLipsync * self)
{
  g_autofree gchar *task_id = NULL;
  KlingJob *job;

  g_mutex_lock (&self->lock);
  job = g_steal_pointer (&self->job);
  self->delivered = FALSE;
  g_mutex_unlock (&self->lock);

  if (job) {
    task_id = kling_job_dup_task_id (job);
    kling_job_stop (job);
    kling_job_unref (job);
  }
  gst_kling_lipsync_set_task_id (self, task_id);
  if (self->progress_open && task_id)
    GST_ELEMENT_WARNING (self, RESOURCE, FAILED,
        ("Stopped, but task %s was bought and goes on at the service. Start"
            " again with the same settings to have its video.", task_id),
        (NULL));
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_CANCELED,
      "Stopped.");
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_IDLE);
}

static GstStateChangeReturn
gst_kling_lipsync_change_state (GstElement * element, GstStateChange transition)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY
      && !gst_kling_lipsync_open (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    gst_kling_lipsync_reset (self);

  ret = GST_ELEMENT_CLASS (gst_kling_lipsync_parent_class)->change_state
      (element, transition);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE) {
    /* the child may be running already, and nobody else will stop it */
    gst_element_set_state (self->source, GST_STATE_READY);
    gst_kling_lipsync_detach (self);
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_kling_lipsync_detach (self);
  return ret;
}

/* ---- object ---- */

/* The child may outlive us, in a message that somebody keeps. */
static void
gst_kling_lipsync_dispose (GObject * object)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);

  if (self->source)
    gst_kling_result_src_disown (GST_KLING_RESULT_SRC (self->source));
  gst_clear_object (&self->source);
  G_OBJECT_CLASS (gst_kling_lipsync_parent_class)->dispose (object);
}

static void
gst_kling_lipsync_finalize (GObject * object)
{
  GstKlingLipsync *self = GST_KLING_LIPSYNC (object);

  gst_kling_properties_clear (&self->properties);
  g_free (self->credentials_source);
  g_free (self->current_task_id);
  kling_journal_unref (self->journal);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  kling_log_detach ();
  G_OBJECT_CLASS (gst_kling_lipsync_parent_class)->finalize (object);
}

static void
gst_kling_lipsync_class_init (GstKlingLipsyncClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBinClass *bin_class = GST_BIN_CLASS (klass);

  object_class->set_property = gst_kling_lipsync_set_property;
  object_class->get_property = gst_kling_lipsync_get_property;
  object_class->dispose = gst_kling_lipsync_dispose;
  object_class->finalize = gst_kling_lipsync_finalize;
  gst_kling_properties_install (object_class, pspecs);

  element_class->change_state = gst_kling_lipsync_change_state;
  element_class->send_event = gst_kling_lipsync_send_event;
  element_class->pad_added = gst_kling_lipsync_pad_added;
  element_class->pad_removed = gst_kling_lipsync_pad_removed;
  bin_class->handle_message = gst_kling_lipsync_handle_message;

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Kling lip-sync",
      "Source/Network/Video",
      "Makes the face in a video say a text or a recording, by a Kling lip-sync"
      " service. Each video costs money and takes minutes",
      "The klinglipsync developers");
}

static void
gst_kling_lipsync_init (GstKlingLipsync * self)
{
  GstElementClass *element_class = GST_ELEMENT_GET_CLASS (self);
  g_autoptr (GstPad) target = NULL;

  kling_log_attach (gst_kling_log_line);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  gst_kling_properties_init (&self->properties);
  self->journal = kling_journal_new ();

  self->source = gst_object_ref (gst_kling_result_src_new (self));
  gst_bin_add (GST_BIN (self), self->source);
  target = gst_element_get_static_pad (self->source, "src");
  self->srcpad = gst_ghost_pad_new_from_template ("src", target,
      gst_element_class_get_pad_template (element_class, "src"));
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}
