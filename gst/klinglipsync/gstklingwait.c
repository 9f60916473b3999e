/* klinglipsync: waits for the input, then for the job
 *
 * The task of the src pad: gst_kling_lipsync_obtain_result() is called by the
 * private child from its create(). It decides that the job starts, and posts
 * all that is posted about it. Around it are the few functions with which
 * other threads wake it. Locks: see gstklinglipsync.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklinglipsyncprivate.h"

#include "gstklinginputs.h"
#include "gstklingmessages.h"
#include "gstklingpads.h"
#include "kling-clock.h"

GST_DEBUG_CATEGORY_EXTERN (gst_kling_lipsync_debug);
#define GST_CAT_DEFAULT gst_kling_lipsync_debug

/* A person who waits for longer than this wants to know what for. */
#define INPUT_SILENCE (10 * KLING_SECOND)
/* How long the end of the input has to be the end */
#define INPUT_GRACE (1 * KLING_SECOND)
/* How long a program may need from its state change to its main loop */
#define LISTENER_GRACE (100 * G_TIME_SPAN_MILLISECOND)

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
void
gst_kling_lipsync_close_progress (GstKlingLipsync * self, GstProgressType type,
    const gchar * text)
{
  if (!self->progress_open)
    return;
  self->progress_open = FALSE;
  gst_kling_post_progress (GST_ELEMENT (self), type,
      type == GST_PROGRESS_TYPE_COMPLETE ? 100 : -1, text);
}

/* gst-launch-1.0 does not notice an error that comes between its change to
 * PAUSED and its main loop, and then waits for ever. In the first moment of an
 * activation nobody may be listening, so it is not told that anything is wrong.
 * This is about other people's time, which no test makes run faster. */
static void
gst_kling_lipsync_await_listener (GstKlingLipsync * self)
{
  g_mutex_lock (&self->lock);
  while (!self->flushing && g_cond_wait_until (&self->cond, &self->lock,
          self->activated_at + LISTENER_GRACE));
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
gst_kling_lipsync_fail (GstKlingLipsync * self, const GError * error,
    const KlingDetails * details, GstProgressType type)
{
  static const KlingDetails none = { 0 };

  GST_INFO_OBJECT (self, "failed: %s", error->message);
  gst_kling_lipsync_await_listener (self);
  self->failed = TRUE;
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_FAILED);
  gst_kling_post_error (GST_ELEMENT (self), error, details ? details : &none);
  gst_kling_lipsync_close_progress (self, type, error->message);
  return GST_FLOW_ERROR;
}

static void
gst_kling_lipsync_warn (GstKlingLipsync * self, const gchar * text)
{
  GST_ELEMENT_WARNING (self, RESOURCE, FAILED, ("%s", text), (NULL));
}

/* ---- starting the job ---- */

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

/* ---- waiting for the input ---- */

/* Returns: (transfer full) (nullable): what is still to be said, when nothing
 * that is there will say it */
static gchar *
gst_kling_lipsync_describe_missing (GstKlingLipsync * self)
{
  g_autoptr (KlingRequest) request = gst_kling_lipsync_make_request (self);

  gst_kling_inputs_announce (self, request);
  return kling_request_describe_missing (request);
}

/* Returns: (transfer full) (nullable): what is waited for, %NULL for nothing */
static gchar *
gst_kling_lipsync_describe_awaited_locked (GstKlingLipsync * self)
{
  g_autofree gchar *open = gst_kling_inputs_describe_open_locked (self);
  g_autofree gchar *missing = NULL;

  if (open)
    return g_strdup_printf ("Waiting for the end of the input (%s).", open);
  missing = gst_kling_lipsync_describe_missing (self);
  return missing == NULL ? NULL
      : g_strdup_printf ("Nothing is sent yet. Still to be said: %s.", missing);
}

/* An upstream that fails says so on the bus and then sends an EOS like any
 * other. Whoever listens to the bus gets a moment to stop us, because half a
 * speech costs as much as a whole one. */
static gboolean
gst_kling_lipsync_is_settled_locked (GstKlingLipsync * self)
{
  return !gst_kling_inputs_are_there (self)
      || kling_clock_now () >= self->heard_at + INPUT_GRACE;
}

/* Whether the waiting has an end. If it ends well, the sink pads are closed. */
static gboolean
gst_kling_lipsync_decide_locked (GstKlingLipsync * self, gchar ** awaited,
    GstFlowReturn * ret)
{
  *awaited = NULL;
  *ret = self->flushing ? GST_FLOW_FLUSHING
      : self->input_error ? GST_FLOW_ERROR
      : self->abandoned ? GST_FLOW_EOS : GST_FLOW_OK;
  if (*ret != GST_FLOW_OK)
    return TRUE;

  *awaited = gst_kling_lipsync_describe_awaited_locked (self);
  if (!gst_kling_inputs_have_failed_locked (self)
      && (*awaited || !gst_kling_lipsync_is_settled_locked (self)))
    return FALSE;
  self->closed = TRUE;
  if (self->inputs == NULL)
    self->inputs = gst_kling_inputs_take_locked (self);
  return TRUE;
}

static void
gst_kling_lipsync_warn_of_silence (GstKlingLipsync * self,
    const gchar * awaited)
{
  g_autofree gchar *open = NULL;
  g_autofree gchar *text = NULL;

  g_mutex_lock (&self->lock);
  open = gst_kling_inputs_describe_open_locked (self);
  g_mutex_unlock (&self->lock);
  text = g_strdup_printf ("Nothing has come for %d seconds. %s%s",
      (gint) (INPUT_SILENCE / KLING_SECOND), awaited, open == NULL ? ""
      : " If it comes from a tee, the tee's other branch needs a queue without"
      " limits: max-size-time=0 max-size-bytes=0 max-size-buffers=0.");
  gst_kling_lipsync_warn (self, text);
}

/* What has been told of the waiting. A progress that has begun keeps
 * gst-launch-1.0 in PAUSED, where a microphone gives nothing to wait for: so
 * while the pipeline is on its way to PLAYING nothing is told at first. */
typedef struct
{
  gchar *text;
  gint64 quiet_until;
  gboolean warned;
} Told;

static void
told_clear (Told * told)
{
  g_free (told->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Told, told_clear);

/* Called with the lock held, and lets go of it to post. */
static void
gst_kling_lipsync_tell_awaited (GstKlingLipsync * self, Told * told,
    const gchar * awaited)
{
  g_mutex_unlock (&self->lock);
  gst_kling_lipsync_tell (self, -1, awaited);
  g_free (told->text);
  told->text = g_strdup (awaited);
  told->warned = FALSE;
  g_mutex_lock (&self->lock);
}

/* Likewise */
static void
gst_kling_lipsync_warn_awaited (GstKlingLipsync * self, Told * told,
    const gchar * awaited)
{
  g_mutex_unlock (&self->lock);
  gst_kling_lipsync_warn_of_silence (self, awaited);
  told->warned = TRUE;
  g_mutex_lock (&self->lock);
}

/* Tells what is due, or waits until something is or has changed. Called with the
 * lock held. */
static void
gst_kling_lipsync_await_locked (GstKlingLipsync * self, Told * told,
    const gchar * awaited)
{
  gint64 now = kling_clock_now ();
  gint64 tell_at = g_strcmp0 (awaited, told->text) == 0 ? KLING_NEVER
      : self->playing ? now : told->quiet_until;
  gint64 warn_at = told->warned ? KLING_NEVER : self->heard_at + INPUT_SILENCE;

  if (awaited == NULL)
    kling_clock_wait (&self->cond, &self->lock, self->heard_at + INPUT_GRACE);
  else if (tell_at <= now)
    gst_kling_lipsync_tell_awaited (self, told, awaited);
  else if (warn_at <= now)
    gst_kling_lipsync_warn_awaited (self, told, awaited);
  else
    kling_clock_wait (&self->cond, &self->lock, MIN (tell_at, warn_at));
}

/* Waits until the request is complete. Returns GST_FLOW_OK when the job may
 * start, or why not. */
static GstFlowReturn
gst_kling_lipsync_await_inputs (GstKlingLipsync * self)
{
  g_auto (Told) told = { NULL, kling_clock_after (INPUT_SILENCE), FALSE };
  gboolean collecting = FALSE;
  GstFlowReturn ret;

  g_mutex_lock (&self->lock);
  self->heard_at = kling_clock_now ();
  for (;;) {
    g_autofree gchar *awaited = NULL;

    if (gst_kling_lipsync_decide_locked (self, &awaited, &ret))
      break;
    if (!collecting) {
      g_mutex_unlock (&self->lock);
      gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_COLLECTING);
      g_mutex_lock (&self->lock);
      collecting = TRUE;
      continue;
    }
    gst_kling_lipsync_await_locked (self, &told, awaited);
  }
  g_mutex_unlock (&self->lock);
  return ret;
}

/* The sink pad has posted the error, because its upstream posts one as soon as
 * the pad returns, and ours is to be the first. */
static GstFlowReturn
gst_kling_lipsync_fail_for_input (GstKlingLipsync * self)
{
  self->failed = TRUE;
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_FAILED);
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_ERROR,
      self->input_error->message);
  return GST_FLOW_ERROR;
}

/* ---- following the job ---- */

static void
gst_kling_lipsync_set_job (GstKlingLipsync * self, KlingJob * job)
{
  g_mutex_lock (&self->lock);
  self->job = job;
  if (self->flushing || self->abandoned)
    kling_job_interrupt (job, TRUE);
  g_mutex_unlock (&self->lock);
}

/* The application may take its time: nothing is paid meanwhile but what has been
 * paid. */
static void
gst_kling_lipsync_ask_for_face (GstKlingLipsync * self, KlingJob * job,
    const KlingEvent * event)
{
  g_autofree gchar *face_id = gst_kling_lipsync_select_face (self,
      gst_kling_make_faces (event, TRUE));

  kling_job_answer_face (job, face_id && *face_id ? face_id : NULL);
}

static void
gst_kling_lipsync_pass_on (GstKlingLipsync * self, KlingJob * job,
    const KlingEvent * event)
{
  if (event->stage != KLING_STAGE_PREPARING)
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
      gst_kling_lipsync_warn (self, event->text);
      break;
    case KLING_EVENT_FACES:
      gst_kling_post_faces (GST_ELEMENT (self), event);
      break;
    case KLING_EVENT_CHOICE:
      gst_kling_lipsync_ask_for_face (self, job, event);
      break;
    case KLING_EVENT_PLAN:
      gst_kling_post_plan (GST_ELEMENT (self), event->plan);
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
  gst_kling_lipsync_set_result_location (self, (*result)->location);
  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_DONE);
  kling_result_note_delivered (*result);
  gst_kling_post_result (GST_ELEMENT (self), *result);
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_COMPLETE, text);
  return GST_FLOW_OK;
}

/* A dry run is over: an EOS without data. */
static GstFlowReturn
gst_kling_lipsync_deliver_nothing (GstKlingLipsync * self)
{
  g_mutex_lock (&self->lock);
  self->delivered = TRUE;
  g_mutex_unlock (&self->lock);

  gst_kling_lipsync_set_status (self, GST_KLING_LIPSYNC_STATUS_DONE);
  gst_kling_lipsync_close_progress (self, GST_PROGRESS_TYPE_COMPLETE,
      "This was a dry run: nothing was sent, and nothing was paid.");
  return GST_FLOW_EOS;
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
        gst_kling_lipsync_pass_on (self, job, event);
        break;
      case KLING_WAIT_DONE:
        return gst_kling_lipsync_deliver (self, job, result);
      case KLING_WAIT_NOTHING:
        return gst_kling_lipsync_deliver_nothing (self);
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
  if (ret == GST_FLOW_ERROR)
    return gst_kling_lipsync_fail_for_input (self);
  if (ret != GST_FLOW_OK)
    return ret;
  job = gst_kling_lipsync_check_linked (self, &error)
      ? gst_kling_lipsync_start_job (self, g_steal_pointer (&self->inputs),
      &error) : NULL;
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
 * Returns: %GST_FLOW_OK with @result set; %GST_FLOW_EOS after a dry run;
 *   %GST_FLOW_FLUSHING when the child shall not wait; %GST_FLOW_ERROR when an
 *   error was posted
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

/* ---- what others tell: state changes, and the sink pads on their threads ---- */

/**
 * gst_kling_lipsync_set_playing:
 * @self: the element
 * @playing: whether it is in PLAYING, or on the way there
 *
 * Called by state changes: from now on what is waited for may be told.
 */
void
gst_kling_lipsync_set_playing (GstKlingLipsync * self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_kling_lipsync_is_closed:
 * @self: the element
 *
 * Returns: whether input comes too late, because the job has started
 */
gboolean
gst_kling_lipsync_is_closed (GstKlingLipsync * self)
{
  g_mutex_lock (&self->lock);
  gboolean closed = self->closed;
  g_mutex_unlock (&self->lock);
  return closed;
}

/**
 * gst_kling_lipsync_hear:
 * @self: the element
 *
 * Something has come to a sink pad.
 *
 * Returns: %FALSE when it comes too late
 */
gboolean
gst_kling_lipsync_hear (GstKlingLipsync * self)
{
  g_mutex_lock (&self->lock);
  gboolean open = !self->closed;

  self->heard_at = kling_clock_now ();
  g_mutex_unlock (&self->lock);
  return open;
}

/**
 * gst_kling_lipsync_end_input:
 * @self: the element
 * @pad: the sink pad from which all has come
 */
void
gst_kling_lipsync_end_input (GstKlingLipsync * self, GstPad * pad)
{
  g_mutex_lock (&self->lock);
  if (!self->closed)
    gst_kling_pads_get_input (pad)->ended = TRUE;
  self->heard_at = kling_clock_now ();
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_kling_lipsync_restart_input:
 * @self: the element
 * @pad: the sink pad to which more is going to come
 * @flushed: what has come before does not count
 *
 * Has no effect once the job has started.
 */
void
gst_kling_lipsync_restart_input (GstKlingLipsync * self, GstPad * pad,
    gboolean flushed)
{
  GstKlingInputPad *input = gst_kling_pads_get_input (pad);

  g_mutex_lock (&self->lock);
  if (!self->closed) {
    if (flushed || input->ended)
      gst_kling_collect_flush (input->collect);
    input->ended = FALSE;
  }
  self->heard_at = kling_clock_now ();
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_kling_lipsync_refuse_input:
 * @self: the element
 * @error: why something that came to a sink pad cannot be used
 *
 * Returns: what the sink pad returns
 */
GstFlowReturn
gst_kling_lipsync_refuse_input (GstKlingLipsync * self, const GError * error)
{
  g_auto (KlingDetails) details = { 0 };

  g_mutex_lock (&self->lock);
  gboolean is_first = !self->closed && self->input_error == NULL;

  if (is_first)
    self->input_error = g_error_copy (error);
  g_mutex_unlock (&self->lock);
  if (!is_first)
    return GST_FLOW_EOS;

  gst_kling_post_error (GST_ELEMENT (self), error, &details);
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return GST_FLOW_ERROR;
}
