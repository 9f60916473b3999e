/* klinglipsync: the step of a job that attaches it to a task which the user names
 *
 * The task may have been made elsewhere, or be the answer to the question
 * whether a lost call has bought something. It counts only once the service has
 * told its state: a mistyped id settles nothing. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-digest.h"
#include "kling-log.h"

/* A service in trouble is asked again, as long as that is no polling. */
#define MAX_TRIES 5

/* Returns: whether the service knows the task */
static gboolean
job_ask_for_task (KlingJob * job, guint * path, GError ** error)
{
  KlingReply reply;
  gboolean known = kling_service_query (job->service, job->request->task_id,
      path, job->stop, &reply, error);

  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &reply.details);
  kling_reply_clear (&reply);
  return known;
}

static gboolean
may_be_asked_again (const GError * reason)
{
  return reason->code == KLING_ERROR_NETWORK
      || reason->code == KLING_ERROR_TIMED_OUT
      || reason->code == KLING_ERROR_SERVICE;
}

static gboolean
job_check_task (KlingJob * job, guint * path, GError ** error)
{
  for (guint i = 1;; i++) {
    g_autoptr (GError) reason = NULL;

    if (job_ask_for_task (job, path, &reason))
      return TRUE;
    if (i == MAX_TRIES || !may_be_asked_again (reason)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
    if (!kling_job_sleep (job, job->settings->poll_interval, KLING_NEVER,
            error))
      return FALSE;
  }
}

static void
job_keep_task (KlingJob * job, guint path)
{
  KlingRecord *record = job->record;

  kling_record_set_task (record, job->request->task_id);
  record->query_path = path;
  record->resent = FALSE;
  kling_job_put (job, job->entry);
}

static gboolean
is_in_doubt (const KlingRecord * record)
{
  return record->state == KLING_RECORD_UNKNOWN
      || record->state == KLING_RECORD_SENDING;
}

/* The record of the request, if it waits for an answer; otherwise that of the
 * task, which is nobody's request. */
static gboolean
job_hold (KlingJob * job, GError ** error)
{
  g_autofree gchar *key = NULL;

  if (kling_request_is_complete (job->request)) {
    key = kling_request_dup_digest (job->request);
    if (!kling_job_hold_record (job, KLING_RECORD_REQUEST, key, error))
      return FALSE;
    if ((job->entry && is_in_doubt (job->record))
        || g_strcmp0 (job->record->task_id, job->request->task_id) == 0)
      return TRUE;
    kling_job_let_go (job);
    g_free (key);
  }
  key = kling_request_dup_task_key (job->request);
  return kling_job_hold_record (job, KLING_RECORD_TASK, key, error);
}

/**
 * kling_job_attach:
 * @job: a job whose request names a task
 * @error: return location for a #KlingError
 *
 * Buys nothing, whatever the service says.
 *
 * Returns: %TRUE when the record has the task
 */
gboolean
kling_job_attach (KlingJob * job, GError ** error)
{
  guint path = 0;

  if (!job_hold (job, error))
    return FALSE;
  kling_job_set_task_id (job, job->request->task_id);
  if (kling_record_has_task (job->record)
      || job->record->state == KLING_RECORD_GONE)
    return TRUE;
  kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
      "Asking for task %s.", job->request->task_id);
  if (!job_check_task (job, &path, error))
    return FALSE;
  job_keep_task (job, path);
  return TRUE;
}
