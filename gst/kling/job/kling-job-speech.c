/* klinglipsync: the steps of a job that are about what is said
 *
 * In a dialect that says when the lips move, the length of the speech has to be
 * known before the call that costs: of a file from a pad it is, audio at a URL is
 * read for it, and a text is first spoken by a call of its own, which costs a
 * little. On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-job-private.h"

#include "kling-advice.h"
#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-digest.h"
#include "kling-log.h"
#include "kling-media.h"
#include "kling-url.h"

/* Speaking takes seconds; what is not there after this will not come. */
#define SPEECH_PATIENCE (10 * 60 * KLING_SECOND)

/* --- audio at a URL --- */

static gboolean
probe_check_url (const gchar * url, gpointer user_data, GError ** error)
{
  return kling_url_check_media ("audio-url", url, error);
}

static gboolean
check_bytes (goffset size, GError ** error)
{
  if (size <= KLING_AUDIO_BYTES_MAX)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "It has more than %" G_GINT64_FORMAT " bytes, which is all that the"
      " service takes.", KLING_AUDIO_BYTES_MAX);
  return FALSE;
}

static gboolean
probe_begin (const KlingHttpPart * part, gpointer user_data, GError ** error)
{
  return check_bytes (part->length, error);
}

static gboolean
probe_write (const guint8 * data, gsize size, gpointer user_data,
    GError ** error)
{
  return check_bytes (kling_spool_get_size (user_data) + size, error)
      && kling_spool_write (user_data, data, size, error);
}

/* What kling_media_new() advises is about files that came to a pad. */
static KlingMedia *
look_at_audio (KlingSpool * spool, GError ** error)
{
  g_autoptr (GError) reason = NULL;
  KlingMedia *media = kling_media_new (KLING_MEDIA_AUDIO, spool,
      kling_spool_get_sha256 (spool), &reason);

  if (media)
    return media;
  KLING_INFO ("what is at audio-url: %s", reason->message);
  if (reason->code == KLING_ERROR_LOCAL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    g_set_error_literal (error, KLING_ERROR, KLING_ERROR_INPUT,
        "What is there is no WAV, MP3, M4A or AAC that can be read.");
  return NULL;
}

/* Returns: (transfer full) (nullable): what is at audio-url */
static KlingMedia *
job_fetch_audio (KlingJob * job, GError ** error)
{
  static const KlingHttpSink sink = { probe_check_url, probe_begin, probe_write
  };
  g_autoptr (KlingSpool) spool = kling_spool_new ("audio");
  gint64 deadline = kling_clock_after (job->settings->timeout);
  guint status;

  if (!kling_http_fetch (job->http, job->request->audio_url, NULL,
          job->settings->timeout, deadline, job->stop, &sink, spool, &status,
          error)
      || !kling_spool_finish (spool, error))
    return NULL;
  return look_at_audio (spool, error);
}

static gboolean
set_unreadable (KlingJob * job, const GError * reason, GError ** error)
{
  g_autofree gchar *shown = kling_url_display (job->request->audio_url);

  if (reason->code == KLING_ERROR_CANCELLED
      || reason->code == KLING_ERROR_LOCAL) {
    g_propagate_error (error, g_error_copy (reason));
    return FALSE;
  }
  g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
      "How long the audio at %s is could not be found out, so nothing was sent."
      " %s If only the service can read it, set audio-end to where it ends.",
      shown, reason->message);
  return FALSE;
}

static gboolean
job_probe_audio (KlingJob * job, GError ** error)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) reason = NULL;
  g_autoptr (KlingMedia) media = NULL;

  kling_job_progress (job, KLING_STAGE_UPLOADING, 0,
      "Reading the audio, to see how long it is.");
  media = job_fetch_audio (job, &reason);
  if (media == NULL)
    return set_unreadable (job, reason, error);
  if (!kling_media_check (media, &job->dialect->limits, warnings, error))
    return FALSE;
  for (guint i = 0; i < warnings->len; i++)
    kling_job_warn (job, "%s", (const gchar *) warnings->pdata[i]);
  job->audio_length = media->duration < 0 ? -1 : media->duration / 1000;
  return TRUE;
}

/**
 * kling_job_measure_audio:
 * @job: a job before its first call that costs
 * @error: return location for a #KlingError
 *
 * Returns: %FALSE when what is said has the wrong length, or an unknown one
 *   where it has to be known. The length of a text shows when it is spoken.
 */
gboolean
kling_job_measure_audio (KlingJob * job, GError ** error)
{
  const KlingRequest *request = job->request;

  if (!job->dialect->chooses_face || kling_request_get_text (request))
    return TRUE;
  /* a call that is sent once more says what it said before */
  if (job->cut.end > 0)
    return TRUE;
  if (request->audio && request->audio->duration >= 0)
    job->audio_length = request->audio->duration / 1000;
  if (request->audio_url && request->audio_end < 0
      && !job_probe_audio (job, error))
    return FALSE;
  return kling_cut_choose (&job->cut, request, job->audio_length,
      &job->dialect->limits, error);
}

/* --- a text --- */

/* Speech is kept for 30 days. */
#define SPEECH_LIFE (29 * 24 * 3600 * KLING_SECOND)

/* What was bought is there, or is being made: its task is known then. */
static void
record_keep_speech (KlingRecord * record, const KlingAnswer * answer)
{
  record->units = answer->units >= 0 ? answer->units : record->units;
  if (answer->audio_id == NULL)
    return;
  g_free (record->speech_id);
  record->speech_id = g_strdup (answer->audio_id);
  record->speech_length = answer->audio_duration;
}

static void
record_forget_speech (KlingRecord * record)
{
  record->state = KLING_RECORD_READY;
  g_clear_pointer (&record->task_id, g_free);
  g_clear_pointer (&record->speech_id, g_free);
  record->speech_length = -1;
}

static gboolean
set_speech_failed (const KlingAnswer * answer, GError ** error)
{
  g_autofree gchar *numbers = kling_answer_describe (answer);

  g_set_error (error, KLING_ERROR, KLING_ERROR_TASK_FAILED,
      "The service could not speak the text (%s), with the words \"%s\". Change"
      " the text or the voice; the video was not asked for.", numbers,
      answer->message ? answer->message : "");
  return FALSE;
}

static gboolean
has_failed (const KlingAnswer * answer)
{
  return kling_answer_tells_state (answer)
      && answer->task_state == KLING_TASK_FAILED;
}

/* Sends the call that makes speech once, and writes down what came of it. */
static KlingEnding
job_send_speech (KlingJob * job, KlingEntry * entry, KlingReply * reply,
    GError ** error)
{
  KlingRecord *record = entry->record;

  kling_test_point ("before-speech");
  KlingEnding ending = kling_service_speak (job->service, job->request,
      job->stop, reply, error);

  kling_test_point ("after-speech");
  if (ending != KLING_ENDING_CREATED)
    return ending;
  if (has_failed (&reply->answer)) {
    set_speech_failed (&reply->answer, error);
    return KLING_ENDING_REFUSED;
  }
  record_forget_speech (record);
  record->state = KLING_RECORD_DONE;
  record->task_id = g_strdup (reply->answer.task_id);
  record_keep_speech (record, &reply->answer);
  kling_job_put_answer (job, entry);
  kling_test_point ("speech-kept");
  return ending;
}

/* Asks once for speech that is being made. @reason is why there was no answer;
 * that means nothing, unless we were told to stop. @known says whether the
 * service knows of it. */
static gboolean
job_poll_speech (KlingJob * job, KlingEntry * entry, gboolean * known,
    GError ** reason, GError ** error)
{
  KlingRecord *record = entry->record;
  g_auto (KlingReply) reply = { 0 };
  gboolean told = kling_service_query_speech (job->service, record->task_id,
      job->stop, &reply, reason);

  *known = !kling_answer_lacks_task (&reply.answer);
  if (!told)
    return kling_job_may_go_on (job, error);
  if (has_failed (&reply.answer)) {
    record_forget_speech (record);
    kling_job_put (job, entry);
    return set_speech_failed (&reply.answer, error);
  }
  record_keep_speech (record, &reply.answer);
  if (record->speech_id)
    kling_job_put (job, entry);
  return TRUE;
}

/* What the service does not know will never come. */
static gboolean
job_set_speech_late (KlingJob * job, KlingEntry * entry, gboolean known,
    GError ** error)
{
  static const KlingDetails none = { 0 };
  KlingRecord *record = entry->record;
  g_autoptr (GError) reason = NULL;

  if (known) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_TIMED_OUT,
        "The service took the text, but its speech (task %s) is not there"
        " after %d minutes. Start again to go on waiting for it.",
        record->task_id, (gint) (SPEECH_PATIENCE / KLING_SECOND / 60));
    return FALSE;
  }
  reason = g_error_new (KLING_ERROR, KLING_ERROR_SERVICE,
      "The service took the text, but does not know of its speech (task %s)."
      " Start again to have it spoken once more, or use audio instead of text;"
      " the video was not asked for.", record->task_id);
  record_forget_speech (record);
  kling_record_set_reason (record, KLING_RECORD_UNKNOWN, reason, &none);
  kling_job_put (job, entry);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
job_await_speech (KlingJob * job, KlingEntry * entry, GError ** error)
{
  gboolean known = TRUE;
  gint64 deadline = kling_clock_after (SPEECH_PATIENCE);
  KlingBackoff backoff = { 0 };

  while (entry->record->speech_id == NULL) {
    g_autoptr (GError) reason = NULL;

    if (kling_clock_now () >= deadline)
      return job_set_speech_late (job, entry, known, error);
    if (!job_poll_speech (job, entry, &known, &reason, error))
      return FALSE;
    if (reason == NULL)
      kling_backoff_reset (&backoff);
    if (entry->record->speech_id == NULL
        && !kling_job_sleep (job, reason ? kling_backoff_next (&backoff, 0)
            : job->settings->poll_interval, deadline, error))
      return FALSE;
  }
  return TRUE;
}

/* Before the second payment: what cannot be used is not sent on. */
static gboolean
job_judge_speech (KlingJob * job, GError ** error)
{
  const KlingLimits *limits = &job->dialect->limits;
  gint64 length = job->speech->speech_length;

  if (length >= 0 && length < limits->audio_min / 1000) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The text takes %.2f s to say, and the service needs %.0f s at least. Say"
        " more, or set voice-speed lower. The video was not asked for.",
        length / 1e3, limits->audio_min / 1e6);
    return FALSE;
  }
  if (length > limits->audio_max / 1000) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The text takes %.2f s to say, and the service takes %.0f s at most. Say"
        " less, set voice-speed higher, or make several videos of it. The video"
        " was not asked for.", length / 1e3, limits->audio_max / 1e6);
    return FALSE;
  }
  return kling_cut_choose (&job->cut, job->request, length, limits, error);
}

static gboolean
job_buy_speech (KlingJob * job, KlingEntry * entry, GError ** error)
{
  if (entry->record->state == KLING_RECORD_SENDING
      || entry->record->state == KLING_RECORD_UNKNOWN)
    kling_job_warn (job,
        "The text was sent before and the answer was lost. It is"
        " sent once more, and may be billed a second time.");
  kling_job_progress (job, KLING_STAGE_CREATING, KLING_PERCENT_IDENTIFY,
      "Having the text spoken.");
  return kling_job_call_paid (job, entry, job_send_speech, error)
      == KLING_ENDING_CREATED;
}

static gboolean
is_fresh (const KlingRecord * record)
{
  return record->state == KLING_RECORD_DONE
      && kling_clock_since (record->sent_at) < SPEECH_LIFE;
}

/**
 * kling_job_has_speech:
 * @job: a job
 *
 * A look that holds nothing: another run may change it.
 *
 * Returns: whether the text was spoken before, in a dialect that has it spoken by
 *   a call of its own
 */
gboolean
kling_job_has_speech (KlingJob * job)
{
  g_autofree gchar *key = NULL;
  g_autoptr (KlingRecord) record = NULL;

  if (job->dialect->speech_path == NULL
      || kling_request_get_text (job->request) == NULL)
    return FALSE;
  key = kling_request_dup_speech_key (job->request, job->account);
  return kling_journal_peek (job->journal, job->store, key, &record, NULL)
      && record && is_fresh (record);
}

static KlingEntry *
job_hold_speech (KlingJob * job, GError ** error)
{
  g_autofree gchar *key = kling_request_dup_speech_key (job->request,
      job->account);

  return kling_job_hold (job, KLING_RECORD_SPEECH, key,
      "has the same text spoken", error);
}

/**
 * kling_job_obtain_speech:
 * @job: a job
 * @error: return location for a #KlingError
 *
 * Has a text spoken, in a dialect whose create call does not take it. Speech has
 * a record of its own, which all requests with the same text and voice share.
 *
 * Returns: %TRUE when what is said is known to the service, or to us
 */
gboolean
kling_job_obtain_speech (KlingJob * job, GError ** error)
{
  g_autoptr (KlingEntry) entry = NULL;

  if (job->dialect->speech_path == NULL
      || kling_request_get_text (job->request) == NULL)
    return TRUE;
  entry = job_hold_speech (job, error);
  if (entry == NULL)
    return FALSE;
  if (!is_fresh (entry->record) && !job_buy_speech (job, entry, error))
    return FALSE;
  if (!job_await_speech (job, entry, error))
    return FALSE;
  g_clear_pointer (&job->speech, kling_record_free);
  job->speech = kling_record_copy (entry->record);
  KLING_INFO ("speech: audio %s, %.3f s", job->speech->speech_id,
      job->speech->speech_length / 1e3);
  return job_judge_speech (job, error);
}
