/* What the sandbox offers beside the service: /sandbox/...
 *
 * No key is asked for here. Main thread only but for the functions that say
 * otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-local.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sandbox-render.h"
#include "sandbox-speech.h"
#include "sandbox.h"

/* Seconds. */
#define MAX_CLOCK_OFFSET (G_GINT64_CONSTANT (50) * 365 * 24 * 60 * 60)

/* A sample in the making. */
typedef struct
{
  SandboxExchange *exchange;
  SandboxSample sample;
  char *folder;
  char *video;
  GCancellable *stop;
  GError *error;
} Making;

/* A text that is spoken on demand. */
typedef struct
{
  SandboxExchange *exchange;
  const SandboxTask *task;
  char *path;
  GCancellable *stop;
  GError *error;
} Speaking;

/* What a file is called in the path stands for what is in it. */
static const char *
tag_of (SandboxExchange * exchange)
{
  if (exchange->task)
    return exchange->task;
  return exchange->name ? exchange->name : "face";
}

static void
answer_file (SandboxExchange * exchange, const char *path, const char *type)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, NULL);
  SandboxReply *reply;

  if (map == NULL) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such file");
    return;
  }
  reply = sandbox_reply_new (SOUP_STATUS_OK, type,
      g_mapped_file_get_bytes (map));
  reply->etag = g_strdup_printf ("\"%s-%" G_GSIZE_FORMAT "\"",
      tag_of (exchange), g_mapped_file_get_length (map));
  sandbox_exchange_answer (exchange, reply);
}

void
sandbox_local_about (SandboxExchange * exchange)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", "kling-sandbox");
  json_object_set_string_member (object, "what",
      "A local stand-in for the Kling lip-sync service. It costs nothing.");
  json_object_set_string_member (object, "service", "/kling/v1/, /v1/");
  json_object_set_string_member (object, "help", "kling-sandbox --help");
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK, object);
}

/* A picture has the name that is in the path; all else is the video. */
static void
serve_sample (SandboxExchange * exchange, SandboxSample sample)
{
  gboolean picture = g_str_has_suffix (exchange->path, ".png");
  g_autofree char *name = picture ? g_path_get_basename (exchange->path) :
      g_strconcat (sandbox_sample_name (sample), ".mp4", NULL);
  g_autofree char *path = sandbox_path (exchange->sandbox, name, NULL);

  answer_file (exchange, path, picture ? "image/png" : "video/mp4");
}

static gboolean
make_pictures (Making * making)
{
  guint count;

  sandbox_sample_faces (making->sample, &count);
  for (guint i = 0; i < count; i++) {
    g_autofree char *name = sandbox_sample_picture (making->sample, i);
    g_autofree char *path = g_build_filename (making->folder, name, NULL);

    if (!sandbox_render_picture (making->sample, i, path, &making->error))
      return FALSE;
  }
  return TRUE;
}

/* On a worker's thread; there is one only, so a sample is made once. The
 * video appears last and whole: where it is, the pictures are too. */
static void
making_work (gpointer data)
{
  Making *making = data;
  g_autofree char *part = g_strconcat (making->video, ".part", NULL);

  if (!g_file_test (making->video, G_FILE_TEST_EXISTS)
      && make_pictures (making)
      && sandbox_render_sample (making->sample, part, making->stop,
          &making->error))
    g_rename (part, making->video);
}

static void
making_done (gpointer data)
{
  Making *making = data;

  if (making->error)
    sandbox_exchange_answer_problem (making->exchange,
        SOUP_STATUS_INTERNAL_SERVER_ERROR, making->error->message);
  else
    serve_sample (making->exchange, making->sample);
  sandbox_exchange_unref (making->exchange);
  g_clear_error (&making->error);
  g_clear_object (&making->stop);
  g_free (making->folder);
  g_free (making->video);
  g_free (making);
}

/* A sample is made when it is first asked for. */
static void
answer_sample (SandboxExchange * exchange, SandboxSample sample)
{
  Sandbox *sandbox = exchange->sandbox;
  g_autofree char *name =
      g_strconcat (sandbox_sample_name (sample), ".mp4", NULL);
  g_autofree char *video = sandbox_path (sandbox, name, NULL);
  Making *making;

  if (g_file_test (video, G_FILE_TEST_EXISTS)) {
    serve_sample (exchange, sample);
    return;
  }
  making = g_new0 (Making, 1);
  making->exchange = sandbox_exchange_ref (exchange);
  making->sample = sample;
  making->folder = g_strdup (sandbox->state);
  making->video = g_steal_pointer (&video);
  making->stop = g_object_ref (sandbox->stop);
  sandbox_worker_run (sandbox->painters, making_work, making_done, making);
}

/* A GET of the sample with one face, or of its picture. */
void
sandbox_local_face (SandboxExchange * exchange)
{
  answer_sample (exchange, SANDBOX_ONE_FACE);
}

/* A GET of the sample with three faces, or of a picture of one of them. */
void
sandbox_local_faces (SandboxExchange * exchange)
{
  answer_sample (exchange, SANDBOX_THREE_FACES);
}

/**
 * sandbox_local_result:
 * @exchange: a GET of a result
 *
 * The token in the query stands for the signature of a real result's URL.
 */
void
sandbox_local_result (SandboxExchange * exchange)
{
  SandboxTasks *tasks = exchange->sandbox->tasks;
  SandboxTask *task = sandbox_tasks_find (tasks, exchange->task);
  GBytes *parts[2] = { NULL, NULL };
  SandboxReply *reply;

  if (task && g_strcmp0 (sandbox_exchange_query (exchange, "token"),
          task->token) != 0) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_FORBIDDEN,
        "the URL's token is missing or wrong");
    return;
  }
  if (task == NULL || !sandbox_tasks_result (tasks, task, parts)) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no result");
    return;
  }
  reply = sandbox_reply_new (SOUP_STATUS_OK, "video/mp4", parts[0]);
  reply->parts[1] = parts[1];
  reply->etag = g_strdup_printf ("\"%s\"", task->id);
  sandbox_exchange_answer (exchange, reply);
}

/**
 * sandbox_local_session_video:
 * @exchange: a GET of the video that a session is about
 *
 * It is what was fetched, byte for byte; the sample comes from here anyway.
 */
void
sandbox_local_session_video (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxSession *session =
      sandbox_sessions_find (sandbox->sessions, exchange->name);
  g_autofree char *path = NULL;

  if (session == NULL) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such session");
  } else if (session->source == NULL) {
    answer_sample (exchange, session->sample);
  } else {
    path = sandbox_path (sandbox, session->source, NULL);
    answer_file (exchange, path, "application/octet-stream");
  }
}

void
sandbox_local_ledger (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  JsonObject *ledger = sandbox_ledger_print (sandbox->ledger,
      sandbox_tasks_units (sandbox->tasks));

  json_object_set_int_member (ledger, "open_max",
      sandbox_tasks_open_max (sandbox->tasks));
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK, ledger);
}

void
sandbox_local_tasks (SandboxExchange * exchange)
{
  sandbox_exchange_answer_list (exchange,
      sandbox_tasks_list (exchange->sandbox->tasks));
}

static SandboxTask *
find_task (SandboxExchange * exchange)
{
  SandboxTask *task =
      sandbox_tasks_find (exchange->sandbox->tasks, exchange->task);

  if (task == NULL)
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such task");
  return task;
}

void
sandbox_local_task (SandboxExchange * exchange)
{
  SandboxTask *task = find_task (exchange);

  if (task)
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
        sandbox_task_print (task));
}

static void
serve_speech (SandboxExchange * exchange, const SandboxTask * task,
    const char *path)
{
  answer_file (exchange, path,
      task->audio ? "application/octet-stream" : "audio/x-wav");
}

/* On a worker's thread; there is one only, so no two write the same file. */
static void
speaking_work (gpointer data)
{
  Speaking *speaking = data;
  const SandboxTask *task = speaking->task;

  if (!g_file_test (speaking->path, G_FILE_TEST_EXISTS))
    sandbox_speech_speak (task->text, sandbox_voice_find (task->voice_id),
        task->language, task->speed, speaking->path, speaking->stop,
        &speaking->error);
}

static void
speaking_done (gpointer data)
{
  Speaking *speaking = data;

  if (speaking->error)
    sandbox_exchange_answer_problem (speaking->exchange, SOUP_STATUS_NOT_FOUND,
        speaking->error->message);
  else
    serve_speech (speaking->exchange, speaking->task, speaking->path);
  sandbox_exchange_unref (speaking->exchange);
  g_clear_object (&speaking->stop);
  g_clear_error (&speaking->error);
  g_free (speaking->path);
  g_free (speaking);
}

/**
 * sandbox_local_speech:
 * @exchange: a GET of what a task says
 *
 * A renderer leaves its speech behind. With a clip nothing is rendered, and a
 * text is spoken when somebody wants to hear it.
 */
void
sandbox_local_speech (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxTask *task = find_task (exchange);
  g_autofree char *path = NULL;
  Speaking *speaking;

  if (task == NULL)
    return;
  path = sandbox_task_speech_path (task, sandbox->state);
  if (task->text == NULL || sandbox->options->clip == NULL) {
    serve_speech (exchange, task, path);
    return;
  }
  speaking = g_new0 (Speaking, 1);
  speaking->exchange = sandbox_exchange_ref (exchange);
  speaking->task = task;
  speaking->path = g_steal_pointer (&path);
  speaking->stop = g_object_ref (sandbox->stop);
  sandbox_worker_run (sandbox->painters, speaking_work, speaking_done,
      speaking);
}

static void
set_optional (JsonObject * object, const char *member, const char *value)
{
  if (value)
    json_object_set_string_member (object, member, value);
  else
    json_object_set_null_member (object, member);
}

static JsonObject *
print_voice (const SandboxVoice * voice)
{
  JsonObject *object = json_object_new ();
  JsonArray *languages = json_array_new ();
  g_autofree char *en = sandbox_voice_espeak_name (voice, "en");
  g_autofree char *zh = sandbox_voice_espeak_name (voice, "zh");

  if (voice->name_en)
    json_array_add_string_element (languages, "en");
  if (voice->name_zh)
    json_array_add_string_element (languages, "zh");
  json_object_set_string_member (object, "voice_id", voice->id);
  json_object_set_array_member (object, "languages", languages);
  json_object_set_string_member (object, "sex",
      voice->sex == 'f' ? "female" : "male");
  set_optional (object, "name_en", voice->name_en);
  set_optional (object, "name_zh", voice->name_zh);
  set_optional (object, "espeak_en", voice->name_en ? en : NULL);
  set_optional (object, "espeak_zh", voice->name_zh ? zh : NULL);
  json_object_set_int_member (object, "pitch", voice->pitch);
  json_object_set_int_member (object, "speed", voice->speed);
  return object;
}

void
sandbox_local_voices (SandboxExchange * exchange)
{
  JsonArray *list = json_array_new ();
  guint count;
  const SandboxVoice *voices = sandbox_voices (&count);

  for (guint i = 0; i < count; i++)
    json_array_add_object_element (list, print_voice (&voices[i]));
  sandbox_exchange_answer_list (exchange, list);
}

void
sandbox_local_shape (SandboxExchange * exchange)
{
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_shape_print (&exchange->sandbox->shape));
}

void
sandbox_local_set_shape (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) wish = sandbox_exchange_body (exchange, &error);

  if (wish && sandbox_shape_set (&exchange->sandbox->shape, wish, &error))
    sandbox_local_shape (exchange);
  else
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_BAD_REQUEST,
        error->message);
}

/* A text that was spoken by a call of its own. */
void
sandbox_local_audio (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  g_autofree char *name = g_strconcat (exchange->name, ".mp3", NULL);
  g_autofree char *path = NULL;

  if (sandbox_audios_find (sandbox->audios, exchange->name) == NULL) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_NOT_FOUND,
        "there is no such audio");
    return;
  }
  path = sandbox_path (sandbox, "audios", name);
  answer_file (exchange, path, "audio/mpeg");
}

void
sandbox_local_clock (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "offset", sandbox->clock_offset);
  json_object_set_int_member (object, "now", sandbox_now (sandbox));
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK, object);
}

/**
 * sandbox_local_set_clock:
 * @exchange: a POST of how far the service's clock is off
 *
 * Tokens are checked by that clock, and answers are dated by it. What the
 * sandbox writes down for itself is dated rightly.
 */
void
sandbox_local_set_clock (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) wish = sandbox_exchange_body (exchange, &error);
  gint64 offset = sandbox_json_integer (wish, "offset", G_MAXINT64);

  if (offset < -MAX_CLOCK_OFFSET || offset > MAX_CLOCK_OFFSET) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_BAD_REQUEST,
        error ? error->message : "offset has to be a whole number of seconds, "
        "50 years at most");
    return;
  }
  exchange->sandbox->clock_offset = offset;
  sandbox_local_clock (exchange);
}

void
sandbox_local_faults (SandboxExchange * exchange)
{
  sandbox_exchange_answer_list (exchange,
      sandbox_faults_list (exchange->sandbox->faults));
}

void
sandbox_local_add_fault (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) order = sandbox_exchange_body (exchange, &error);
  gint64 id = order ? sandbox_faults_add (exchange->sandbox->faults, order,
      &error) : 0;
  JsonObject *answer;

  if (id == 0) {
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_BAD_REQUEST,
        error->message);
    return;
  }
  answer = json_object_new ();
  json_object_set_int_member (answer, "id", id);
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK, answer);
}

void
sandbox_local_clear_faults (SandboxExchange * exchange)
{
  sandbox_faults_clear (exchange->sandbox->faults);
  sandbox_exchange_answer_list (exchange, json_array_new ());
}
