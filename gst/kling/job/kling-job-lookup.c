/* klinglipsync: the steps of a job whose call that costs got no answer
 *
 * Where the create call carries an id of ours, the task can be looked for: at
 * growing intervals, because the service may take a while to know its own task.
 * If it still knows of none after two minutes, the call is sent once more with
 * the same id, which the service documents to be unique: should the first call
 * arrive after all, the second one is refused. Nothing else ever leads from a
 * question to a payment. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-digest.h"
#include "kling-log.h"

/* When to look, in seconds after the call was sent */
static const guint look_at[] = { 5, 15, 30, 60, 120 };

/* How long to wait when the service did not answer at the last of these */
#define LATER (30 * KLING_SECOND)

/* Services keep tasks for 30 days. */
#define MEMORY_OF_SERVICE (29 * 24 * 3600 * KLING_SECOND)

/**
 * kling_job_dup_external_id:
 * @job: a job that is about to ask for a task
 *
 * Returns: (transfer full) (nullable): the id by which the service shall know the
 *   task
 */
gchar *
kling_job_dup_external_id (KlingJob * job)
{
  if (job->request->external_task_id)
    return g_strdup (job->request->external_task_id);
  if (!job->dialect->has_external_id)
    return NULL;
  return kling_request_dup_external_id (job->request, job->record->attempt + 1);
}

/**
 * kling_job_has_own_external_id:
 * @job: a job that has asked for a task, or whose record says that one did
 *
 * Only an id that we made stands for this request and no other. What was sent
 * counts, not what the request says now: the user may have set or unset an id
 * since.
 *
 * Returns: whether a task of this request can be found by its external id
 */
gboolean
kling_job_has_own_external_id (const KlingJob * job)
{
  g_autofree gchar *own = NULL;

  if (!job->dialect->has_external_id)
    return FALSE;
  own = kling_request_dup_external_id (job->request, job->record->attempt);
  return g_strcmp0 (job->record->external_id, own) == 0;
}

static void
job_adopt (KlingJob * job, const gchar * task_id)
{
  kling_record_set_task (job->record, task_id);
  KLING_INFO ("found task %s by its external id %s", task_id,
      job->record->external_id);
  kling_job_set_task_id (job, task_id);
}

/**
 * kling_job_adopt_duplicate:
 * @job: a job whose create call was refused
 * @answered: (out): whether the service said if it has the task
 *
 * A service that knows our id already has the task: this machine forgot it, or
 * another one asked for the same.
 *
 * Returns: whether the record has a task now
 */
gboolean
kling_job_adopt_duplicate (KlingJob * job, gboolean * answered)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *task_id = NULL;

  *answered = kling_service_look_up (job->service, job->record->external_id,
      job->stop, &task_id, &reason);
  if (!*answered)
    KLING_INFO ("look-up failed: %s", reason->message);
  if (task_id == NULL)
    return FALSE;
  job_adopt (job, task_id);
  job->adopted = TRUE;
  return TRUE;
}

/* Looks once. Returns: %FALSE when the service did not answer; *@found says
 * whether the task is there */
static gboolean
job_look_once (KlingJob * job, gboolean * found)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *task_id = NULL;
  gboolean answered = kling_service_look_up (job->service,
      job->record->external_id, job->stop, &task_id, &reason);

  *found = task_id != NULL;
  if (*found) {
    job_adopt (job, task_id);
    kling_job_put (job, job->entry);
  }
  if (!answered)
    KLING_INFO ("look-up failed: %s", reason->message);
  return answered;
}

/* @n: how many looks there were before this one */
static gboolean
job_wait_to_look (KlingJob * job, guint n, GError ** error)
{
  gint64 span = n < G_N_ELEMENTS (look_at) ? look_at[n] * KLING_SECOND
      - kling_clock_since (job->record->sent_at) : LATER;

  return kling_job_sleep (job, MAX (0, span), KLING_NEVER, error);
}

/* What is due already need not be done several times. */
static guint
get_first_look (const KlingJob * job)
{
  gint64 passed = kling_clock_since (job->record->sent_at);
  guint i = 0;

  while (i + 1 < G_N_ELEMENTS (look_at)
      && look_at[i + 1] * KLING_SECOND <= passed)
    i++;
  return i;
}

/* Waits and looks until the task is found, or the service has said, long enough
 * after the call, that there is none. */
static gboolean
job_look (KlingJob * job, gboolean * found, GError ** error)
{
  for (guint i = get_first_look (job);; i++) {
    gboolean late = i + 1 >= G_N_ELEMENTS (look_at);

    if (!job_wait_to_look (job, i, error))
      return FALSE;
    gboolean answered = job_look_once (job, found);

    if (*found || (answered && late))
      return TRUE;
    if (!kling_job_may_go_on (job, error))
      return FALSE;
    if (late && kling_clock_since (job->record->sent_at)
        >= job->settings->task_timeout) {
      g_propagate_error (error, g_error_copy (job->record->reason));
      return FALSE;
    }
  }
}

/* Who pays now may not be who paid then, and a service forgets: from a look that
 * finds nothing follows nothing then. */
static gboolean
job_may_send_again (KlingJob * job)
{
  const KlingRecord *record = job->record;

  return !record->resent && g_strcmp0 (record->account, job->account) == 0
      && kling_clock_since (record->sent_at) < MEMORY_OF_SERVICE;
}

/**
 * kling_job_find_task:
 * @job: a job whose record is %KLING_RECORD_UNKNOWN and has an external id of
 *   ours
 * @error: return location for a #KlingError
 *
 * Returns: %TRUE when the record has a task, or the call may be sent once more
 */
gboolean
kling_job_find_task (KlingJob * job, GError ** error)
{
  gboolean found;

  kling_job_progress (job, KLING_STAGE_CREATING, -1,
      "The answer to the call that costs was lost. Looking for the task by its"
      " external id %s, which may take two minutes.", job->record->external_id);
  if (!job_look (job, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  if (!job_may_send_again (job)) {
    g_propagate_error (error, g_error_copy (job->record->reason));
    return FALSE;
  }
  if (!kling_job_may_pay (job, error))
    return FALSE;
  kling_job_warn (job,
      "The service knows of no task %s, so the call is sent once"
      " more with the same id.", job->record->external_id);
  job->again = TRUE;
  return TRUE;
}
