/* klinglipsync: the steps of a job that cost money
 *
 * identify-face, the call that makes speech, and the create call. On the job's
 * thread.
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

/* What the service reads, and where; and what has been decided */
static KlingSources
job_get_sources (const KlingJob * job)
{
  const KlingRecord *record = job->record;
  KlingSources sources = {
    .session_id = job_get_session_id (job),
    .face_id = kling_job_get_face_id (job),
    .video_url = job->request->video_url,
    .audio_url = job->request->audio_url,
    .audio_id = job->request->audio_id ? job->request->audio_id
        : record->speech_id,
    .audio_start = job->cut.start,
    .audio_end = job->cut.end,
    .insert_time = job->cut.insert,
    .external_id = record->external_id,
  };

  if (record->video_upload)
    sources.video_url = kling_uploaded_get_url (record->video_upload);
  if (record->audio_upload)
    sources.audio_url = kling_uploaded_get_url (record->audio_upload);
  return sources;
}

/* Sets @sources->audio to what goes within the call, if anything does. */
static gboolean
job_get_inline_audio (KlingJob * job, KlingSources * sources, GError ** error)
{
  if (job->request->audio == NULL || job->record->audio_upload)
    return TRUE;
  sources->audio = kling_spool_get_bytes (job->request->audio->spool, error);
  return sources->audio != NULL;
}

/* Sends identify-face once and writes down what came of it. */
static KlingEnding
job_send_identify (KlingJob * job, KlingReply * reply, GError ** error)
{
  KlingRecord *record = job->record;
  KlingSources sources = job_get_sources (job);
  KlingEnding ending = kling_service_identify (job->service, job->request,
      &sources, job->stop, reply, error);

  if (ending == KLING_ENDING_CREATED) {
    kling_record_forget_session (record);
    record->session_id = g_strdup (reply->answer.session_id);
    record->faces = g_steal_pointer (&reply->answer.faces);
  }
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
  record->resent = FALSE;
  record->attempts++;
  kling_job_set_task_id (job, record->task_id);
}

/* @reason: why it was refused */
static void
job_keep_refusal (KlingJob * job, const GError * reason)
{
  /* no, so there is no task: what comes next is a first try again */
  job->record->resent = FALSE;
  /* it may be the session that has expired: a new run obtains a new one */
  if (reason->code == KLING_ERROR_INPUT)
    kling_record_forget_session (job->record);
}

/* "Your id is in use": the only one who makes this id is us, for this. */
static gboolean
is_duplicate (KlingJob * job, KlingEnding ending, const KlingReply * reply)
{
  return ending == KLING_ENDING_REFUSED && kling_job_has_own_external_id (job)
      && kling_answer_may_be_duplicate (&reply->answer);
}

/* What came of a create call, into the record */
static KlingEnding
job_keep_ending (KlingJob * job, KlingEnding ending, const KlingReply * reply,
    GError ** reason)
{
  if (is_duplicate (job, ending, reply) && kling_job_adopt_duplicate (job)) {
    g_clear_error (reason);
    return KLING_ENDING_CREATED;
  }
  if (ending == KLING_ENDING_CREATED)
    job_keep_task (job, reply);
  else if (ending == KLING_ENDING_UNKNOWN)
    job_keep_unknown (job, *reason, reply);
  else if (ending == KLING_ENDING_REFUSED)
    job_keep_refusal (job, *reason);
  return ending;
}

/* Sends the create call once and writes down what came of it. */
static KlingEnding
job_send_create (KlingJob * job, KlingReply * reply, GError ** error)
{
  KlingSources sources = job_get_sources (job);
  g_autoptr (GError) reason = NULL;
  KlingEnding ending;

  if (!job_get_inline_audio (job, &sources, error))
    return KLING_ENDING_NOT_SENT;
  kling_test_point ("before-create");
  ending = kling_service_create (job->service, job->request, &sources,
      job->stop, reply, &reason);
  g_clear_pointer (&sources.audio, g_bytes_unref);
  job->record->sent_at = kling_clock_now ();
  kling_test_point ("after-create");

  kling_job_redact (job, reason);
  ending = job_keep_ending (job, ending, reply, &reason);
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

/**
 * kling_job_call_paid:
 * @job: a job
 * @call: sends a call that costs, once, and writes down what came of it
 * @error: set unless the ending is %KLING_ENDING_CREATED
 *
 * Sends @call until it ends in something else than "wait".
 *
 * Returns: how it ended at last
 */
KlingEnding
kling_job_call_paid (KlingJob * job, KlingPaidCall call, GError ** error)
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
  if (job->dialect->identify_path == NULL || job_get_session_id (job))
    return TRUE;

  if (job->record->identify_unknown)
    kling_job_warn (job, "identify-face was sent before and its answer was"
        " lost. It is sent once more, and may be billed a second time.");
  kling_job_progress (job, KLING_STAGE_IDENTIFYING, KLING_PERCENT_IDENTIFY,
      "Looking for the face in the video (identify-face).");

  gint64 begun = kling_clock_now ();

  if (kling_job_call_paid (job, job_send_identify,
          error) != KLING_ENDING_CREATED)
    return FALSE;
  KLING_INFO ("identify-face: session %s after %.1f s",
      job_get_session_id (job),
      (gdouble) (kling_clock_now () - begun) / KLING_SECOND);
  return TRUE;
}

/* When the lips move, in a dialect that says it */
static gboolean
job_place (KlingJob * job, GError ** error)
{
  const KlingMedia *video = job->request->video;

  if (!job->dialect->chooses_face)
    return TRUE;
  return kling_cut_place (&job->cut, job->request,
      kling_faces_find (job->record->faces, kling_job_get_face_id (job)),
      video && video->duration >= 0 ? video->duration / 1000 : -1, error);
}

/* All that the call needs that costs most, in the order in which a mistake is
 * cheapest. Before each call, we may still stop. */
static gboolean
job_get_ready (KlingJob * job, GError ** error)
{
  return kling_job_may_go_on (job, error)
      && kling_job_measure_audio (job, error)
      && kling_job_upload_inputs (job, error)
      && kling_job_may_go_on (job, error)
      && job_obtain_session (job, error)
      && kling_job_choose_face (job, error)
      && kling_job_may_go_on (job, error)
      && kling_job_obtain_speech (job, error)
      && job_place (job, error)
      && kling_job_may_go_on (job, error);
}

static KlingEnding
job_create (KlingJob * job, GError ** error)
{
  KlingRecord *record = job->record;

  /* what is sent once more is sent with the same id */
  if (!record->resent) {
    g_free (record->external_id);
    record->external_id = kling_job_dup_external_id (job);
  }
  kling_job_progress (job, KLING_STAGE_CREATING, KLING_PERCENT_CREATE,
      "Asking for the video (this is the call that costs).");
  return kling_job_call_paid (job, job_send_create, error);
}

static void
job_tell_accepted (KlingJob * job)
{
  const gchar *task_id = job->record->task_id;

  KLING_INFO ("create: task %s", task_id);
  if (job->adopted)
    kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
        "The service knows this request: waiting for task %s, which was bought"
        " before. To have another one made, set external-task-id.", task_id);
  else
    kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
        "Task %s was accepted. The service needs minutes, usually.", task_id);
}

/* A link may come from anybody, and comes from whoever wants us to pay. */
static gboolean
job_may_pay (KlingJob * job, GError ** error)
{
  if (!job->settings->may_not_pay)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "This video is not there yet, and a link alone buys nothing, so nothing"
      " was sent. To allow it, set KLING_URI_MAY_PAY=1 in the environment, or"
      " uri-may-pay=true on the element, for example from playbin's signal"
      " source-setup.");
  return FALSE;
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
  g_autoptr (GError) reason = NULL;
  KlingEnding ending;

  if (!job_may_pay (job, error) || !job_get_ready (job, error))
    return FALSE;
  ending = job_create (job, &reason);
  if (ending == KLING_ENDING_UNKNOWN && kling_job_has_own_external_id (job))
    return kling_job_settle (job, error);
  if (ending != KLING_ENDING_CREATED) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }

  job_tell_accepted (job);
  return TRUE;
}

/**
 * kling_job_settle:
 * @job: a job whose record is %KLING_RECORD_UNKNOWN and has an external id of
 *   ours
 * @error: return location for a #KlingError
 *
 * Looks for the task, and asks for it once more if there is none.
 *
 * Returns: %TRUE when the record has a task
 */
gboolean
kling_job_settle (KlingJob * job, GError ** error)
{
  if (!kling_job_find_task (job, error))
    return FALSE;
  return job->record->state == KLING_RECORD_RUNNING
      || kling_job_buy_task (job, error);
}
