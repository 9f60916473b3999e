/* The service's own calls: identify-face, query and list, and what all calls
 * share. The calls that make something are in sandbox-create.c and
 * sandbox-tts.c.
 *
 * Below /kling a gateway answers, below /v1 the service itself: each has its
 * own keys, knows its own tasks only, and spells its answers in its own way.
 *
 * Main thread only but for the functions that say otherwise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-api.h"

#include <string.h>

#include "sandbox-errand.h"
#include "sandbox-fetch.h"
#include "sandbox-gateway.h"
#include "sandbox-official.h"
#include "sandbox-worker.h"
#include "sandbox.h"

#define CODE_NO_RESOURCE 1203

#define MAX_PAGE 1000
#define MAX_PAGE_SIZE 500
#define DEFAULT_PAGE_SIZE 30

static const SandboxVideoLimits identify_limits = { 60, 512, 2160 };

/**
 * sandbox_api_admit:
 * @exchange: a call of the service
 *
 * Returns: whether its caller may call; if not, it is answered
 */
gboolean
sandbox_api_admit (SandboxExchange * exchange)
{
  Sandbox *sandbox = exchange->sandbox;
  const SandboxKeys *keys = &sandbox->options->keys;
  const char *header = sandbox_exchange_header (exchange, "Authorization");
  gint64 code;

  if (sandbox_exchange_is_behind_gateway (exchange)) {
    if (sandbox_auth_is_key (keys, header))
      return TRUE;
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_UNAUTHORIZED,
        sandbox_gateway_no_key ());
    return FALSE;
  }
  code = sandbox_auth_check (keys, header, sandbox_now (sandbox));
  if (code != 0)
    sandbox_exchange_answer_code (exchange, code, NULL);
  return code == 0;
}

/**
 * sandbox_api_accept:
 * @exchange: a POST of the service
 *
 * Returns: (transfer full) (nullable): the body of a caller who may call, or
 *   %NULL: it is answered then
 */
JsonObject *
sandbox_api_accept (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  JsonObject *body;

  if (!sandbox_api_admit (exchange))
    return NULL;
  body = sandbox_exchange_body (exchange, &error);
  if (body == NULL)
    sandbox_exchange_answer_code (exchange, SANDBOX_ERROR_PARAMETER,
        error->message);
  return body;
}

void
sandbox_api_refuse (SandboxExchange * exchange, const GError * error)
{
  gint64 code = error->domain == SANDBOX_ERROR ? error->code
      : SANDBOX_ERROR_INTERNAL;

  sandbox_exchange_answer_code (exchange, code, error->message);
}

/* A task that is not known here. */
void
sandbox_api_answer_unknown (SandboxExchange * exchange)
{
  if (sandbox_exchange_is_behind_gateway (exchange))
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_BAD_REQUEST,
        sandbox_gateway_no_task ());
  else
    sandbox_exchange_answer_code (exchange, CODE_NO_RESOURCE, NULL);
}

/**
 * sandbox_api_url:
 * @exchange: the call that is answered
 * @format: of what stands below /sandbox/
 * @...: for it
 *
 * Returns: (transfer full): the URL, with the host that the client asked, so
 *   that it holds after a restart on another port as well
 */
char *
sandbox_api_url (SandboxExchange * exchange, const char *format, ...)
{
  g_autofree char *path = NULL;
  va_list args;

  va_start (args, format);
  path = g_strdup_vprintf (format, args);
  va_end (args);
  return g_strdup_printf ("http://%s/sandbox/%s",
      sandbox_exchange_header (exchange, "Host"), path);
}

/* Nobody has looked for a picture of a stranger: the sample's stands in. */
static char *
picture_url (SandboxExchange * exchange, const SandboxSession * session,
    guint index)
{
  g_autofree char *name = session->source ?
      sandbox_sample_picture (SANDBOX_ONE_FACE, 0) :
      sandbox_sample_picture (session->sample, index);

  return sandbox_api_url (exchange, "%s", name);
}

static void
session_view (SandboxExchange * exchange, const SandboxSession * session,
    SandboxSessionView * view)
{
  SandboxFaceSpan span;

  memset (view, 0, sizeof *view);
  view->session_id = session->id;
  while (view->count < SANDBOX_MAX_FACES
      && sandbox_session_face (session, view->count, &span)) {
    SandboxFaceView *face = &view->faces[view->count];

    face->span = span;
    face->picture = picture_url (exchange, session, view->count);
    face->number = ++view->count;
  }
}

static void
answer_session (SandboxExchange * exchange, SandboxSession * session,
    const GError * error)
{
  const SandboxShape *shape = &exchange->sandbox->shape;
  SandboxSessionView view;

  if (session == NULL) {
    sandbox_api_refuse (exchange, error);
    return;
  }
  session_view (exchange, session, &view);
  exchange->charged = TRUE;
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_exchange_is_behind_gateway (exchange) ?
      sandbox_gateway_session (shape, &view) :
      sandbox_official_session (&view));
  for (guint i = 0; i < view.count; i++)
    g_free (view.faces[i].picture);
}

/* On a worker's thread. */
static void
identify_work (gpointer errand)
{
  sandbox_errand_get_video (errand);
}

static void
identify_done (gpointer data)
{
  g_autoptr (SandboxErrand) errand = data;
  g_autoptr (GError) error = NULL;
  SandboxExchange *exchange = errand->exchange;

  sandbox_errand_record (errand);
  if (errand->error)
    sandbox_api_refuse (exchange, errand->error);
  else
    answer_session (exchange, sandbox_errand_keep_video (errand, &error),
        error);
}

/* What was made of a sample is the sample again: its mouths are known. */
static SandboxSession *
find_result (Sandbox * sandbox, SandboxTask * task, GError ** error)
{
  SandboxSession *before =
      sandbox_sessions_find (sandbox->sessions, task->session_id);
  g_autofree char *source = NULL;
  SandboxSample sample = task->source ? SANDBOX_ONE_FACE : task->sample;

  if (task->source && !sandbox->options->clip)
    source = g_strdup_printf ("results/%s.mp4", task->id);
  return sandbox_sessions_add (sandbox->sessions, source, sample,
      before ? &before->video : sandbox_sample_info (sample), error);
}

static SandboxSample
sample_by_id (const char *id)
{
  if (strcmp (id, "sample") == 0)
    return SANDBOX_ONE_FACE;
  return strcmp (id, sandbox_sample_name (SANDBOX_THREE_FACES)) == 0 ?
      SANDBOX_THREE_FACES : SANDBOX_NO_SAMPLE;
}

/**
 * sandbox_api_find_video:
 * @sandbox: the sandbox
 * @id: a video id: `sample`, `faces`, or an earlier result by its task's id
 * @error: return location
 *
 * Returns: (transfer none) (nullable): a new session for it
 */
SandboxSession *
sandbox_api_find_video (Sandbox * sandbox, const char *id, GError ** error)
{
  SandboxTask *task = sandbox_tasks_find (sandbox->tasks, id);

  SandboxSample sample = sample_by_id (id);

  if (sample != SANDBOX_NO_SAMPLE)
    return sandbox_sessions_add (sandbox->sessions, NULL, sample,
        sandbox_sample_info (sample), error);
  if (task && task->state == SANDBOX_SUCCEEDED)
    return find_result (sandbox, task, error);
  sandbox_refuse (error, "Video id not found");
  return NULL;
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
  g_autoptr (JsonObject) body = sandbox_api_accept (exchange);
  g_autoptr (GError) error = NULL;
  SandboxErrand *errand;
  const char *url, *id;

  if (body == NULL)
    return;
  id = sandbox_read_text (body, "video_id");
  if (sandbox_read_url (body, "video_url", &url, &error)
      && (url == NULL) == (id == NULL))
    sandbox_refuse (&error, "exactly one of video_url and video_id is needed");
  if (error) {
    sandbox_api_refuse (exchange, error);
  } else if (id) {
    SandboxSession *session =
        sandbox_api_find_video (exchange->sandbox, id, &error);

    answer_session (exchange, session, error);
  } else {
    errand = sandbox_errand_new (exchange);
    errand->limits = &identify_limits;
    sandbox_errand_plan (errand, &errand->video, url, NULL);
    sandbox_worker_run (exchange->sandbox->fetchers, identify_work,
        identify_done, errand);
  }
}

/* What a query sees, with all that has to be freed. */
typedef struct
{
  SandboxTaskView view;
  char *url;
  char *watermark_url;
  char *parent_url;
} Seen;

static void
seen_clear (Seen * seen)
{
  g_free (seen->url);
  g_free (seen->watermark_url);
  g_free (seen->parent_url);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Seen, seen_clear);

static void
look_at (SandboxExchange * exchange, SandboxTask * task, Seen * seen)
{
  Sandbox *sandbox = exchange->sandbox;
  SandboxSession *session =
      sandbox_sessions_find (sandbox->sessions, task->session_id);
  SandboxTaskView *view = &seen->view;

  sandbox_tasks_view (sandbox->tasks, task, view);
  seen->url = sandbox_api_url (exchange, "results/%s.mp4?token=%s", task->id,
      task->token);
  seen->watermark_url = g_strconcat (seen->url, "&watermark=1", NULL);
  view->url = seen->url;
  view->watermark_url = seen->watermark_url;
  if (session) {
    seen->parent_url = sandbox_api_url (exchange, "sessions/%s/video",
        session->id);
    view->parent_id = session->id;
    view->parent_url = seen->parent_url;
    view->parent_duration = session->video.duration;
  }
}

/* The path without what tells a gateway's from the service's own. */
static const char *
bare_path (SandboxExchange * exchange)
{
  return sandbox_exchange_is_behind_gateway (exchange) ?
      exchange->path + strlen ("/kling") : exchange->path;
}

/* The service keeps the tasks of its two ways of lip-sync apart. A gateway
 * knows all of its tasks by the paths that its documents name for them. */
static gboolean
is_known_here (SandboxExchange * exchange, const SandboxTask * task)
{
  gboolean behind = sandbox_exchange_is_behind_gateway (exchange);
  gboolean legacy = task->dialect == SANDBOX_LEGACY;
  const char *path = bare_path (exchange);

  if (task->behind_gateway != behind)
    return FALSE;
  if (g_str_has_prefix (path, "/v1/videos/advanced-lip-sync"))
    return !legacy;
  return behind || legacy;
}

static SandboxTask *
find_task (SandboxExchange * exchange)
{
  SandboxTasks *tasks = exchange->sandbox->tasks;
  SandboxTask *task = sandbox_tasks_find (tasks, exchange->task);

  if (task == NULL && !sandbox_exchange_is_behind_gateway (exchange))
    task = sandbox_tasks_find_external (tasks, exchange->task);
  return task && is_known_here (exchange, task) ? task : NULL;
}

/**
 * sandbox_api_query:
 * @exchange: a GET of a task, by any of the documented paths
 */
void
sandbox_api_query (SandboxExchange * exchange)
{
  g_auto (Seen) seen = { 0 };
  SandboxTask *task;

  if (!sandbox_api_admit (exchange))
    return;
  task = find_task (exchange);
  if (task == NULL) {
    sandbox_api_answer_unknown (exchange);
    return;
  }
  look_at (exchange, task, &seen);
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
      sandbox_exchange_is_behind_gateway (exchange) ?
      sandbox_gateway_task (&exchange->sandbox->shape, &seen.view) :
      sandbox_official_task (&seen.view));
}

static JsonObject *
list_entry (SandboxExchange * exchange, SandboxTask * task)
{
  g_auto (Seen) seen = { 0 };

  look_at (exchange, task, &seen);
  if (sandbox_exchange_is_behind_gateway (exchange))
    return sandbox_gateway_listed_task (&exchange->sandbox->shape, &seen.view);
  return sandbox_official_task_data (&seen.view,
      sandbox_official_word (seen.view.state));
}

/* The newest first. */
static JsonArray *
list_page (SandboxExchange * exchange, guint skip, guint size)
{
  SandboxTasks *tasks = exchange->sandbox->tasks;
  JsonArray *list = json_array_new ();
  guint seen = 0;

  for (guint i = sandbox_tasks_count (tasks); i-- > 0;) {
    SandboxTask *task = sandbox_tasks_get (tasks, i);

    if (!is_known_here (exchange, task) || seen++ < skip)
      continue;
    if (json_array_get_length (list) >= size)
      break;
    json_array_add_object_element (list, list_entry (exchange, task));
  }
  return list;
}

static gboolean
read_page (SandboxExchange * exchange, const char *name, guint max,
    guint64 * value, GError ** error)
{
  const char *text = sandbox_exchange_query (exchange, name);

  if (text == NULL || g_ascii_string_to_unsigned (text, 10, 1, max, value,
          NULL))
    return TRUE;
  return sandbox_refuse (error, "%s has to be 1 to %u", name, max);
}

/**
 * sandbox_api_list:
 * @exchange: a GET of all tasks of a kind
 */
void
sandbox_api_list (SandboxExchange * exchange)
{
  g_autoptr (GError) error = NULL;
  guint64 page = 1, size = DEFAULT_PAGE_SIZE;

  if (!sandbox_api_admit (exchange))
    return;
  if (read_page (exchange, "pageNum", MAX_PAGE, &page, &error)
      && read_page (exchange, "pageSize", MAX_PAGE_SIZE, &size, &error))
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_OK,
        sandbox_official_list (list_page (exchange, (page - 1) * size, size)));
  else
    sandbox_api_refuse (exchange, error);
}
