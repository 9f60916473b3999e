/* klinglipsync: the one step of a job that is a dry run
 *
 * On the job's thread. Nothing is sent, written or paid, and the network is not
 * touched: the plan is made of what is here, and told.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-log.h"

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
  const KlingPlanKnown known = {.speech_length = -1 };
  g_autoptr (KlingPlan) plan = kling_plan_new (job->request, job->settings,
      &known, error);

  if (plan == NULL)
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
