/* The calls that cost money: advanced-lip-sync and lip-sync, in any dialect.
 *
 * What can be refused is refused before anything is paid: a create is checked
 * whole, and what it points at is fetched and looked at, before it becomes a
 * task.
 *
 * Main thread only but for create_work().
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "sandbox-api.h"
#include "sandbox-errand.h"
#include "sandbox-gateway.h"
#include "sandbox-official.h"
#include "sandbox-worker.h"
#include "sandbox.h"

#define MIN_OVERLAP_MS 2000
#define GRACE_MS (SANDBOX_GRACE_SECONDS * 1000)

static const SandboxVideoLimits legacy_limits = { 10, 720, 1920 };

/* The chosen face has to be seen while its sound is heard. */
static gboolean
check_overlap (const SandboxCreate * create, const SandboxFaceSpan * face,
    GError ** error)
{
  double end = create->insert + (create->end - create->start);
  double overlap =
      MIN (end, face->end * 1000) - MAX (create->insert, face->start * 1000);

  if (overlap >= MIN_OVERLAP_MS)
    return TRUE;
  return sandbox_refuse (error, "the sound from %" G_GINT64_FORMAT " to %.0f "
      "ms overlaps face %s, seen from %.0f to %.0f ms, by %.0f ms; at least "
      "%d ms are needed", create->insert, end, face->id, face->start * 1000,
      face->end * 1000, MAX (overlap, 0), MIN_OVERLAP_MS);
}

/* Whether the cut has its place in the video, and its face there. */
static gboolean
check_place (const SandboxCreate * create, const SandboxSession * session,
    GError ** error)
{
  gint64 end = create->insert + (create->end - create->start);
  int index = sandbox_session_find_face (session, create->face_id);
  SandboxFaceSpan face;

  if (index < 0)
    return sandbox_refuse (error, "face_id not found");
  if (end > session->video.duration * 1000 + GRACE_MS)
    return sandbox_refuse (error, "the sound would end at %" G_GINT64_FORMAT
        " ms, after the video's end at %.0f ms", end,
        session->video.duration * 1000);
  sandbox_session_face (session, index, &face);
  return check_overlap (create, &face, error);
}

static gboolean
check_cut (const SandboxCreate * create, double seconds, GError ** error)
{
  if (create->face_id == NULL || create->end <= seconds * 1000 + GRACE_MS)
    return TRUE;
  return sandbox_refuse (error, "sound_end_time is %" G_GINT64_FORMAT " ms, "
      "after the audio's end at %.0f ms", create->end, seconds * 1000);
}

static gboolean
check_audio_id (Sandbox * sandbox, const SandboxCreate * create,
    GError ** error)
{
  SandboxAudio *audio;

  if (create->audio_id == NULL)
    return TRUE;
  audio = sandbox_audios_find (sandbox->audios, create->audio_id);
  if (audio == NULL)
    return sandbox_refuse (error, "audio_id not found or expired");
  return sandbox_media_check_length (audio->duration, error)
      && check_cut (create, audio->duration, error);
}

/* What can be checked without fetching anything. */
static gboolean
check_known (SandboxErrand * errand, GError ** error)
{
  Sandbox *sandbox = errand->exchange->sandbox;
  const SandboxCreate *create = &errand->create;
  SandboxSession *session;

  if (create->dialect == SANDBOX_LEGACY)
    return TRUE;
  session = sandbox_sessions_find (sandbox->sessions, create->session_id);
  if (session == NULL)
    return sandbox_refuse (error, "session_id not found or expired");
  return (create->face_id == NULL || check_place (create, session, error))
      && check_audio_id (sandbox, create, error);
}

static void
set_speech (SandboxTask * task, const SandboxCreate * create)
{
  const SandboxSaying *saying = &create->saying;

  if (create->audio_id)
    task->audio = g_strdup_printf ("audios/%s.mp3", create->audio_id);
  if (saying->text == NULL)
    return;
  task->text = g_strdup (saying->text);
  task->voice_id = g_strdup (saying->voice_id);
  task->language = g_strdup (saying->language);
  task->speed = saying->speed;
}

static void
set_window (SandboxTask * task, const SandboxCreate * create,
    const SandboxSession * session)
{
  if (create->face_id == NULL)
    return;
  task->face = sandbox_session_find_face (session, create->face_id);
  task->has_window = TRUE;
  task->window.start = create->start / 1000.0;
  task->window.end = create->end / 1000.0;
  task->window.insert = create->insert / 1000.0;
  task->window.volume = create->volume;
  task->window.original_volume = create->original_volume;
}

static SandboxTask *
new_task (SandboxErrand * errand, const SandboxSession * session)
{
  SandboxExchange *exchange = errand->exchange;
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  const SandboxCreate *create = &errand->create;
  gboolean behind = sandbox_exchange_is_behind_gateway (exchange);
  SandboxTask *task = sandbox_task_new (!behind
      || exchange->sandbox->shape.integer_ids);

  task->dialect = create->dialect;
  task->behind_gateway = behind;
  task->external_id = g_strdup (create->external_id);
  task->watermark = create->watermark;
  task->session_id = g_strdup (session->id);
  task->source = g_strdup (session->source);
  task->sample = session->sample;
  task->fails_with = action ? g_strdup (action->fail) : NULL;
  task->request = sandbox_json_print_object (errand->body);
  set_speech (task, create);
  set_window (task, create, session);
  return task;
}

/* The source video of a create. In the legacy dialect it comes with it, and
 * the session that it gets is nobody's business. */
static SandboxSession *
find_session (SandboxErrand * errand, GError ** error)
{
  Sandbox *sandbox = errand->exchange->sandbox;
  const SandboxCreate *create = &errand->create;

  if (create->video_id)
    return sandbox_api_find_video (sandbox, create->video_id, error);
  if (create->video_url)
    return sandbox_errand_keep_video (errand, error);
  return sandbox_sessions_find (sandbox->sessions, create->session_id);
}

static void
answer_created (SandboxExchange * exchange, SandboxTask * task)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxTaskView view;

  exchange->paid = TRUE;
  exchange->task = g_strdup (task->id);
  sandbox_tasks_view (sandbox->tasks, task, &view);
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      task->behind_gateway ? sandbox_gateway_created (&sandbox->shape, &view)
      : sandbox_official_created (&view));
}

/* The moment that costs money. */
static gboolean
commit (SandboxErrand * errand, GError ** error)
{
  SandboxExchange *exchange = errand->exchange;
  SandboxTasks *tasks = exchange->sandbox->tasks;
  const char *external_id = errand->create.external_id;
  SandboxSession *session;
  SandboxTask *task;

  if (external_id && sandbox_tasks_find_external (tasks, external_id))
    return sandbox_refuse (error, "external_task_id is used already; it has "
        "to be unique");
  session = find_session (errand, error);
  if (session == NULL)
    return FALSE;
  task = errand->task = new_task (errand, session);
  if (!sandbox_errand_keep_audio (errand, error)
      || !sandbox_tasks_add (tasks, g_steal_pointer (&errand->task), error))
    return FALSE;
  answer_created (exchange, task);
  return TRUE;
}

static void
create_done (gpointer data)
{
  g_autoptr (SandboxErrand) errand = data;
  const SandboxCreate *create = &errand->create;

  sandbox_errand_record (errand);
  if (errand->error == NULL && errand->audio.path)
    check_cut (create, errand->seconds, &errand->error);
  if (errand->error || !commit (errand, &errand->error))
    sandbox_api_refuse (errand->exchange, errand->error);
}

/* On a worker's thread. */
static void
create_work (gpointer errand)
{
  sandbox_errand_get_video (errand);
  sandbox_errand_get_audio (errand);
  sandbox_errand_get_image (errand);
}

static void
plan (SandboxErrand * errand)
{
  const SandboxCreate *create = &errand->create;

  errand->limits = &legacy_limits;
  sandbox_errand_plan (errand, &errand->video, create->video_url, NULL);
  sandbox_errand_plan (errand, &errand->audio, create->audio_url,
      create->audio_base64);
  sandbox_errand_plan (errand, &errand->image, create->image_url, NULL);
}

static void
start (SandboxErrand * errand, gboolean readable)
{
  SandboxExchange *exchange = errand->exchange;

  if (!readable || !check_known (errand, &errand->error)) {
    sandbox_api_refuse (exchange, errand->error);
    sandbox_errand_free (errand);
    return;
  }
  plan (errand);
  if (errand->video.path || errand->audio.path || errand->image.path)
    sandbox_worker_run (exchange->sandbox->fetchers, create_work, create_done,
        errand);
  else
    create_done (errand);
}

static SandboxErrand *
new_errand (SandboxExchange * exchange)
{
  JsonObject *body = sandbox_api_accept (exchange);
  SandboxErrand *errand;

  if (body == NULL)
    return NULL;
  errand = sandbox_errand_new (exchange);
  errand->body = body;
  return errand;
}

/**
 * sandbox_api_create:
 * @exchange: a POST of advanced-lip-sync
 *
 * Answers with a task, now or when its files were fetched.
 */
void
sandbox_api_create (SandboxExchange * exchange)
{
  SandboxErrand *errand = new_errand (exchange);

  if (errand)
    start (errand, sandbox_read_create (errand->body,
            sandbox_exchange_is_behind_gateway (exchange), &errand->create,
            &errand->error));
}

/**
 * sandbox_api_create_legacy:
 * @exchange: a POST of lip-sync
 *
 * Answers with a task, now or when its files were fetched.
 */
void
sandbox_api_create_legacy (SandboxExchange * exchange)
{
  SandboxErrand *errand = new_errand (exchange);

  if (errand)
    start (errand, sandbox_legacy_read_create (errand->body, &errand->create,
            &errand->error));
}
