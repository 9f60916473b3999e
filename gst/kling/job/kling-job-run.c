/* klinglipsync: the steps of a job, from request to result
 *
 * Everything here and in the two files beside it runs on the job's thread and
 * waits only through kling-clock and kling-http, which end at once when the job
 * is told to stop. The exception is a paid call that is being sent: see
 * kling-job-buy.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-log.h"
#include "kling-url.h"

/* How often we look whether an earlier job has let go of the record */
#define HOLD_INTERVAL (250 * G_TIME_SPAN_MILLISECOND)
/* A failed task is asked for once more, by a new run */
#define MAX_TASKS 2

/**
 * kling_job_may_go_on:
 * @job: a job
 * @error: return location for a %KLING_ERROR_CANCELLED
 *
 * Returns: %FALSE when the job was told to stop
 */
gboolean
kling_job_may_go_on (KlingJob * job, GError ** error)
{
  if (!g_cancellable_is_cancelled (job->stop))
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED, "Stopped.");
  return FALSE;
}

/**
 * kling_job_sleep:
 * @job: a job
 * @span: microseconds
 * @deadline: not longer than until then
 * @error: return location for a %KLING_ERROR_CANCELLED
 *
 * Returns: %FALSE when the job was told to stop
 */
gboolean
kling_job_sleep (KlingJob * job, gint64 span, gint64 deadline, GError ** error)
{
  kling_clock_sleep (MIN (kling_clock_after (span), deadline), job->stop);
  return kling_job_may_go_on (job, error);
}

/* From what was set and what has come to a request that may be sent */
static gboolean
job_prepare (KlingJob * job, GError ** error)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *text = NULL;

  job->request = job->prepare (job->data, warnings, error);
  if (job->request == NULL)
    return FALSE;
  job->dialect = kling_dialect_get (job->request->dialect);
  text = kling_request_describe (job->request);
  KLING_INFO ("%s", text);
  kling_job_progress (job, KLING_STAGE_PREPARING, 0, "%s", text);
  for (guint i = 0; i < warnings->len; i++)
    kling_job_warn (job, "%s", (const gchar *) warnings->pdata[i]);
  return kling_job_may_go_on (job, error);
}

static gboolean
job_open (KlingJob * job, GError ** error)
{
  const KlingSettings *settings = job->settings;

  job->http = kling_http_new (settings->proxy, settings->tls_database,
      settings->user_agent, error);
  if (job->http == NULL)
    return FALSE;
  job->service = kling_service_new (job->request, job->settings, job->http);
  return TRUE;
}

static void
job_close (KlingJob * job)
{
  if (job->record)
    kling_journal_release (job->journal, job->record);
  job->record = NULL;
  g_clear_pointer (&job->service, kling_service_free);
  g_clear_pointer (&job->http, kling_http_unref);
}

/* Another job of this element may still hold the record, because its paid call
 * is being answered in the background. */
static gboolean
job_hold_record (KlingJob * job, GError ** error)
{
  gboolean told = FALSE;

  while ((job->record = kling_journal_try_hold (job->journal, job->request))
      == NULL) {
    if (!told)
      kling_job_progress (job, KLING_STAGE_CREATING, -1,
          "Waiting for the answer to an earlier call for the same video.");
    told = TRUE;
    if (!kling_job_sleep (job, HOLD_INTERVAL, KLING_NEVER, error))
      return FALSE;
  }
  kling_job_update_leftovers (job);
  return TRUE;
}

static gboolean
job_recall_reason (KlingJob * job, GError ** error)
{
  g_propagate_error (error, g_error_copy (job->record->reason));
  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &job->record->details);
  KLING_INFO ("remembered: %s", job->record->reason->message);
  return FALSE;
}

/* A task that the service gave up may be asked for once more, by a new run, if
 * the reason does not lie in what was asked. */
static gboolean
job_recall_failure (KlingJob * job, GError ** error)
{
  KlingRecord *record = job->record;

  if (record->reason->code != KLING_ERROR_TASK_FAILED
      || record->attempts >= MAX_TASKS)
    return job_recall_reason (job, error);

  kling_job_warn (job, "Task %s for the same video failed before. It is asked"
      " for once more.", record->task_id);
  record->state = KLING_RECORD_READY;
  g_clear_pointer (&record->task_id, g_free);
  return kling_job_buy_task (job, error);
}

static void
job_recall_task (KlingJob * job)
{
  const gchar *task_id = job->record->task_id;

  kling_job_set_task_id (job, task_id);
  kling_job_progress (job, KLING_STAGE_QUEUED, -1,
      "This video was asked for before: waiting for task %s.", task_id);
}

/* A create call whose answer was lost is never sent again by itself, unless the
 * service can tell whether it arrived. */
static gboolean
job_recall_doubt (KlingJob * job, GError ** error)
{
  return kling_job_has_own_external_id (job) ? kling_job_settle (job, error)
      : job_recall_reason (job, error);
}

/* From what is known of the request to a task that exists or is done */
static gboolean
job_obtain_task (KlingJob * job, gboolean * is_new, GError ** error)
{
  *is_new = FALSE;
  switch (job->record->state) {
    case KLING_RECORD_UNKNOWN:
      return job_recall_doubt (job, error);
    case KLING_RECORD_FAILED:
      *is_new = TRUE;
      return job_recall_failure (job, error);
    case KLING_RECORD_READY:
      *is_new = TRUE;
      return kling_job_buy_task (job, error);
    case KLING_RECORD_RUNNING:
    case KLING_RECORD_DONE:
      job_recall_task (job);
      return TRUE;
  }
  g_assert_not_reached ();
}

/* The task was another run's, and the service had given it up: this run has not
 * asked for anything yet. */
static gboolean
may_ask_again (const KlingJob * job)
{
  return job->adopted && job->record->state == KLING_RECORD_FAILED
      && job->record->reason->code == KLING_ERROR_TASK_FAILED
      && job->record->attempts < MAX_TASKS;
}

static KlingResult *
job_make_result (KlingJob * job, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  gboolean is_new;

  if (!job_obtain_task (job, &is_new, error))
    return NULL;
  if (job->record->state != KLING_RECORD_DONE
      && !kling_job_fetch_result (job, is_new && !job->adopted, &reason)) {
    if (!may_ask_again (job)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
    job->adopted = FALSE;
    return job_make_result (job, error);
  }
  return kling_result_ref (job->record->result);
}

/* The service may not have read the files yet, unless there is no task, or its
 * end is known. */
static gboolean
task_may_need_uploads (const KlingRecord * record)
{
  switch (record->state) {
    case KLING_RECORD_UNKNOWN:
      return TRUE;
    case KLING_RECORD_RUNNING:
      return !record->succeeded;
    default:
      return FALSE;
  }
}

static void
job_end_uploads (KlingJob * job)
{
  g_autofree gchar *leftovers = NULL;

  if (job->record == NULL || !kling_job_may_go_on (job, NULL))
    return;
  if (!task_may_need_uploads (job->record)) {
    kling_job_remove_uploads (job);
    return;
  }
  leftovers = kling_job_dup_leftovers (job);
  if (leftovers)
    kling_job_warn (job, "The service may still need %s, so it was not removed."
        " Remove it when the task has ended.", leftovers);
}

/**
 * kling_job_run:
 * @job: a job
 * @error: return location for a #KlingError
 *
 * The whole of a job, on its thread.
 *
 * Returns: (transfer full) (nullable): the result
 */
KlingResult *
kling_job_run (KlingJob * job, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingResult *result = NULL;

  if (job_prepare (job, &reason) && job_open (job, &reason)
      && job_hold_record (job, &reason))
    result = job_make_result (job, &reason);
  job_end_uploads (job);
  job_close (job);

  if (reason) {
    KLING_INFO ("job ended: %s", reason->message);
    g_propagate_error (error, g_steal_pointer (&reason));
  }
  return result;
}
