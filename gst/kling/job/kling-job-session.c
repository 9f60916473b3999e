/* klinglipsync: the step of a job that obtains the session of the source video
 *
 * identify-face costs a little, and what it returns is good for a day and for
 * any speech, so it has a record of its own, which all requests with the same
 * video share. It is held until the face is chosen, because that is kept with
 * it. A call whose answer was lost is sent again by a later run only, with a
 * warning. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-clock.h"
#include "kling-digest.h"
#include "kling-log.h"

/* The older documents say 24 hours, the newer ones nothing. */
#define SESSION_LIFE (23 * 3600 * KLING_SECOND)

/**
 * kling_job_get_session_id:
 * @job: a job
 *
 * Returns: (transfer none) (nullable): the session, once it is known
 */
const gchar *
kling_job_get_session_id (const KlingJob * job)
{
  if (job->request->session_id)
    return job->request->session_id;
  return job->session ? job->session->session_id : NULL;
}

static gboolean
is_fresh (const KlingRecord * record)
{
  return record->state == KLING_RECORD_DONE
      && kling_clock_since (record->sent_at) < SESSION_LIFE;
}

/* Sends identify-face once and writes down what came of it. */
static KlingEnding
job_send_identify (KlingJob * job, KlingEntry * entry, KlingReply * reply,
    GError ** error)
{
  KlingRecord *record = entry->record;
  KlingSources sources = kling_job_get_sources (job);

  kling_test_point ("before-identify");
  KlingEnding ending = kling_service_identify (job->service, job->request,
      &sources, job->stop, reply, error);

  kling_test_point ("after-identify");
  if (ending != KLING_ENDING_CREATED)
    return ending;
  kling_record_forget_session (record);
  record->state = KLING_RECORD_DONE;
  record->session_id = g_strdup (reply->answer.session_id);
  record->faces = g_steal_pointer (&reply->answer.faces);
  record->units = reply->answer.units;
  kling_job_put_answer (job, entry);
  kling_test_point ("session-kept");
  return ending;
}

static gboolean
job_identify (KlingJob * job, KlingEntry * entry, GError ** error)
{
  KlingRecord *record = entry->record;
  gint64 begun = kling_clock_now ();

  if (record->state == KLING_RECORD_SENDING
      || record->state == KLING_RECORD_UNKNOWN)
    kling_job_warn (job, "identify-face was sent before and its answer was"
        " lost. It is sent once more, and may be billed a second time.");
  if (!kling_job_upload_video (job, error)
      || !kling_job_may_go_on (job, error))
    return FALSE;
  kling_job_progress (job, KLING_STAGE_IDENTIFYING, KLING_PERCENT_IDENTIFY,
      "Looking for the face in the video (identify-face).");
  if (kling_job_call_paid (job, entry, job_send_identify,
          error) != KLING_ENDING_CREATED)
    return FALSE;
  KLING_INFO ("identify-face: session %s after %.1f s", record->session_id,
      (gdouble) (kling_clock_now () - begun) / KLING_SECOND);
  return TRUE;
}

static gboolean
job_fill_session (KlingJob * job, KlingEntry * entry, GError ** error)
{
  if (!is_fresh (entry->record) && !job_identify (job, entry, error))
    return FALSE;
  g_clear_pointer (&job->session, kling_record_free);
  job->session = kling_record_copy (entry->record);
  return kling_job_choose_face (job, entry, error);
}

/**
 * kling_job_has_session:
 * @job: a job
 *
 * A look that holds nothing: another run may change it.
 *
 * Returns: whether identify-face need not be asked
 */
gboolean
kling_job_has_session (KlingJob * job)
{
  g_autofree gchar *key = NULL;
  g_autoptr (KlingRecord) record = NULL;

  if (job->request->session_id)
    return TRUE;
  if (job->dialect->identify_path == NULL)
    return FALSE;
  key = kling_request_dup_session_key (job->request, job->account);
  return kling_journal_peek (job->journal, job->store, key, &record, NULL)
      && record && is_fresh (record);
}

static KlingEntry *
job_hold_session (KlingJob * job, GError ** error)
{
  g_autofree gchar *key = kling_request_dup_session_key (job->request,
      job->account);

  return kling_job_hold (job, KLING_RECORD_SESSION, key,
      "looks for the face in the same video", error);
}

/**
 * kling_job_obtain_session:
 * @job: a job before the call that costs most
 * @error: return location for a #KlingError
 *
 * Obtains a session, in a dialect that has them, and decides whose lips move.
 *
 * Returns: whether both are known, or need not be
 */
gboolean
kling_job_obtain_session (KlingJob * job, GError ** error)
{
  g_autoptr (KlingEntry) entry = NULL;

  if (job->dialect->identify_path == NULL || job->request->session_id)
    return kling_job_choose_face (job, NULL, error);
  entry = job_hold_session (job, error);
  return entry && job_fill_session (job, entry, error);
}

/**
 * kling_job_forget_session:
 * @job: a job
 *
 * The service refused what was asked, and it may be the session that has
 * expired: a new run obtains a new one. When another run has it, it is its to
 * judge.
 */
void
kling_job_forget_session (KlingJob * job)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (KlingEntry) entry = NULL;

  if (job->session == NULL)
    return;
  entry = kling_journal_try_hold (job->journal, job->store,
      KLING_RECORD_SESSION, job->session->key, &holder, NULL);
  if (entry == NULL || g_strcmp0 (entry->record->session_id,
          job->session->session_id) != 0)
    return;
  kling_record_forget_session (entry->record);
  kling_job_put (job, entry);
}
