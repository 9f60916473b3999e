/* klinglipsync: one request on its way to one result
 *
 * A job has a thread of its own, which runs the steps of kling-job-run.c
 * straight from request to result. It knows nothing of who waits for it: it
 * appends events to a queue, and the thread that calls kling_job_wait() takes
 * them out. So it may go on when nobody waits any more, which it does while a
 * paid call is being sent.
 *
 * job->lock guards the queue and the end of the job, for a few instructions at
 * a time; nothing is called with it held. Who holds the element's lock may take
 * it, never the other way round.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-exit.h"
#include "kling-log.h"
#include "kling-url.h"

/* Nobody may be waiting, because the pipeline is paused or is seeking. More
 * than this is old news. */
#define MAX_EVENTS 64

/**
 * kling_event_free:
 * @event: (transfer full): an event
 */
void
kling_event_free (KlingEvent * event)
{
  g_free (event->text);
  g_free (event->task_id);
  g_free (event->task_word);
  g_clear_pointer (&event->faces, g_ptr_array_unref);
  g_free (event->session_id);
  g_clear_pointer (&event->plan, kling_plan_free);
  g_free (event);
}

static void
job_push_event (KlingJob * job, KlingEvent * event)
{
  event->stage = job->stage;
  event->percent = job->percent;

  g_mutex_lock (&job->lock);
  event->task_id = g_strdup (job->task_id);
  g_queue_push_tail (&job->events, event);
  if (job->events.length > MAX_EVENTS)
    kling_event_free (g_queue_pop_head (&job->events));
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);
}

/* Called by the steps: a sentence for people. @percent < 0 keeps what it was. */
void
kling_job_progress (KlingJob * job, KlingStage stage, gint percent,
    const gchar * format, ...)
{
  KlingEvent *event = g_new0 (KlingEvent, 1);
  va_list args;

  job->stage = stage;
  job->percent = MAX (job->percent, percent);
  event->type = KLING_EVENT_PROGRESS;
  va_start (args, format);
  event->text = g_strdup_vprintf (format, args);
  va_end (args);
  job_push_event (job, event);
}

/* Called by the steps: a warning; the job goes on. */
void
kling_job_warn (KlingJob * job, const gchar * format, ...)
{
  KlingEvent *event = g_new0 (KlingEvent, 1);
  va_list args;

  event->type = KLING_EVENT_WARNING;
  va_start (args, format);
  event->text = g_strdup_vprintf (format, args);
  va_end (args);
  KLING_WARNING ("%s", event->text);
  job_push_event (job, event);
}

/* Called by the steps: the service was asked about the task. */
void
kling_job_tell_task (KlingJob * job, const gchar * word, gint64 elapsed,
    guint attempt)
{
  KlingEvent *event = g_new0 (KlingEvent, 1);

  event->type = KLING_EVENT_TASK;
  event->task_word = g_strdup (word);
  event->elapsed = elapsed;
  event->attempt = attempt;
  job_push_event (job, event);
}

static void
job_push_faces (KlingJob * job, KlingEventType type)
{
  KlingEvent *event = g_new0 (KlingEvent, 1);

  event->type = type;
  event->faces = kling_faces_copy (job->session->faces);
  event->session_id = g_strdup (job->session->session_id);
  job_push_event (job, event);
}

/* Called by the steps: what a run would do. @plan: (transfer full) */
void
kling_job_tell_plan (KlingJob * job, KlingPlan * plan)
{
  KlingEvent *event = g_new0 (KlingEvent, 1);

  event->type = KLING_EVENT_PLAN;
  event->plan = plan;
  job_push_event (job, event);
}

/* Called by the steps: the faces of the source video are known. */
void
kling_job_tell_faces (KlingJob * job)
{
  job_push_faces (job, KLING_EVENT_FACES);
}

/* Called by the steps: waits until somebody has chosen one of the faces. An
 * answer may come after a stop that is not here yet, because the stop waits for
 * whoever answers, and the next step costs: so it counts when somebody waits for
 * the job again.
 * @face_id: (out) (transfer full) (nullable): the answer, %NULL for "you choose" */
gboolean
kling_job_await_face (KlingJob * job, gchar ** face_id, GError ** error)
{
  job_push_faces (job, KLING_EVENT_CHOICE);
  g_mutex_lock (&job->lock);
  while (!(job->face_answered && job->waited_for) && !job->stopped)
    g_cond_wait (&job->cond, &job->lock);
  *face_id = g_steal_pointer (&job->face_answer);
  gboolean answered = !job->stopped;

  job->face_answered = FALSE;
  g_mutex_unlock (&job->lock);
  if (!answered)
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED, "Stopped.");
  return answered;
}

/* Nobody will read another message of ours, so this is for the person at the
 * terminal and for the journal of the system's services. */
static void
job_print_orphan (KlingJob * job, const gchar * task_id)
{
  g_autofree gchar *url = kling_url_display (job->request->base_url);

  g_printerr ("klinglipsync: stopped, but task %s at %s was bought and goes"
      " on there.\n", task_id, url);
}

/* Called by the steps as soon as the id is known, so that it is not lost
 * whatever comes next. */
void
kling_job_set_task_id (KlingJob * job, const gchar * task_id)
{
  g_mutex_lock (&job->lock);
  g_free (job->task_id);
  job->task_id = g_strdup (task_id);
  gboolean orphan = job->stopped;
  g_mutex_unlock (&job->lock);

  if (orphan || kling_exit_has_begun ())
    job_print_orphan (job, task_id);
}

/* Called by the steps: which files of ours stand somewhere and are to be removed
 * when the task has ended. @leftovers: (transfer full) (nullable): in words */
void
kling_job_set_leftovers (KlingJob * job, gchar * leftovers)
{
  g_mutex_lock (&job->lock);
  g_free (job->leftovers);
  job->leftovers = leftovers;
  g_mutex_unlock (&job->lock);
}

static void
job_finish (KlingJob * job, KlingResult * result, GError * error)
{
  g_mutex_lock (&job->lock);
  job->result = result;
  job->error = error;
  kling_details_copy (&job->error_details, &job->details);
  job->finished = TRUE;
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);
}

static gpointer
job_thread (gpointer data)
{
  KlingJob *job = data;
  GError *error = NULL;
  KlingResult *result = kling_job_run (job, &error);

  job_finish (job, result, error);
  kling_job_unref (job);
  return NULL;
}

/**
 * kling_job_start:
 * @prepare: makes the request, on the job's thread
 * @data: (transfer full): for @prepare
 * @destroy: frees @data, on any thread
 * @settings: how to ask
 * @journal: where it is written down
 * @error: return location for a %KLING_ERROR_LOCAL
 *
 * Starts a job on a thread of its own. Nothing was sent when this returns.
 *
 * Returns: (transfer full) (nullable): the job, or %NULL when there is no
 *   thread to be had
 */
KlingJob *
kling_job_start (KlingPrepare prepare, gpointer data, GDestroyNotify destroy,
    KlingSettings * settings, KlingJournal * journal, GError ** error)
{
  g_autoptr (KlingJob) job = g_new0 (KlingJob, 1);
  g_autoptr (GError) reason = NULL;

  g_atomic_ref_count_init (&job->refs);
  job->prepare = prepare;
  job->data = data;
  job->destroy = destroy;
  job->settings = kling_settings_ref (settings);
  job->journal = kling_journal_ref (journal);
  job->stop = g_cancellable_new ();
  job->percent = -1;
  job->audio_length = -1;
  g_mutex_init (&job->lock);
  g_cond_init (&job->cond);
  g_queue_init (&job->events);

  GThread *thread = g_thread_try_new ("kling-job", job_thread,
      kling_job_ref (job), &reason);

  if (thread == NULL) {
    kling_job_unref (job);
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "No thread could be started (%s). Nothing was sent.", reason->message);
    return NULL;
  }
  g_thread_unref (thread);
  return g_steal_pointer (&job);
}

/**
 * kling_job_ref:
 * @job: a job
 *
 * Returns: (transfer full): @job
 */
KlingJob *
kling_job_ref (KlingJob * job)
{
  g_atomic_ref_count_inc (&job->refs);
  return job;
}

/**
 * kling_job_unref:
 * @job: (transfer full): a job
 *
 * The job's thread holds a reference too: letting go does not stop it.
 */
void
kling_job_unref (KlingJob * job)
{
  if (!g_atomic_ref_count_dec (&job->refs))
    return;
  job->destroy (job->data);
  g_clear_pointer (&job->request, kling_request_unref);
  kling_settings_unref (job->settings);
  kling_journal_unref (job->journal);
  g_object_unref (job->stop);
  kling_details_clear (&job->details);
  g_queue_clear_full (&job->events, (GDestroyNotify) kling_event_free);
  g_free (job->task_id);
  g_free (job->leftovers);
  g_free (job->face_answer);
  g_clear_pointer (&job->result, kling_result_unref);
  g_clear_error (&job->error);
  kling_details_clear (&job->error_details);
  g_cond_clear (&job->cond);
  g_mutex_clear (&job->lock);
  g_free (job);
}

/* The queue is emptied before the end is told, so that nothing is lost. */
static gboolean
job_has_news_locked (KlingJob * job, KlingEvent ** event, KlingWait * wait)
{
  if (job->interrupted)
    *wait = KLING_WAIT_INTERRUPTED;
  else if ((*event = g_queue_pop_head (&job->events)))
    *wait = KLING_WAIT_EVENT;
  else if (job->finished)
    *wait = job->result ? KLING_WAIT_DONE : job->error ? KLING_WAIT_FAILED
        : KLING_WAIT_NOTHING;
  else
    return FALSE;
  return TRUE;
}

/**
 * kling_job_wait:
 * @job: a job
 * @event: (out) (transfer full): set for %KLING_WAIT_EVENT
 *
 * Waits until there is something to tell. One thread at a time.
 *
 * Returns: what it is
 */
KlingWait
kling_job_wait (KlingJob * job, KlingEvent ** event)
{
  KlingWait wait;

  *event = NULL;
  g_mutex_lock (&job->lock);
  while (!job_has_news_locked (job, event, &wait)) {
    job->waited_for = TRUE;
    if (job->face_answered)
      g_cond_broadcast (&job->cond);
    g_cond_wait (&job->cond, &job->lock);
  }
  job->waited_for = FALSE;
  g_mutex_unlock (&job->lock);
  return wait;
}

/**
 * kling_job_interrupt:
 * @job: a job
 * @interrupted: whether kling_job_wait() shall return at once
 *
 * Wakes the waiter and keeps it awake until called with %FALSE. The job itself
 * does not notice.
 */
void
kling_job_interrupt (KlingJob * job, gboolean interrupted)
{
  g_mutex_lock (&job->lock);
  job->interrupted = interrupted;
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);
}

/**
 * kling_job_answer_face:
 * @job: a job for which kling_job_wait() has returned a %KLING_EVENT_CHOICE
 * @face_id: (nullable): the face that speaks, or %NULL for the one that is seen
 *   longest
 *
 * Lets the job go on, with the next kling_job_wait().
 */
void
kling_job_answer_face (KlingJob * job, const gchar * face_id)
{
  g_mutex_lock (&job->lock);
  g_free (job->face_answer);
  job->face_answer = g_strdup (face_id);
  job->face_answered = TRUE;
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);
}

/**
 * kling_job_stop:
 * @job: a job
 *
 * Tells the job to stop at its next safe point, and returns at once. A paid
 * call that is being sent completes in the background. A task that exists is
 * not lost: its id is in the journal and is printed to stderr.
 */
void
kling_job_stop (KlingJob * job)
{
  g_autofree gchar *task_id = NULL;

  g_mutex_lock (&job->lock);
  if (!job->stopped && !job->finished)
    task_id = g_strdup (job->task_id);
  job->stopped = TRUE;
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);

  if (task_id)
    job_print_orphan (job, task_id);
  g_cancellable_cancel (job->stop);
}

/**
 * kling_job_dup_task_id:
 * @job: a job
 *
 * Returns: (transfer full) (nullable): the id of its task, once there is one
 */
gchar *
kling_job_dup_task_id (KlingJob * job)
{
  g_mutex_lock (&job->lock);
  gchar *task_id = g_strdup (job->task_id);
  g_mutex_unlock (&job->lock);
  return task_id;
}

/**
 * kling_job_dup_leftovers:
 * @job: a job
 *
 * Returns: (transfer full) (nullable): in words, which uploaded files nobody
 *   would remove if the job stopped now
 */
gchar *
kling_job_dup_leftovers (KlingJob * job)
{
  g_mutex_lock (&job->lock);
  gchar *leftovers = g_strdup (job->leftovers);
  g_mutex_unlock (&job->lock);
  return leftovers;
}

/**
 * kling_job_get_result:
 * @job: a job for which kling_job_wait() has returned %KLING_WAIT_DONE
 *
 * Returns: (transfer full): its result
 */
KlingResult *
kling_job_get_result (KlingJob * job)
{
  g_return_val_if_fail (job->result != NULL, NULL);

  return kling_result_ref (job->result);
}

/**
 * kling_job_dup_error:
 * @job: a job for which kling_job_wait() has returned %KLING_WAIT_FAILED
 * @details: (out caller-allocates): for the error message
 *
 * Returns: (transfer full): why there is no result
 */
GError *
kling_job_dup_error (KlingJob * job, KlingDetails * details)
{
  g_return_val_if_fail (job->error != NULL, NULL);

  kling_details_copy (details, &job->error_details);
  return g_error_copy (job->error);
}
