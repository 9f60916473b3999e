/* klinglipsync: the one step of a job that is a dry run
 *
 * On the job's thread. Nothing is sent, written or paid, and the network is not
 * touched: the plan is made of what is here, and told. Of the store nothing is
 * held: other runs may go on meanwhile, and the plan is that of the moment.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-digest.h"
#include "kling-log.h"

/* --- what earlier runs have found out --- */

/* A store is not made for a dry run. */
static gboolean
job_open_what_is_there (KlingJob * job, GError ** error)
{
  if (job->settings->store
      && !g_file_test (job->settings->store, G_FILE_TEST_EXISTS))
    return TRUE;
  return kling_job_open_store (job, error);
}

/* @key: (transfer full) */
static gboolean
job_peek (KlingJob * job, gchar * key, KlingRecord ** record, GError ** error)
{
  g_autofree gchar *owned = key;

  return kling_journal_peek (job->journal, job->store, owned, record, error);
}

/* The records become the job's, and are freed with it. */
static gboolean
job_look_back (KlingJob * job, GError ** error)
{
  const KlingRequest *request = job->request;

  if (!job_peek (job, request->task_id ? kling_request_dup_task_key (request)
          : kling_request_dup_digest (request), &job->record, error))
    return FALSE;
  if (kling_job_has_session (job) && request->session_id == NULL
      && !job_peek (job, kling_request_dup_session_key (request, job->account),
          &job->session, error))
    return FALSE;
  return !kling_job_has_speech (job)
      || job_peek (job, kling_request_dup_speech_key (request, job->account),
      &job->speech, error);
}

/* The one that was chosen, or the only one */
static const KlingFace *
job_find_face (const KlingJob * job)
{
  GPtrArray *faces = job->session ? job->session->faces : NULL;

  if (faces == NULL)
    return NULL;
  if (kling_job_get_face_id (job))
    return kling_faces_find (faces, kling_job_get_face_id (job));
  return faces->len == 1 ? faces->pdata[0] : NULL;
}

static gboolean
job_recall_end (KlingJob * job, GError ** error)
{
  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &job->record->details);
  if (job->record->reason)
    g_propagate_error (error, g_error_copy (job->record->reason));
  else
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_OUTCOME_UNKNOWN,
        "The call that costs was begun by another run, and what came of it is"
        " not known: a run does not send it again by itself.");
  return FALSE;
}

static gboolean
job_has_video (KlingJob * job)
{
  g_autoptr (KlingResult) result = NULL;

  /* it is in memory then */
  if (job->store == NULL)
    return TRUE;
  result = kling_job_get_kept (job, job->record, NULL);
  return result != NULL;
}

/* Returns: %FALSE when a run would end with the error of an earlier one */
static gboolean
job_judge_record (KlingJob * job, KlingPlanKnown * known, GError ** error)
{
  const KlingRecord *record = job->record;

  known->attempts = record->attempt;
  known->query_path = record->query_path;
  switch (record->state) {
    case KLING_RECORD_READY:
    case KLING_RECORD_REFUSED:
      return TRUE;
    case KLING_RECORD_SENDING:
    case KLING_RECORD_UNKNOWN:
      if (!kling_job_has_own_external_id (job))
        return job_recall_end (job, error);
      known->lost_id = record->external_id;
      return TRUE;
    case KLING_RECORD_FAILED:
      return kling_job_may_ask_again (job) || job_recall_end (job, error);
    case KLING_RECORD_GONE:
      return job_recall_end (job, error);
    case KLING_RECORD_DONE:
      known->is_here = job_has_video (job);
      known->task_id = record->task_id;
      return TRUE;
    case KLING_RECORD_RUNNING:
    case KLING_RECORD_FETCHING:
      known->task_id = record->task_id;
      return TRUE;
  }
  g_assert_not_reached ();
}

static gboolean
job_recall (KlingJob * job, KlingPlanKnown * known, GError ** error)
{
  if (!job_open_what_is_there (job, error) || !job_look_back (job, error))
    return FALSE;
  known->speech_length = -1;
  known->face = job_find_face (job);
  if (job->session)
    known->session_id = job->session->session_id;
  if (job->speech) {
    known->speech_id = job->speech->speech_id;
    known->speech_length = job->speech->speech_length;
    known->speech_task = job->speech->task_id;
  }
  return job->record == NULL || job_judge_record (job, known, error);
}

/* --- the step --- */

/**
 * kling_job_plan:
 * @job: a job that has its request, and nothing else
 * @error: return location for a #KlingError
 *
 * Tells what a run would do, call by call, and then as a whole.
 *
 * Returns: whether there is anything to be done, or nothing more; %FALSE when a
 *   run would end before it pays
 */
gboolean
kling_job_plan (KlingJob * job, GError ** error)
{
  KlingPlanKnown known = { 0, };
  g_autoptr (KlingPlan) plan = NULL;

  if (!job_recall (job, &known, error))
    return FALSE;
  plan = kling_plan_new (job->request, job->settings, &known, error);
  if (plan == NULL || (plan->paid_calls > 0 && !kling_job_may_pay (job, error)))
    return FALSE;
  for (guint i = 0; i < plan->calls->len; i++) {
    const KlingPlannedCall *call = plan->calls->pdata[i];

    kling_job_progress (job, KLING_STAGE_PREPARING, -1, "%s", call->text);
  }
  KLING_INFO ("dry run: %s", plan->text);
  kling_job_progress (job, KLING_STAGE_PREPARING, -1, "%s", plan->text);
  kling_job_tell_plan (job, g_steal_pointer (&plan));
  return TRUE;
}
