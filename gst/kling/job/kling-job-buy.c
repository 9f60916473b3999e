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

/**
 * kling_job_get_sources:
 * @job: a job
 *
 * Returns: what the service reads, and where; and what has been decided
 */
KlingSources
kling_job_get_sources (const KlingJob * job)
{
  const gchar *speech_id = job->speech ? job->speech->speech_id : NULL;
  KlingSources sources = {
    .session_id = kling_job_get_session_id (job),
    .face_id = kling_job_get_face_id (job),
    .video_url = job->request->video_url,
    .audio_url = job->request->audio_url,
    .audio_id = job->request->audio_id ? job->request->audio_id : speech_id,
    .audio_start = job->cut.start,
    .audio_end = job->cut.end,
    .insert_time = job->cut.insert,
    .external_id = job->record->external_id,
  };

  if (job->video_upload)
    sources.video_url = kling_uploaded_get_url (job->video_upload);
  if (job->audio_upload)
    sources.audio_url = kling_uploaded_get_url (job->audio_upload);
  return sources;
}

/* Sets @sources->audio to what goes within the call, if anything does. */
static gboolean
job_get_inline_audio (KlingJob * job, KlingSources * sources, GError ** error)
{
  if (job->request->audio == NULL || job->audio_upload)
    return TRUE;
  sources->audio = kling_spool_get_bytes (job->request->audio->spool, error);
  return sources->audio != NULL;
}

/* "Your id is in use": the only one who makes this id is us, for this. */
static gboolean
is_duplicate (KlingJob * job, KlingEnding ending, const KlingReply * reply)
{
  return ending == KLING_ENDING_REFUSED && kling_job_has_own_external_id (job)
      && kling_answer_may_be_duplicate (&reply->answer);
}

/* A task that the service has under our id is ours. If it cannot tell, or has
 * been sent the call twice, its no may be about the second one only. */
static KlingEnding
job_judge_duplicate (KlingJob * job, GError ** reason)
{
  gboolean answered;
  g_autofree gchar *text = NULL;

  if (kling_job_adopt_duplicate (job, &answered)) {
    g_clear_error (reason);
    return KLING_ENDING_CREATED;
  }
  if (answered && !job->record->resent)
    return KLING_ENDING_REFUSED;
  text = g_strdup_printf ("%s The service may say so because it has a task with"
      " our id %s already. Start again to look for it.", (*reason)->message,
      job->record->external_id);
  g_clear_error (reason);
  *reason = g_error_new_literal (KLING_ERROR, KLING_ERROR_OUTCOME_UNKNOWN,
      text);
  return KLING_ENDING_UNKNOWN;
}

/* Whoever looks for the task in a console needs to know when. */
static void
job_date_question (KlingJob * job, GError * reason)
{
  g_autofree gchar *time = kling_record_dup_sent_at (job->record);
  gchar *text = g_strdup_printf ("%s It was sent on %s.", reason->message,
      time);

  g_free (reason->message);
  reason->message = text;
}

/* Sends the create call once and writes down the task, if there is one. */
static KlingEnding
job_send_create (KlingJob * job, KlingEntry * entry, KlingReply * reply,
    GError ** error)
{
  KlingSources sources = kling_job_get_sources (job);
  g_autoptr (GError) reason = NULL;
  KlingEnding ending;

  if (!job_get_inline_audio (job, &sources, error))
    return KLING_ENDING_NOT_SENT;
  ending = kling_service_create (job->service, job->request, &sources,
      job->stop, reply, &reason);
  g_clear_pointer (&sources.audio, g_bytes_unref);
  kling_test_point ("after-create");

  kling_job_redact (job, reason);
  if (ending == KLING_ENDING_CREATED) {
    kling_record_set_task (job->record, reply->answer.task_id);
    kling_job_set_task_id (job, reply->answer.task_id);
    job->bought = TRUE;
  } else if (is_duplicate (job, ending, reply)) {
    ending = job_judge_duplicate (job, &reason);
  }
  if (ending == KLING_ENDING_CREATED)
    kling_job_put_answer (job, entry);
  else if (ending == KLING_ENDING_UNKNOWN)
    job_date_question (job, reason);
  if (reason)
    g_propagate_error (error, g_steal_pointer (&reason));
  return ending;
}

/* A lost create call is the one thing that a person has to sort out, so it is
 * said even when nobody listens any more. */
static void
job_keep_unknown (KlingJob * job, KlingEntry * entry, const GError * reason,
    const KlingReply * reply)
{
  kling_record_set_reason (entry->record, KLING_RECORD_UNKNOWN, reason,
      &reply->details);
  kling_job_put (job, entry);
  if (entry == job->entry
      && (!kling_job_may_go_on (job, NULL) || kling_exit_has_begun ()))
    g_printerr ("klinglipsync: %s\n", reason->message);
}

static void
job_keep_refusal (KlingJob * job, KlingEntry * entry, const GError * reason,
    const KlingReply * reply)
{
  g_autoptr (GError) error = NULL;

  kling_record_set_reason (entry->record, KLING_RECORD_REFUSED, reason,
      &reply->details);
  if (!kling_entry_refuse_call (entry, &error))
    kling_job_warn (job, "%s", error->message);
  if (entry == job->entry && reason->code == KLING_ERROR_INPUT)
    kling_job_forget_session (job);
}

static void
job_take_back (KlingJob * job, KlingEntry * entry, KlingRecordState state)
{
  g_autoptr (GError) error = NULL;

  if (!kling_entry_take_back_call (entry, state, &error))
    kling_job_warn (job, "%s", error->message);
}

/* What came of a call that bought nothing, into its record. @state is what that
 * said before. */
static void
job_keep_ending (KlingJob * job, KlingEntry * entry, KlingRecordState state,
    KlingEnding ending, const GError * reason, const KlingReply * reply)
{
  switch (ending) {
    case KLING_ENDING_CREATED:
      break;
    case KLING_ENDING_UNKNOWN:
      job_keep_unknown (job, entry, reason, reply);
      break;
    case KLING_ENDING_REFUSED:
      job_keep_refusal (job, entry, reason, reply);
      break;
    default:
      job_take_back (job, entry, state);
      break;
  }
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
  if (busy)
    kling_job_share_wait (job, wait);
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

/* Sends @call once. Whatever happens, the record knows it before anything else
 * is done, and until then the process does not exit. */
static KlingEnding
job_call_once (KlingJob * job, KlingEntry * entry, KlingPaidCall call,
    KlingReply * reply, GError ** error)
{
  KlingRecordState state = entry->record->state;
  gboolean again = job->again && entry == job->entry;
  KlingEnding ending = KLING_ENDING_NOT_SENT;
  g_autoptr (GError) reason = NULL;

  if (!kling_exit_hold ()) {
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_CANCELLED, "Stopped.");
    return ending;
  }
  if (kling_entry_begin_call (entry, again, &reason)) {
    ending = call (job, entry, reply, &reason);
    kling_job_redact (job, reason);
    job_keep_ending (job, entry, state, ending, reason, reply);
  }
  kling_exit_release ();
  if (reason)
    g_propagate_error (error, g_steal_pointer (&reason));
  return ending;
}

/**
 * kling_job_call_paid:
 * @job: a job
 * @entry: what the call is about
 * @call: sends a call that costs, once, and writes down what it bought
 * @error: set unless the ending is %KLING_ENDING_CREATED
 *
 * Sends @call until it ends in something else than "wait".
 *
 * Returns: how it ended at last
 */
KlingEnding
kling_job_call_paid (KlingJob * job, KlingEntry * entry, KlingPaidCall call,
    GError ** error)
{
  gint64 deadline = kling_clock_after (job->settings->task_timeout);
  KlingEnding last = KLING_ENDING_CREATED;
  KlingBackoff backoff = { 0 };

  for (;;) {
    g_auto (KlingReply) reply = { 0 };
    g_autoptr (GError) reason = NULL;

    if (!kling_job_await_turn (job, entry, deadline, error)
        || !kling_job_refresh_uploads (job, error))
      return KLING_ENDING_NOT_SENT;
    KlingEnding ending = job_call_once (job, entry, call, &reply, &reason);

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

/* When the lips move, in a dialect that says it */
static gboolean
job_place (KlingJob * job, GError ** error)
{
  const KlingMedia *video = job->request->video;

  if (!job->dialect->chooses_face)
    return TRUE;
  return kling_cut_place (&job->cut, job->request,
      kling_faces_find (job->session ? job->session->faces : NULL,
          kling_job_get_face_id (job)),
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
      && kling_job_obtain_session (job, error)
      && kling_job_may_go_on (job, error)
      && kling_job_obtain_speech (job, error)
      && job_place (job, error)
      && kling_job_may_go_on (job, error);
}

static KlingEnding
job_create (KlingJob * job, GError ** error)
{
  KlingRecord *record = job->record;
  KlingEnding ending;

  if (!kling_job_take_slot (job, error))
    return KLING_ENDING_NOT_SENT;
  /* what is sent once more is sent with the same id */
  if (!job->again) {
    g_free (record->external_id);
    record->external_id = kling_job_dup_external_id (job);
    g_free (record->account);
    record->account = g_strdup (job->account);
  }
  kling_job_progress (job, KLING_STAGE_CREATING, KLING_PERCENT_CREATE,
      "Asking for the video (this is the call that costs).");
  ending = kling_job_call_paid (job, job->entry, job_send_create, error);
  kling_job_end_slot (job);
  return ending;
}

static void
job_tell_accepted (KlingJob * job)
{
  const gchar *task_id = job->record->task_id;

  KLING_INFO ("create: task %s", task_id);
  if (job->adopted)
    kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
        "The service knows this request: waiting for task %s, which was bought"
        " before. To have another one made, set take to a new name.", task_id);
  else
    kling_job_progress (job, KLING_STAGE_QUEUED, KLING_PERCENT_TASK,
        "Task %s was accepted. The service needs minutes, usually.", task_id);
}

/**
 * kling_job_may_pay:
 * @job: a job that would have to buy a task
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * Returns: %FALSE for a link that nobody has allowed to
 */
gboolean
kling_job_may_pay (const KlingJob * job, GError ** error)
{
  if (!job->settings->may_not_pay)
    return TRUE;
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "This link asks for a video that would have to be bought, and a link may"
      " not do that by itself. Nothing was sent. To allow it, set the"
      " environment variable KLING_URI_MAY_PAY=1, or the property uri-may-pay of"
      " the element.");
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

  if (!kling_job_may_pay (job, error) || !job_get_ready (job, error))
    return FALSE;
  ending = job_create (job, &reason);
  job->again = FALSE;
  if (ending == KLING_ENDING_UNKNOWN && kling_job_has_own_external_id (job)) {
    job->bought = kling_job_settle (job, error);
    return job->bought;
  }
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
  return kling_record_has_task (job->record)
      || kling_job_buy_task (job, error);
}
