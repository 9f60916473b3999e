/* The service's own calls: identify-face, advanced-lip-sync, query.
 *
 * What can be refused is refused before anything is paid: a create is checked
 * whole, and what it points at is fetched and looked at, before it becomes a
 * task. Fetching runs on a worker's thread; `Errand` belongs to it from the
 * moment it is sent until it is back.
 *
 * Main thread only but for the functions that say otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-api.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sandbox-fetch.h"
#include "sandbox-render.h"
#include "sandbox-voices.h"
#include "sandbox.h"

/* One file to fetch and to look at. */
typedef struct
{
  char *url;                    /* (nullable): nothing to fetch */
  char *path;
  guint status;                 /* HTTP, 0: none */
} Fetched;

typedef struct
{
  SandboxExchange *exchange;
  GCancellable *stop;
  GError *error;                /* what the service would say */
  Fetched video;
  SandboxVideoInfo info;
  gboolean is_sample;
  char *digest;                 /* of the video */
  Fetched audio;
  Fetched image;
  SandboxTask *task;            /* what becomes of a create */
} Errand;

static void
fetched_clear (Fetched * fetched)
{
  if (fetched->path)
    g_unlink (fetched->path);
  g_free (fetched->path);
  g_free (fetched->url);
}

static void
errand_free (Errand * errand)
{
  fetched_clear (&errand->video);
  fetched_clear (&errand->audio);
  fetched_clear (&errand->image);
  g_clear_pointer (&errand->task, sandbox_task_free);
  g_clear_pointer (&errand->exchange, sandbox_exchange_unref);
  g_clear_object (&errand->stop);
  g_clear_error (&errand->error);
  g_free (errand->digest);
  g_free (errand);
}

static Errand *
errand_new (SandboxExchange * exchange)
{
  Errand *errand = g_new0 (Errand, 1);

  errand->exchange = sandbox_exchange_ref (exchange);
  errand->stop = g_object_ref (exchange->sandbox->stop);
  return errand;
}

static void
fetched_plan (Errand * errand, Fetched * fetched, const char *url)
{
  g_autofree char *name = sandbox_random_hex (16);

  fetched->url = g_strdup (url);
  fetched->path = sandbox_path (errand->exchange->sandbox, "incoming", name);
}

/* On a worker's thread. */
static gboolean
fetched_get (Errand * errand, Fetched * fetched, gsize limit)
{
  fetched->status = sandbox_fetch (fetched->url, limit, fetched->path,
      errand->stop, &errand->error);
  return errand->error == NULL;
}

/* The ledger shows what the sandbox itself went for, too. */
static void
record_fetch (Errand * errand, const Fetched * fetched)
{
  g_autofree char *shown = NULL;
  SandboxCall call = {
    .time = g_get_real_time (),
    .method = "FETCH",
    .kind = "other",
    .status = fetched->status,
  };

  if (fetched->url == NULL)
    return;
  shown = sandbox_url_without_query (fetched->url);
  call.path = shown;
  sandbox_ledger_add (errand->exchange->sandbox->ledger, &call);
}

static void
refuse (SandboxExchange * exchange, const char *message)
{
  sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_VALUE, message);
}

static void
refuse_error (SandboxExchange * exchange, const GError * error)
{
  gint64 code = error->domain == SANDBOX_ERROR ? error->code
      : SANDBOX_ERROR_PARAMETER;

  sandbox_exchange_answer_code (exchange, code, error->message);
}

static gboolean
key_is_right (SandboxExchange * exchange)
{
  const char *header = sandbox_exchange_header (exchange, "Authorization");
  g_autofree char *wanted =
      g_strconcat ("Bearer ", exchange->sandbox->options->api_key, NULL);

  if (g_strcmp0 (header, wanted) == 0)
    return TRUE;
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_UNAUTHORIZED,
      sandbox_gateway_no_key ());
  return FALSE;
}

/* The body of a call with the right key, or NULL: it is answered then. */
static JsonObject *
accept_body (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  JsonObject *body;

  if (!key_is_right (exchange))
    return NULL;
  body = sandbox_exchange_body (exchange, &error);
  if (body == NULL)
    sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_PARAMETER,
        error->message);
  return body;
}

/* An empty string is as good as none, as in the service's own examples. */
static const char *
get_text (JsonObject * object, const char *member)
{
  const char *text = sandbox_json_string (object, member);

  return text && *text ? text : NULL;
}

static void
answer_session (SandboxExchange * exchange, const char *source,
    const SandboxVideoInfo * info)
{
  Sandbox *sandbox = exchange->sandbox;
  g_autoptr (GError) error = NULL;
  SandboxSession *session =
      sandbox_sessions_add (sandbox->sessions, source, info, &error);
  SandboxSessionView view;

  if (session == NULL) {
    sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_INTERNAL,
        error->message);
    return;
  }
  view = (SandboxSessionView) {
  .session_id = session->id,.duration = info->duration,.width =
        info->width,.height = info->height,};
  exchange->charged = TRUE;
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_gateway_session (&sandbox->shape, &view));
}

/* On a worker's thread. */
static void
identify_work (gpointer data)
{
  Errand *errand = data;

  if (!fetched_get (errand, &errand->video, SANDBOX_MAX_VIDEO_BYTES))
    return;
  if (!sandbox_media_check_video (errand->video.path, &errand->info,
          &errand->error))
    return;
  errand->is_sample = sandbox_sample_of_file (errand->video.path);
  errand->digest = sandbox_file_sha256 (errand->video.path, &errand->error);
}

/* The same video is kept once, whatever it was called. */
static void
identify_done (gpointer data)
{
  Errand *errand = data;
  SandboxExchange *exchange = errand->exchange;
  g_autofree char *source = NULL;
  g_autofree char *path = NULL;

  record_fetch (errand, &errand->video);
  if (errand->error) {
    refuse_error (exchange, errand->error);
  } else if (errand->is_sample) {
    answer_session (exchange, NULL, &errand->info);
  } else {
    source = g_build_filename ("sources", errand->digest, NULL);
    path = sandbox_path (exchange->sandbox, "sources", errand->digest);
    if (g_rename (errand->video.path, path) != 0)
      sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_INTERNAL, NULL);
    else
      answer_session (exchange, source, &errand->info);
  }
  errand_free (errand);
}

/* An earlier result, by the id of its task. What was made of the sample is
 * the sample again: its mouth is known. */
static void
identify_by_id (SandboxExchange * exchange, const char *id)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxTask *task = sandbox_tasks_find (sandbox->tasks, id);
  SandboxSession *session;
  g_autofree char *source = NULL;

  if (strcmp (id, "sample") == 0) {
    answer_session (exchange, NULL, sandbox_sample_info (SANDBOX_ONE_FACE));
    return;
  }
  if (task == NULL || task->state != SANDBOX_SUCCEEDED) {
    refuse (exchange, "Video id not found");
    return;
  }
  session = sandbox_sessions_find (sandbox->sessions, task->session_id);
  if (task->source && !sandbox->options->clip)
    source = g_strdup_printf ("results/%s.mp4", task->id);
  answer_session (exchange, source,
      session ? &session->video : sandbox_sample_info (SANDBOX_ONE_FACE));
}

/**
 * sandbox_api_identify:
 * @exchange: a POST of identify-face
 *
 * Answers with a session, now or when the video was fetched.
 */
void
sandbox_api_identify (SandboxExchange * exchange)
{
  g_autoptr (JsonObject) body = accept_body (exchange);
  const char *url, *id;
  Errand *errand;

  if (body == NULL)
    return;
  url = get_text (body, "video_url");
  id = get_text (body, "video_id");
  if ((url == NULL) == (id == NULL)) {
    refuse (exchange, "exactly one of video_url and video_id is needed");
  } else if (id) {
    identify_by_id (exchange, id);
  } else if (!sandbox_url_is_fetchable (url)) {
    refuse (exchange, "video_url is not an http or https URL");
  } else {
    errand = errand_new (exchange);
    fetched_plan (errand, &errand->video, url);
    sandbox_worker_run (exchange->sandbox->fetchers, identify_work,
        identify_done, errand);
  }
}

/* Says what is wrong with the text half of a create, or NULL. */
static const char *
check_voice (JsonObject * input)
{
  const char *language = get_text (input, "voice_language");
  const SandboxVoice *voice = sandbox_voice_find (get_text (input, "voice_id"));

  if (get_text (input, "voice_id") == NULL)
    return "voice_id is missing";
  if (language == NULL)
    return "voice_language is missing";
  if (strcmp (language, "zh") != 0 && strcmp (language, "en") != 0)
    return "voice_language has to be zh or en";
  if (voice == NULL)
    return "Voice id not found";
  if (!sandbox_voice_speaks (voice, language))
    return "Voice id does not speak this voice_language";
  return NULL;
}

static const char *
check_urls (JsonObject * input)
{
  const char *audio = get_text (input, "audio_url");
  const char *image = get_text (input, "face_image_url");

  if (audio && !sandbox_url_is_fetchable (audio))
    return "audio_url is not an http or https URL";
  if (image && !sandbox_url_is_fetchable (image))
    return "face_image_url is not an http or https URL";
  return NULL;
}

/* Says what is wrong with a create, or NULL. */
static const char *
check_input (Sandbox * sandbox, JsonObject * input)
{
  const char *session = get_text (input, "session_id");
  gboolean text = get_text (input, "text") != NULL;
  gboolean audio = get_text (input, "audio_url") != NULL;
  const char *problem;

  if (input == NULL)
    return "input is missing";
  if (session == NULL)
    return "session_id is missing";
  if (sandbox_sessions_find (sandbox->sessions, session) == NULL)
    return "session_id not found or expired";
  if (text == audio)
    return "exactly one of text and audio_url is needed";
  problem = text ? check_voice (input) : NULL;
  return problem ? problem : check_urls (input);
}

/* On a worker's thread. */
static void
create_work (gpointer data)
{
  Errand *errand = data;

  if (errand->audio.url
      && fetched_get (errand, &errand->audio, SANDBOX_MAX_AUDIO_BYTES))
    sandbox_media_check_audio (errand->audio.path, errand->stop,
        &errand->error);
  if (errand->error == NULL && errand->image.url
      && fetched_get (errand, &errand->image, SANDBOX_MAX_IMAGE_BYTES))
    sandbox_media_check_image (errand->image.path, &errand->error);
}

static gboolean
keep_audio (Errand * errand)
{
  SandboxTask *task = errand->task;
  g_autofree char *path = NULL;

  if (errand->audio.url == NULL)
    return TRUE;
  task->audio = g_strdup_printf ("speech/%s.audio", task->id);
  path = g_build_filename (errand->exchange->sandbox->state, task->audio, NULL);
  return g_rename (errand->audio.path, path) == 0;
}

/* The moment that costs money. */
static void
commit (Errand * errand)
{
  SandboxExchange *exchange = errand->exchange;
  Sandbox *sandbox = exchange->sandbox;
  g_autoptr (GError) error = NULL;
  SandboxTask *task = errand->task;
  SandboxTaskView view;

  if (!keep_audio (errand)
      || !sandbox_tasks_add (sandbox->tasks,
          g_steal_pointer (&errand->task), &error)) {
    sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_INTERNAL,
        error ? error->message : NULL);
    return;
  }
  exchange->paid = TRUE;
  exchange->task = g_strdup (task->id);
  sandbox_tasks_view (sandbox->tasks, task, &view);
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_gateway_created (&sandbox->shape, &view));
}

static void
create_done (gpointer data)
{
  Errand *errand = data;

  record_fetch (errand, &errand->audio);
  record_fetch (errand, &errand->image);
  if (errand->error)
    refuse_error (errand->exchange, errand->error);
  else
    commit (errand);
  errand_free (errand);
}

static SandboxTask *
new_task (SandboxExchange * exchange, JsonObject * body)
{
  Sandbox *sandbox = exchange->sandbox;
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  JsonObject *input = sandbox_json_object (body, "input");
  SandboxTask *task = sandbox_task_new (sandbox->shape.integer_ids);
  SandboxSession *session = sandbox_sessions_find (sandbox->sessions,
      get_text (input, "session_id"));

  task->session_id = g_strdup (session->id);
  task->source = g_strdup (session->source);
  task->text = g_strdup (get_text (input, "text"));
  if (task->text) {
    task->voice_id = g_strdup (get_text (input, "voice_id"));
    task->language = g_strdup (get_text (input, "voice_language"));
  }
  task->fails_with = action ? g_strdup (action->fail) : NULL;
  task->request = sandbox_json_print_object (body);
  return task;
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
  g_autoptr (JsonObject) body = accept_body (exchange);
  JsonObject *input;
  const char *problem;
  Errand *errand;

  if (body == NULL)
    return;
  input = sandbox_json_object (body, "input");
  problem = check_input (exchange->sandbox, input);
  if (problem) {
    refuse (exchange, problem);
    return;
  }
  errand = errand_new (exchange);
  errand->task = new_task (exchange, body);
  if (get_text (input, "audio_url"))
    fetched_plan (errand, &errand->audio, get_text (input, "audio_url"));
  if (get_text (input, "face_image_url"))
    fetched_plan (errand, &errand->image, get_text (input, "face_image_url"));
  if (errand->audio.url || errand->image.url)
    sandbox_worker_run (exchange->sandbox->fetchers, create_work, create_done,
        errand);
  else
    create_done (errand);
}

/**
 * sandbox_api_query:
 * @exchange: a GET of a task, by any of the documented paths
 *
 * The result's URL names the host that the client asked, so it holds after a
 * restart on another port as well.
 */
void
sandbox_api_query (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxTask *task;
  SandboxTaskView view;
  g_autofree char *url = NULL;

  if (!key_is_right (exchange))
    return;
  task = sandbox_tasks_find (sandbox->tasks, exchange->task);
  if (task == NULL) {
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_BAD_REQUEST,
        sandbox_gateway_no_task ());
    return;
  }
  sandbox_tasks_view (sandbox->tasks, task, &view);
  url = g_strdup_printf ("http://%s/sandbox/results/%s.mp4?token=%s",
      sandbox_exchange_header (exchange, "Host"), task->id, task->token);
  view.url = url;
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_gateway_task (&sandbox->shape, &view));
}
