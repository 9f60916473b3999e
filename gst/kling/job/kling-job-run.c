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
#include "kling-digest.h"
#include "kling-evict.h"
#include "kling-log.h"

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

/* Only now is a key needed: what is kept plays without. */
static gboolean
job_open (KlingJob * job, GError ** error)
{
  const KlingSettings *settings = job->settings;

  if (settings->credentials == NULL) {
    g_propagate_error (error, g_error_copy (settings->no_credentials));
    return FALSE;
  }
  job->http = kling_http_new (settings->proxy, settings->tls_database,
      settings->user_agent, error);
  if (job->http == NULL)
    return FALSE;
  job->service = kling_service_new (job->request, job->settings, job->http);
  return TRUE;
}

/* A video that has come may be one too many. That of this run is not handed out
 * yet, which keeps it. */
static void
job_make_room (KlingJob * job, const KlingResult * result)
{
  if (result && result->location && job->store)
    kling_store_evict (job->store, job->settings->store_limit,
        job->settings->store_max_age);
}

static void
job_close (KlingJob * job)
{
  g_clear_pointer (&job->slot, kling_slot_release);
  g_clear_pointer (&job->session, kling_record_free);
  g_clear_pointer (&job->speech, kling_record_free);
  g_clear_pointer (&job->video_upload, kling_uploaded_free);
  g_clear_pointer (&job->audio_upload, kling_uploaded_free);
  g_clear_pointer (&job->service, kling_service_free);
  g_clear_pointer (&job->http, kling_http_unref);
  g_clear_pointer (&job->account, g_free);
  g_clear_pointer (&job->store, kling_store_unref);
}

/* --- from what is known to a task --- */

static gboolean
job_recall_reason (KlingJob * job, GError ** error)
{
  g_propagate_error (error, g_error_copy (job->record->reason));
  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &job->record->details);
  KLING_INFO ("remembered: %s", job->record->reason->message);
  return FALSE;
}

static gboolean
may_ask_again_after (const KlingRecord * record, gint code)
{
  return code == KLING_ERROR_TASK_FAILED && record->attempt < MAX_TASKS;
}

/**
 * kling_job_advise_after:
 * @record: of a request or a task
 * @code: why the service gave it up
 *
 * Returns: what a person can do then, as a sentence
 */
const gchar *
kling_job_advise_after (const KlingRecord * record, gint code)
{
  if (record->kind == KLING_RECORD_REQUEST
      && may_ask_again_after (record, code))
    return "Start again to have it asked for once more.";
  return
      "The same is not asked for again: change the video or the speech, or set"
      " take to a new name.";
}

/**
 * kling_job_may_ask_again:
 * @job: a job whose record says that the task failed
 *
 * Returns: whether a new run asks for it once more: it does if the reason does not
 *   lie in what was asked
 */
gboolean
kling_job_may_ask_again (const KlingJob * job)
{
  return may_ask_again_after (job->record, job->record->reason->code);
}

static gboolean
job_recall_failure (KlingJob * job, GError ** error)
{
  KlingRecord *record = job->record;

  if (!kling_job_may_ask_again (job))
    return job_recall_reason (job, error);
  if (!kling_job_may_pay (job, error))
    return FALSE;

  kling_job_warn (job, "Task %s for the same video failed before. It is asked"
      " for once more.", record->task_id);
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

/* The run that sent the call has died before its answer came. */
static void
job_note_doubt (KlingJob * job)
{
  static const KlingDetails none = { 0 };
  KlingRecord *record = job->record;
  g_autofree gchar *time = kling_record_dup_sent_at (record);
  g_autoptr (GError) reason = g_error_new (KLING_ERROR,
      KLING_ERROR_OUTCOME_UNKNOWN,
      "An earlier run ended in the middle of the call that costs, so this"
      " lip-sync may have been bought. Sent was, on %s: %s%s%s. It is not sent"
      " again by itself. Look into the service's console: if the task is there,"
      " start again with task-id set to its id; if it is not, set take to a new"
      " name to have it made.", time, record->label,
      record->external_id ? ", external task id " : "",
      record->external_id ? record->external_id : "");

  kling_record_set_reason (record, KLING_RECORD_UNKNOWN, reason, &none);
  kling_job_put (job, job->entry);
}

/* A create call whose answer was lost is never sent again by itself, unless the
 * service can tell whether it arrived. */
static gboolean
job_recall_doubt (KlingJob * job, GError ** error)
{
  if (job->record->state == KLING_RECORD_SENDING)
    job_note_doubt (job);
  return kling_job_has_own_external_id (job) ? kling_job_settle (job, error)
      : job_recall_reason (job, error);
}

/* From what is known of the request to a task that exists or is done */
static gboolean
job_obtain_task (KlingJob * job, GError ** error)
{
  switch (job->record->state) {
    case KLING_RECORD_READY:
    case KLING_RECORD_REFUSED:
      return kling_job_buy_task (job, error);
    case KLING_RECORD_SENDING:
    case KLING_RECORD_UNKNOWN:
      return job_recall_doubt (job, error);
    case KLING_RECORD_FAILED:
      return job_recall_failure (job, error);
    case KLING_RECORD_GONE:
      return job_recall_reason (job, error);
    case KLING_RECORD_RUNNING:
    case KLING_RECORD_FETCHING:
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
      && kling_job_may_ask_again (job);
}

/* --- from a task to the result --- */

/* What a run before us has left: in the store, or in memory, unless that run is
 * just ending */
static KlingResult *
job_get_done (KlingJob * job)
{
  if (job->record->state != KLING_RECORD_DONE)
    return NULL;
  if (job->store)
    return kling_job_get_kept (job, job->record, NULL);
  return job->entry ? kling_entry_get_result (job->entry) : NULL;
}

static KlingResult *
job_make_result (KlingJob * job, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingResult *result;

  if (!(job->request->task_id ? kling_job_attach (job, error)
          : job_obtain_task (job, error)))
    return NULL;
  result = job_get_done (job);
  if (result == NULL)
    result = kling_job_fetch_result (job, &reason);
  if (result)
    return result;
  if (!may_ask_again (job)) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return NULL;
  }
  job->adopted = FALSE;
  return job_make_result (job, error);
}

static gboolean
job_hold_request (KlingJob * job, GError ** error)
{
  g_autofree gchar *key = NULL;

  if (job->request->task_id)
    return TRUE;
  key = kling_request_dup_digest (job->request);
  return kling_job_hold_record (job, KLING_RECORD_REQUEST, key, error);
}

/* --- what is kept --- */

/* Whatever is found here needs no lock, no network and no key.
 * Returns: %FALSE when what is known of the request cannot be believed */
static gboolean
job_look_for_kept (KlingJob * job, KlingResult ** result, GError ** error)
{
  g_autofree gchar *key = job->request->task_id
      ? kling_request_dup_task_key (job->request)
      : kling_request_dup_digest (job->request);
  g_autoptr (KlingRecord) record = NULL;

  if (job->store == NULL)
    return TRUE;
  if (!kling_journal_peek (job->journal, job->store, key, &record, error))
    return FALSE;
  if (record)
    *result = kling_job_get_kept (job, record, NULL);
  if (*result == NULL)
    return TRUE;
  kling_job_set_task_id (job, (*result)->task_id);
  kling_job_progress (job, KLING_STAGE_DOWNLOADING, KLING_PERCENT_DOWNLOAD,
      "This video is kept here: task %s made it before.", (*result)->task_id);
  return TRUE;
}

/* The service may not have read the files yet, unless there is no task, or its
 * end is known. */
static gboolean
task_may_need_uploads (const KlingRecord * record)
{
  return record->state == KLING_RECORD_SENDING
      || record->state == KLING_RECORD_UNKNOWN
      || record->state == KLING_RECORD_RUNNING;
}

static void
job_end_uploads (KlingJob * job)
{
  g_autofree gchar *leftovers = NULL;

  if (job->entry == NULL || !kling_job_may_go_on (job, NULL))
    return;
  if (!task_may_need_uploads (job->record)) {
    kling_job_remove_uploads (job);
    return;
  }
  leftovers = kling_job_dup_leftovers (job);
  if (leftovers)
    kling_job_warn (job, "The service may still need %s, so it was not removed."
        " Start again with the same settings, or remove it when the task has"
        " ended.", leftovers);
}

static KlingResult *
job_do (KlingJob * job, GError ** error)
{
  KlingResult *result = NULL;

  kling_test_point ("job-begun");
  if (!job_prepare (job, error))
    return NULL;
  if (job->settings->dry_run) {
    kling_job_plan (job, error);
    return NULL;
  }
  if (!kling_job_open_store (job, error)
      || !job_look_for_kept (job, &result, error))
    return NULL;
  if (result == NULL && job_open (job, error) && job_hold_request (job, error))
    result = job_make_result (job, error);
  return result;
}

/**
 * kling_job_run:
 * @job: a job
 * @error: return location for a #KlingError
 *
 * The whole of a job, on its thread.
 *
 * Returns: (transfer full) (nullable): the result; %NULL without an error when
 *   it was a dry run
 */
KlingResult *
kling_job_run (KlingJob * job, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingResult *result = job_do (job, &reason);

  job_end_uploads (job);
  kling_job_let_go (job);
  if (result)
    kling_job_sweep_uploads (job);
  job_make_room (job, result);
  job_close (job);

  if (reason) {
    KLING_INFO ("job ended: %s", reason->message);
    g_propagate_error (error, g_steal_pointer (&reason));
  }
  return result;
}
