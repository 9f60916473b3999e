/* klinglipsync: the steps of a job that cost money
 *
 * identify-face and the create call. On the job's thread.
 *
 * A paid call ends in one of five ways (docs/architecture.md) and this file is
 * where each of them leads: CREATED goes on, NOT SENT and BUSY wait and send again,
 * REFUSED and UNKNOWN are errors. Whatever happens, the record knows it before
 * anything else is done, and the exit of the process is held until it does.
 * Being told to stop does not end a call whose sending has begun: kling-http
 * sees to that, and we write its answer down before we look at job->stop.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-exit.h"
#include "kling-log.h"
#include "kling-url.h"

/* A call that did not even leave this machine: a wrong address should be told
 * soon, a network that comes back within seconds should not matter. */
#define MAX_UNSENT 4
/* Kling's own advice on its concurrency rules: wait a second at least */
#define BUSY_MINIMUM KLING_SECOND

typedef KlingEnding (*PaidCall) (KlingJob * job, KlingReply * reply,
    GError ** error);

static void
job_keep_details (KlingJob * job, const KlingReply * reply)
{
  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &reply->details);
}

static const gchar *
job_get_session_id (const KlingJob * job)
{
  return job->request->session_id ? job->request->session_id
      : job->record->session_id;
}

/* What the service reads, and where */
static KlingSources
job_get_sources (const KlingJob * job)
{
  const KlingRecord *record = job->record;
  KlingSources sources = {
    .session_id = job_get_session_id (job),
    .video_url = job->request->video_url,
    .audio_url = job->request->audio_url,
  };

  if (record->video_upload)
    sources.video_url = kling_uploaded_get_url (record->video_upload);
  if (record->audio_upload)
    sources.audio_url = kling_uploaded_get_url (record->audio_upload);
  return sources;
}

/* Sends identify-face once and writes down what came of it. */
static KlingEnding
job_send_identify (KlingJob * job, KlingReply * reply, GError ** error)
{
  KlingRecord *record = job->record;
  KlingSources sources = job_get_sources (job);
  KlingEnding ending = kling_service_identify (job->service, job->request,
      &sources, job->stop, reply, error);

  if (ending == KLING_ENDING_CREATED)
    record->session_id = g_strdup (reply->answer.session_id);
  record->identify_unknown = ending == KLING_ENDING_UNKNOWN;
  return ending;
}

/* A lost create call is the one thing that a person has to sort out, so it is
 * said even when nobody listens any more. */
static void
job_keep_unknown (KlingJob * job, const GError * reason,
    const KlingReply * reply)
{
  kling_record_set_reason (job->record, KLING_RECORD_UNKNOWN, reason,
      &reply->details);
  if (!kling_job_may_go_on (job, NULL) || kling_exit_has_begun ())
    g_printerr ("klinglipsync: %s\n", reason->message);
}

static void
job_keep_task (KlingJob * job, const KlingReply * reply)
{
  KlingRecord *record = job->record;

  record->task_id = g_strdup (reply->answer.task_id);
  record->state = KLING_RECORD_RUNNING;
  record->attempts++;
  kling_job_set_task_id (job, record->task_id);
}

/* Sends the create call once and writes down what came of it. */
static KlingEnding
job_send_create (KlingJob * job, KlingReply * reply, GError ** error)
{
  KlingSources sources = job_get_sources (job);
  g_autoptr (GError) reason = NULL;

  kling_test_point ("before-create");
  KlingEnding ending = kling_service_create (job->service, job->request,
      &sources, job->stop, reply, &reason);

  kling_test_point ("after-create");
  kling_job_redact (job, reason);
  if (ending == KLING_ENDING_CREATED)
    job_keep_task (job, reply);
  else if (ending == KLING_ENDING_UNKNOWN)
    job_keep_unknown (job, reason, reply);
  else if (ending == KLING_ENDING_REFUSED && reason->code == KLING_ERROR_INPUT)
    /* it may be the session that has expired: a new run obtains a new one */
    g_clear_pointer (&job->record->session_id, g_free);

  if (reason)
    g_propagate_error (error, g_steal_pointer (&reason));
  return ending;
}

/* Whether the call may be sent again, after the wait that is due.
 * @reason is why it has to be. */
static gboolean
job_wait_to_resend (KlingJob * job, KlingEnding ending, KlingBackoff * backoff,
    gint64 retry_after, gint64 deadline, const GError * reason, GError ** error)
{
  gboolean busy = ending == KLING_ENDING_BUSY;
  gint64 wait = kling_backoff_next (backoff,
      busy ? MAX (retry_after, BUSY_MINIMUM) : retry_after);

  if ((!busy && backoff->failures > MAX_UNSENT)
      || kling_clock_after (wait) > deadline) {
    g_propagate_error (error, g_error_copy (reason));
    return FALSE;
  }
  kling_job_progress (job, job->stage, -1, "%s Trying again in %.1f s.",
      busy ? "The service asks to wait, because too much is going on."
      : reason->message, (gdouble) wait / KLING_SECOND);
  return kling_job_sleep (job, wait, deadline, error);
}

/* Nothing was bought, and another try may end better. */
static gboolean
may_be_resent (KlingEnding ending, const GError * reason)
{
  if (ending == KLING_ENDING_BUSY)
    return TRUE;
  return ending == KLING_ENDING_NOT_SENT
      && (reason->code == KLING_ERROR_NETWORK
      || reason->code == KLING_ERROR_TIMED_OUT);
}

/* Sends @call until it ends in something else than "wait". */
static KlingEnding
job_call_paid (KlingJob * job, PaidCall call, GError ** error)
{
  gint64 deadline = kling_clock_after (job->settings->task_timeout);
  KlingEnding last = KLING_ENDING_CREATED;
  KlingBackoff backoff = { 0 };

  for (;;) {
    g_auto (KlingReply) reply = { 0 };
    g_autoptr (GError) reason = NULL;

    if (!kling_job_refresh_uploads (job, error))
      return KLING_ENDING_NOT_SENT;
    if (!kling_exit_hold ()) {
      g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED,
          "Stopped.");
      return KLING_ENDING_NOT_SENT;
    }
    KlingEnding ending = call (job, &reply, &reason);
    kling_exit_release ();
    kling_job_redact (job, reason);
    job_keep_details (job, &reply);

    /* how often the network failed has nothing to do with how often it was busy */
    if (ending != last)
      kling_backoff_reset (&backoff);
    last = ending;
    if (!may_be_resent (ending, reason)) {
      if (reason)
        g_propagate_error (error, g_steal_pointer (&reason));
      return ending;
    }
    if (!job_wait_to_resend (job, ending, &backoff, reply.retry_after, deadline,
            reason, error))
      return ending;
  }
}

static gboolean
job_obtain_session (KlingJob * job, GError ** error)
{
  if (job_get_session_id (job))
    return TRUE;

  if (job->record->identify_unknown)
    kling_job_warn (job, "identify-face was sent before and its answer was"
        " lost. It is sent once more, and may be billed a second time.");
  kling_job_progress (job, KLING_STAGE_IDENTIFYING, KLING_PERCENT_IDENTIFY,
      "Looking for the face in the video (identify-face).");

  gint64 begun = kling_clock_now ();

  if (job_call_paid (job, job_send_identify, error) != KLING_ENDING_CREATED)
    return FALSE;
  KLING_INFO ("identify-face: session %s after %.1f s",
      job_get_session_id (job),
      (gdouble) (kling_clock_now () - begun) / KLING_SECOND);
  return TRUE;
}

/**
 * kling_job_buy_task:
 * @job: a job that holds a record without a task
 * @error: return location for a #KlingError
 *
 * Returns: %TRUE when the record has a task
 */
gboolean
kling_job_buy_task (KlingJob * job, GError ** error)
{
  /* before the first call that costs, and between the two, we may still stop */
  if (!kling_job_may_go_on (job, error)
      || !kling_job_upload_inputs (job, error)
      || !kling_job_may_go_on (job, error)
      || !job_obtain_session (job, error)
      || !kling_job_may_go_on (job, error))
    return FALSE;

  kling_job_progress (job, KLING_STAGE_CREATING, KLING_PERCENT_CREATE,
      "Asking for the video (this is the call that costs).");
  if (job_call_paid (job, job_send_create, error) != KLING_ENDING_CREATED)
    return FALSE;

  const gchar *task_id = job->record->task_id;

  KLING_INFO ("create: task %s", task_id);
  kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
      "Task %s was accepted. The service needs minutes, usually.", task_id);
  return TRUE;
}
