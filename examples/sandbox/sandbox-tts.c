/* Text to speech: a call of its own, whose sound a create can use by its id.
 *
 * The text is spoken on a worker's thread; `Speaking` belongs to it from the
 * moment it is sent until it is back. By shape the call is answered before
 * that, and the caller has to ask again.
 *
 * Main thread only but for the functions that say otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-api.h"
#include "sandbox-gateway.h"
#include "sandbox-official.h"
#include "sandbox-render.h"
#include "sandbox-worker.h"
#include "sandbox.h"

#define MAX_CHARACTERS 1000

typedef struct
{
  Sandbox *sandbox;
  SandboxExchange *exchange;    /* (nullable): answered already */
  SandboxAudio *audio;
  JsonObject *body;             /* owns the strings of `saying` */
  SandboxSaying saying;
  char *path;
  double duration;
  GCancellable *stop;
  GError *error;
} Speaking;

static void
speaking_free (Speaking * speaking)
{
  g_clear_pointer (&speaking->exchange, sandbox_exchange_unref);
  g_clear_pointer (&speaking->body, json_object_unref);
  g_clear_object (&speaking->stop);
  g_clear_error (&speaking->error);
  g_free (speaking->path);
  g_free (speaking);
}

static void
answer (SandboxExchange * exchange, const SandboxAudio * audio)
{
  g_autofree char *url = sandbox_api_url (exchange, "audios/%s.mp3", audio->id);
  SandboxAudioView view = {
    .task_id = audio->task_id,
    .id = audio->id,
    .state = audio->hidden ? SANDBOX_RUNNING : audio->state,
    .reason = audio->hidden ? NULL : audio->reason,
    .url = url,
    .duration = audio->duration,
  };

  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_exchange_is_behind_gateway (exchange) ?
      sandbox_gateway_audio (&exchange->sandbox->shape, &view) :
      sandbox_official_audio (&view));
}

/* On a worker's thread. */
static void
speaking_work (gpointer data)
{
  Speaking *speaking = data;
  const SandboxSaying *saying = &speaking->saying;

  if (speaking->error == NULL)
    sandbox_render_say (saying->text, sandbox_voice_find (saying->voice_id),
        saying->language, saying->speed, speaking->path, &speaking->duration,
        speaking->stop, &speaking->error);
}

static void
speaking_done (gpointer data)
{
  Speaking *speaking = data;
  SandboxExchange *exchange = speaking->exchange;

  sandbox_audios_finish (speaking->sandbox->audios, speaking->audio,
      speaking->duration, speaking->error ? speaking->error->message : NULL);
  if (exchange) {
    exchange->charged = speaking->error == NULL;
    answer (exchange, speaking->audio);
  }
  speaking_free (speaking);
}

/* What was not spoken yet is shown as such once, however fast it was: so a
 * client has to ask again. */
static void
answer_early (Speaking * speaking)
{
  g_autoptr (SandboxExchange) exchange = g_steal_pointer (&speaking->exchange);

  answer (exchange, speaking->audio);
  speaking->audio->hidden = TRUE;
}

static void
speak (Speaking * speaking)
{
  Sandbox *sandbox = speaking->sandbox;
  SandboxExchange *exchange = speaking->exchange;
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  g_autofree char *name = g_strconcat (speaking->audio->id, ".mp3", NULL);

  speaking->path = sandbox_path (sandbox, "audios", name);
  if (action && action->fail)
    sandbox_refuse (&speaking->error, "%s", action->fail);
  exchange->task = g_strdup (speaking->audio->task_id);
  if (sandbox->shape.queued_speech) {
    exchange->charged = TRUE;
    answer_early (speaking);
  }
  sandbox_worker_run (sandbox->fetchers, speaking_work, speaking_done,
      speaking);
}

static Speaking *
speaking_new (SandboxExchange * exchange, JsonObject * body)
{
  Speaking *speaking = g_new0 (Speaking, 1);

  speaking->sandbox = exchange->sandbox;
  speaking->exchange = sandbox_exchange_ref (exchange);
  speaking->body = body;
  speaking->stop = g_object_ref (exchange->sandbox->stop);
  return speaking;
}

static gboolean
read_saying (Speaking * speaking)
{
  return sandbox_read_saying (speaking->body, MAX_CHARACTERS, "zh",
      &speaking->saying, &speaking->error)
      && sandbox_read_speed (speaking->body, &speaking->saying,
      &speaking->error);
}

/**
 * sandbox_api_tts:
 * @exchange: a POST of tts
 *
 * Answers with an audio id, when the text was spoken; or at once with the id
 * of a task that will have one.
 */
void
sandbox_api_tts (SandboxExchange * exchange)
{
  JsonObject *body = sandbox_api_accept (exchange);
  Speaking *speaking;

  if (body == NULL)
    return;
  speaking = speaking_new (exchange, body);
  if (read_saying (speaking))
    speaking->audio = sandbox_audios_add (exchange->sandbox->audios,
        &speaking->error);
  if (speaking->audio) {
    speak (speaking);
  } else {
    sandbox_api_refuse (exchange, speaking->error);
    speaking_free (speaking);
  }
}

/**
 * sandbox_api_query_tts:
 * @exchange: a GET of a task of tts
 */
void
sandbox_api_query_tts (SandboxExchange * exchange)
{
  SandboxAudio *audio;

  if (!sandbox_api_admit (exchange))
    return;
  audio = sandbox_audios_find_task (exchange->sandbox->audios, exchange->task);
  if (audio == NULL) {
    sandbox_api_answer_unknown (exchange);
    return;
  }
  answer (exchange, audio);
  audio->hidden = FALSE;
}
