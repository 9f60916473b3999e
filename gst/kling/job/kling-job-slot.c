/* klinglipsync: the step of a job that waits until one more task may be open
 *
 * With max-tasks a slot is held from before the create call until the task has
 * ended, so that the download holds up nobody. A job that stops while its task
 * runs leaves the slot naming it. Whoever finds such a slot asks the service
 * about the task, and writes down its end, because nobody else may ever come.
 *
 * With a store, whether or not there is max-tasks, one run that was told to wait
 * makes all others with the same key wait that long before a create call.
 *
 * On the job's thread. The locks of slots and of other runs' records are only
 * ever tried, so no two jobs can wait for each other.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include <string.h>
#include "kling-advice.h"
#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-log.h"
#include "kling-url.h"

/* How often we look whether a slot is free */
#define LOOK_INTERVAL (250 * G_TIME_SPAN_MILLISECOND)
/* How often we say that we wait */
#define SAY_INTERVAL (10 * KLING_SECOND)
/* As many tasks as one sentence may name */
#define MAX_NAMED 4

/**
 * kling_job_check_slots:
 * @job: a job that has opened its store, if it has one
 * @error: set to a %KLING_ERROR_SETTINGS
 *
 * Returns: whether tasks can be counted, if they shall be
 */
gboolean
kling_job_check_slots (KlingJob * job, GError ** error)
{
  if (job->settings->max_tasks == 0 || job->store)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "max-tasks is %u, but it needs a store, where all runs count their tasks,"
      " and there is none. Nothing was sent. Set store (KLING_STORE) to a"
      " directory, or max-tasks to 0.", job->settings->max_tasks);
  return FALSE;
}

/* --- slots whose holder has ended --- */

static gboolean
job_may_ask_about (KlingJob * job, const KlingRecord * record)
{
  g_autofree gchar *service = kling_url_display (job->request->base_url);

  return record->kind == KLING_RECORD_REQUEST
      && g_strcmp0 (record->service, service) == 0
      && g_strcmp0 (record->dialect, job->dialect->nick) == 0;
}

/* What the service said about the task that another run has left, in words
 * without its own: they may have secrets of that run, which we do not know. */
static void
set_failed (KlingRecord * record, const KlingReply * reply)
{
  KlingError code = kling_answer_get_error_code (&reply->answer);
  g_autofree gchar *numbers = kling_answer_describe (&reply->answer);
  g_autoptr (GError) reason = NULL;

  if (code != KLING_ERROR_INPUT && code != KLING_ERROR_POLICY)
    code = KLING_ERROR_TASK_FAILED;
  reason = g_error_new (KLING_ERROR, code,
      "The service gave up task %s (%s). See whether the video shows one clear"
      " face and the speech fits the service's rules. %s", record->task_id,
      numbers, kling_job_advise_after (record, code));
  kling_record_set_reason (record, KLING_RECORD_FAILED, reason,
      &reply->details);
}

/* Writes the end of a task into the record of another run, unless that one is
 * back and does so itself. */
static void
job_settle_orphan (KlingJob * job, const KlingRecord * orphan,
    const KlingReply * reply)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (KlingEntry) entry = kling_journal_try_hold (job->journal,
      job->store, orphan->kind, orphan->key, &holder, NULL);
  KlingRecord *record = entry ? entry->record : NULL;

  if (record == NULL || record->state != KLING_RECORD_RUNNING
      || g_strcmp0 (record->task_id, orphan->task_id) != 0)
    return;
  record->query_path = orphan->query_path;
  if (reply->answer.units >= 0)
    record->units = reply->answer.units;
  if (reply->answer.task_state == KLING_TASK_FAILED)
    set_failed (record, reply);
  else
    record->state = KLING_RECORD_FETCHING;
  KLING_INFO ("task %s, which another run has left, is %s", record->task_id,
      kling_record_state_get_nick (record->state));
  kling_job_put (job, entry);
}

/* Asks the service about a task. Returns: whether it has ended */
static gboolean
job_ask_about (KlingJob * job, KlingRecord * record)
{
  g_auto (KlingReply) reply = { 0 };
  g_autoptr (GError) reason = NULL;

  if (!kling_service_query (job->service, record->task_id, &record->query_path,
          job->stop, &reply, &reason)) {
    KLING_INFO ("task %s, which another run has left: %s", record->task_id,
        reason->message);
    return kling_answer_lacks_task (&reply.answer)
        && kling_clock_since (record->sent_at) >= KLING_SLOT_DOUBT_TIME;
  }
  if (reply.answer.task_state != KLING_TASK_FAILED
      && reply.answer.task_state != KLING_TASK_SUCCEEDED)
    return FALSE;
  job_settle_orphan (job, record, &reply);
  return TRUE;
}

/* --- looking for one --- */

/* What stands in the way, for a person: who has a slot, and for what */
static gchar *
job_describe_slot (KlingJob * job, guint number, const gchar * holder)
{
  g_autofree gchar *key = kling_slots_dup_key (job->store, job->account,
      number);
  g_autoptr (KlingRecord) record = NULL;
  const gchar *label;

  if (key)
    kling_store_read (job->store, key, &record, NULL);
  label = record && record->label ? record->label : "another video";
  if (holder)
    return record && record->task_id
        ? g_strdup_printf ("%s has task %s (%s)", holder, record->task_id,
        label) : g_strdup_printf ("%s asks for %s", holder, label);
  return record && record->task_id
      ? g_strdup_printf ("task %s (%s) goes on, though its run has ended",
      record->task_id, label)
      :
      g_strdup_printf ("%s may be in the making, because a call got no answer",
      label);
}

/* Whether no task of the slot is open. @ask: the service may be asked */
static gboolean
job_may_take (KlingJob * job, KlingSlot * slot, gboolean ask)
{
  g_autoptr (KlingRecord) record = NULL;
  KlingSlotState state = kling_slot_judge (slot, &record);

  if (record && strcmp (record->key, job->record->key) == 0)
    return TRUE;
  if (state != KLING_SLOT_RUNNING)
    return state == KLING_SLOT_FREE;
  return ask && job_may_ask_about (job, record)
      && kling_slot_take_turn (slot, job->settings->poll_interval)
      && job_ask_about (job, record);
}

/* Looks at each slot. @who: (nullable): gets what stands in the way.
 * Returns: %FALSE when the slots cannot be used */
static gboolean
job_look_at_slots (KlingJob * job, gboolean ask, GPtrArray * who,
    GError ** error)
{
  for (guint i = 0; i < job->settings->max_tasks; i++) {
    g_autofree gchar *holder = NULL;
    g_autoptr (GError) reason = NULL;
    g_autoptr (KlingSlot) slot = kling_slot_try_hold (job->store, job->account,
        i, &holder, &reason);

    if (reason) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
    if (slot && job_may_take (job, slot, ask)) {
      job->slot = g_steal_pointer (&slot);
      return TRUE;
    }
    if (who)
      g_ptr_array_add (who, job_describe_slot (job, i, holder));
  }
  return TRUE;
}

static void
job_tell_slots (KlingJob * job, GPtrArray * who)
{
  guint more = who->len > MAX_NAMED ? who->len - MAX_NAMED : 0;
  g_autofree gchar *rest = more ? g_strdup_printf ("; and %u more", more)
      : g_strdup ("");
  g_autofree gchar *named = NULL;

  g_ptr_array_set_size (who, (gint) (who->len - more));
  g_ptr_array_add (who, NULL);
  named = g_strjoinv ("; ", (gchar **) who->pdata);
  kling_job_progress (job, job->stage, -1,
      "Waiting for a free slot: max-tasks is %u, and %s%s.",
      job->settings->max_tasks, named, rest);
}

/* Looks once, and says now and then what it waits for. Only when no slot is
 * free the service is asked about those whose holder has ended. */
static gboolean
job_try_slots (KlingJob * job, gint64 * say_at, GError ** error)
{
  g_autoptr (GPtrArray) who = g_ptr_array_new_with_free_func (g_free);
  gboolean say = kling_clock_now () >= *say_at;

  if (!job_look_at_slots (job, FALSE, say ? who : NULL, error))
    return FALSE;
  if (job->slot)
    return TRUE;
  if (say) {
    job_tell_slots (job, who);
    *say_at = kling_clock_after (SAY_INTERVAL);
  }
  return job_look_at_slots (job, TRUE, NULL, error);
}

/* Whether slot @number names our record */
static gboolean
job_owns_slot (KlingJob * job, guint number)
{
  g_autofree gchar *key = kling_slots_dup_key (job->store, job->account,
      number);

  return g_strcmp0 (key, job->record->key) == 0;
}

/* The slot of an earlier run of this request, unless somebody looks at it just
 * then: that does no harm, because the record tells the same. */
static void
job_find_own_slot (KlingJob * job)
{
  for (guint i = 0; i < job->settings->max_tasks && job->slot == NULL; i++) {
    g_autofree gchar *holder = NULL;

    if (job_owns_slot (job, i))
      job->slot = kling_slot_try_hold (job->store, job->account, i, &holder,
          NULL);
    /* it may have changed hands since */
    if (job->slot && !job_owns_slot (job, i))
      g_clear_pointer (&job->slot, kling_slot_release);
  }
}

/**
 * kling_job_resume_slot:
 * @job: a job that goes on with a task
 *
 * If an earlier run of this request had a slot, it is ours as long as the task
 * is open.
 */
void
kling_job_resume_slot (KlingJob * job)
{
  if (job->entry)
    job_find_own_slot (job);
  kling_job_end_slot (job);
}

/**
 * kling_job_take_slot:
 * @job: a job that is about to send its create call
 * @error: return location for a #KlingError
 *
 * Waits as long as max-tasks tasks are open. That is no part of task-timeout:
 * nothing was asked for.
 *
 * Returns: whether one more task may be open
 */
gboolean
kling_job_take_slot (KlingJob * job, GError ** error)
{
  gint64 say_at = 0;

  if (job->settings->max_tasks == 0)
    return TRUE;
  job_find_own_slot (job);
  while (job->slot == NULL) {
    if (!job_try_slots (job, &say_at, error)
        || (job->slot == NULL
            && !kling_job_sleep (job, LOOK_INTERVAL, KLING_NEVER, error)))
      return FALSE;
  }
  kling_test_point ("slot-held");
  if (kling_slot_fill (job->slot, job->record,
          job->record->attempt + (job->again ? 0 : 1), error))
    return TRUE;
  kling_job_end_slot (job);
  return FALSE;
}

/**
 * kling_job_end_slot:
 * @job: a job whose record may have changed its state
 *
 * Lets go of the slot if no task of it can be open.
 */
void
kling_job_end_slot (KlingJob * job)
{
  g_autoptr (GError) error = NULL;

  if (job->slot == NULL || job->record->state == KLING_RECORD_SENDING
      || job->record->state == KLING_RECORD_UNKNOWN
      || job->record->state == KLING_RECORD_RUNNING)
    return;
  if (!kling_slot_clear (job->slot, &error))
    KLING_INFO ("%s", error->message);
  g_clear_pointer (&job->slot, kling_slot_release);
}

/* --- when the service has asked to wait --- */

/**
 * kling_job_await_turn:
 * @job: a job
 * @entry: what a call that costs is about
 * @deadline: not longer than until then
 * @error: set to a %KLING_ERROR_CANCELLED
 *
 * Before a create call: if another run was told to wait, so do we.
 *
 * Returns: %FALSE when the job was told to stop
 */
gboolean
kling_job_await_turn (KlingJob * job, KlingEntry * entry, gint64 deadline,
    GError ** error)
{
  gint64 wait;

  if (job->store == NULL || entry != job->entry)
    return TRUE;
  while ((wait = kling_slots_get_wait (job->store, job->account)) > 0
      && kling_clock_now () < deadline) {
    wait = kling_backoff_spread (wait);
    kling_job_progress (job, job->stage, -1,
        "The service has asked another run with this key to wait, because too"
        " much is going on. Sending in %.1f s.", (gdouble) wait / KLING_SECOND);
    if (!kling_job_sleep (job, wait, deadline, error))
      return FALSE;
  }
  return TRUE;
}

/**
 * kling_job_share_wait:
 * @job: a job that the service has told to wait
 * @span: microseconds it will wait
 *
 * All that use the same key and store wait, too.
 */
void
kling_job_share_wait (KlingJob * job, gint64 span)
{
  if (job->store)
    kling_slots_put_wait (job->store, job->account, span);
}
