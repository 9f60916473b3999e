/* klinglipsync: the steps of a job that wait for its task
 *
 * None of them costs money, so all of them are patient: a poll that fails means
 * nothing. The task is ours until the service says that it failed or until
 * task-timeout is over, and then its id is in the error. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-advice.h"
#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-log.h"

/* A gateway may need a while until it knows its own task, but not for ever. */
#define MISSING_PATIENCE (10 * 60 * KLING_SECOND)
/* "Success without any URL: treat as not ready for a few more polls" */
#define MAX_WITHOUT_URL 5

/* The row of polls of one job */
typedef struct _KlingPolls
{
  gint64 begun;
  gint64 deadline;
  gint64 missing_since;         /* 0: the service knows the task */
  gint64 told_at;
  gchar *told_word;
  guint attempt;
  guint without_url;
  KlingBackoff backoff;
} Polls;

static void
polls_clear (Polls * polls)
{
  g_free (polls->told_word);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Polls, polls_clear);

/* "7 s", "3 min 05 s" */
static gchar *
format_span (gint64 span)
{
  gint64 seconds = span / KLING_SECOND;

  if (seconds < 60)
    return g_strdup_printf ("%d s", (gint) seconds);
  return g_strdup_printf ("%d min %02d s", (gint) (seconds / 60),
      (gint) (seconds % 60));
}

static void
job_keep_query_details (KlingJob * job, const KlingReply * reply)
{
  kling_details_clear (&job->details);
  kling_details_copy (&job->details, &reply->details);
  g_free (job->details.task_id);
  job->details.task_id = g_strdup (job->record->task_id);
}

static gboolean
job_set_late (KlingJob * job, GError ** error)
{
  g_autofree gchar *span = format_span (job->settings->task_timeout);

  g_set_error (error, KLING_ERROR, KLING_ERROR_TIMED_OUT,
      "Task %s was not done within task-timeout (%s). It is not lost: start"
      " again to go on waiting for it, or raise task-timeout.",
      job->record->task_id, span);
  return FALSE;
}

/* Sleeps before the next call about the task. */
static gboolean
job_wait_until_due (KlingJob * job, gint64 span, gint64 deadline,
    GError ** error)
{
  if (!kling_job_sleep (job, span, deadline, error))
    return FALSE;
  return kling_clock_now () < deadline || job_set_late (job, error);
}

static KlingStage
stage_of_task (const KlingJob * job, KlingTaskState state)
{
  switch (state) {
    case KLING_TASK_WAITING:
      return KLING_STAGE_QUEUED;
    case KLING_TASK_RUNNING:
      return KLING_STAGE_RUNNING;
    default:
      return job->stage;
  }
}

/* Tells people about the task when its state has changed, and now and then. */
static void
job_tell_poll (KlingJob * job, Polls * polls, const KlingAnswer * answer)
{
  gint64 now = kling_clock_now ();
  gint percent = answer->percent < 0 ? -1 : KLING_PERCENT_TASK
      + answer->percent * (KLING_PERCENT_DOWNLOAD - KLING_PERCENT_TASK) / 100;
  const gchar *word = answer->task_word ? answer->task_word : "";
  gboolean changed = g_strcmp0 (word, polls->told_word) != 0;
  g_autofree gchar *elapsed = format_span (now - polls->begun);
  g_autofree gchar *figure = answer->percent < 0 ? g_strdup ("")
      : g_strdup_printf (", %d %%", answer->percent);

  kling_job_tell_task (job, word, now - polls->begun, polls->attempt);
  if (changed)
    KLING_INFO ("task %s: %s%s after %s", job->record->task_id,
        *word ? word : "waiting", figure, elapsed);
  if (!changed && now - polls->told_at < KLING_TELL_INTERVAL)
    return;
  kling_job_progress (job, stage_of_task (job, answer->task_state), percent,
      "Task %s: the service says \"%s\"%s, %s so far.", job->record->task_id,
      *word ? word : "waiting", figure, elapsed);
  polls->told_at = now;
  g_free (polls->told_word);
  polls->told_word = g_strdup (word);
}

static gboolean
job_set_gone (KlingJob * job, GError ** error)
{
  g_autoptr (GError) reason = g_error_new (KLING_ERROR, KLING_ERROR_RESULT,
      "The service made the video of task %s, but has it no more. To have it"
      " made once more, set take to a new name.", job->record->task_id);

  kling_record_set_reason (job->record, KLING_RECORD_GONE, reason,
      &job->details);
  kling_job_put (job, job->entry);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* The service gave the task up. Its words, and for whom they are. */
static gboolean
job_set_task_failed (KlingJob * job, const KlingAnswer * answer,
    GError ** error)
{
  KlingError code = kling_answer_get_error_code (answer);
  g_autofree gchar *numbers = kling_answer_describe (answer);
  g_autoptr (GError) reason = NULL;

  /* It had made the video before: it is gone, and buying it again is not ours
   * to decide. */
  if (job->record->state != KLING_RECORD_RUNNING)
    return job_set_gone (job, error);
  if (code != KLING_ERROR_INPUT && code != KLING_ERROR_POLICY)
    code = KLING_ERROR_TASK_FAILED;
  reason = g_error_new (KLING_ERROR, code,
      "The service gave up task %s (%s), with the words \"%s\". See whether the"
      " video shows one clear face and the speech fits the service's rules. %s",
      job->record->task_id, numbers, answer->message ? answer->message : "",
      kling_job_advise_after (job->record, code));
  kling_job_redact (job, reason);
  kling_record_set_reason (job->record, KLING_RECORD_FAILED, reason,
      &job->details);
  kling_job_put (job, job->entry);
  kling_job_end_slot (job);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
job_judge_success (KlingJob * job, Polls * polls, const KlingAnswer * answer,
    gchar ** url, GError ** error)
{
  const gchar *marked = job->request->watermark ? answer->watermark_url : NULL;

  if (job->record->state == KLING_RECORD_RUNNING) {
    job->record->state = KLING_RECORD_FETCHING;
    kling_job_put (job, job->entry);
    kling_job_end_slot (job);
    kling_test_point ("record-fetching");
  }
  if (marked || answer->result_url) {
    *url = g_strdup (marked ? marked : answer->result_url);
    return TRUE;
  }
  if (++polls->without_url <= MAX_WITHOUT_URL)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
      "The service says that task %s is done, but not where its video is. Ask"
      " its support, with the task id.", job->record->task_id);
  return FALSE;
}

/* What an answer about the task means: *@url is set when the task is done. */
static gboolean
job_judge_answer (KlingJob * job, Polls * polls, const KlingAnswer * answer,
    gchar ** url, GError ** error)
{
  kling_backoff_reset (&polls->backoff);
  polls->missing_since = 0;
  if (answer->units >= 0)
    job->record->units = answer->units;
  job_tell_poll (job, polls, answer);

  switch (answer->task_state) {
    case KLING_TASK_FAILED:
      return job_set_task_failed (job, answer, error);
    case KLING_TASK_SUCCEEDED:
      return job_judge_success (job, polls, answer, url, error);
    default:
      return TRUE;
  }
}

/* A poll failed. That means nothing, unless the service keeps saying that it
 * does not know the task. */
static gboolean
job_judge_failure (KlingJob * job, Polls * polls, const KlingAnswer * answer,
    const GError * reason, GError ** error)
{
  gint64 now = kling_clock_now ();

  if (!kling_answer_lacks_task (answer))
    polls->missing_since = 0;
  else if (polls->missing_since == 0)
    polls->missing_since = now;

  if (polls->missing_since && now - polls->missing_since > MISSING_PATIENCE) {
    if (job->record->state != KLING_RECORD_RUNNING)
      return job_set_gone (job, error);
    g_set_error (error, KLING_ERROR, KLING_ERROR_SERVICE,
        "The service no longer knows task %s, which it accepted. Ask its"
        " support, with the task id.", job->record->task_id);
    return FALSE;
  }
  if (reason->code == KLING_ERROR_CANCELLED) {
    g_propagate_error (error, g_error_copy (reason));
    return FALSE;
  }
  return TRUE;
}

static void
job_tell_failed_poll (KlingJob * job, Polls * polls, GError * reason,
    gint64 wait)
{
  gint64 now = kling_clock_now ();

  kling_job_redact (job, reason);
  KLING_DEBUG ("poll %u failed: %s", polls->attempt, reason->message);
  if (polls->backoff.failures > 1 && now - polls->told_at < KLING_TELL_INTERVAL)
    return;
  polls->told_at = now;
  kling_job_progress (job, job->stage, -1,
      "%s The task goes on; asking again in %.1f s.", reason->message,
      (gdouble) wait / KLING_SECOND);
}

/* Asks about the task once. *@wait becomes the time until the next question,
 * *@url is set when there is none to ask. */
static gboolean
job_poll (KlingJob * job, Polls * polls, gint64 * wait, gchar ** url,
    GError ** error)
{
  g_auto (KlingReply) reply = { 0 };
  g_autoptr (GError) reason = NULL;
  guint path = job->record->query_path;
  gboolean answered;

  polls->attempt++;
  kling_test_point ("polled");
  kling_job_take_over (job);
  answered = kling_service_query (job->service, job->record->task_id,
      &job->record->query_path, job->stop, &reply, &reason);
  job_keep_query_details (job, &reply);
  if (job->record->query_path != path)
    kling_job_put (job, job->entry);
  if (answered) {
    *wait = MAX (job->settings->poll_interval, reply.retry_after);
    return job_judge_answer (job, polls, &reply.answer, url, error);
  }
  if (!job_judge_failure (job, polls, &reply.answer, reason, error))
    return FALSE;
  *wait = kling_backoff_next (&polls->backoff, reply.retry_after);
  job_tell_failed_poll (job, polls, reason, *wait);
  return TRUE;
}

/* Polls until the service says where the video is. The first question is asked
 * after @wait. */
gchar *
kling_job_await_url (KlingJob * job, KlingPolls * polls, gint64 wait,
    GError ** error)
{
  gchar *url = NULL;

  while (url == NULL) {
    if (!job_wait_until_due (job, wait, polls->deadline, error)
        || !job_poll (job, polls, &wait, &url, error))
      return NULL;
  }
  return url;
}

/**
 * kling_job_fetch_result:
 * @job: a job whose record has a task
 * @error: return location for a #KlingError
 *
 * Waits for the task and downloads what it made.
 *
 * Returns: (transfer full) (nullable): the result, which the record has, too
 */
KlingResult *
kling_job_fetch_result (KlingJob * job, GError ** error)
{
  g_auto (Polls) polls = { kling_clock_now (), };
  KlingResult *result;

  kling_job_resume_slot (job);
  polls.told_at = polls.begun;
  polls.deadline = kling_clock_after (job->settings->task_timeout);

  gchar *url = kling_job_await_url (job, &polls,
      job->bought ? job->settings->poll_interval : 0, error);

  if (url == NULL)
    return NULL;
  if (job->entry)
    kling_job_remove_uploads (job);
  result = kling_job_get_followed (job);
  if (result) {
    g_free (url);
    return result;
  }
  /* the task is done: fetching it gets its own time */
  polls.deadline = kling_clock_after (job->settings->task_timeout);
  return kling_job_download (job, url, polls.deadline, &polls, error);
}
