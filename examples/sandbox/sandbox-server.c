/* The door: who may come in, and where each request goes.
 *
 * The sandbox listens on the loopback interface only, and answers only who
 * calls it by a loopback name: a page in a browser that points its own name at
 * 127.0.0.1 is refused by that name.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-server.h"

#include <string.h>

#include "sandbox-api.h"
#include "sandbox-gateway.h"
#include "sandbox-idle.h"
#include "sandbox-local.h"
#include "sandbox-upload.h"
#include "sandbox.h"

/* The name under which a message owns its exchange. */
#define EXCHANGE "sandbox-exchange"

typedef void (*Handler) (SandboxExchange * exchange);

/* "{task}" or "{name}" is one segment of the path, or a part of one. */
typedef struct
{
  const char *method;
  const char *path;
  const char *kind;
  Handler handler;
  gboolean takes_file;
} Route;

static const Route routes[] = {
  {"POST", "/kling/v1/videos/identify-face", "identify",
      sandbox_api_identify},
  {"POST", "/kling/v1/videos/advanced-lip-sync", "create",
      sandbox_api_create},
  {"GET", "/kling/v1/videos/advanced-lip-sync", "query", sandbox_api_list},
  {"GET", "/kling/v1/videos/advanced-lip-sync/{task}", "query",
      sandbox_api_query},
  {"POST", "/kling/v1/videos/lip-sync", "create", sandbox_api_create_legacy},
  {"GET", "/kling/v1/videos/lip-sync", "query", sandbox_api_list},
  {"GET", "/kling/v1/videos/lip-sync/{task}", "query", sandbox_api_query},
  {"GET", "/kling/v1/videos/{task}", "query", sandbox_api_query},
  {"POST", "/kling/v1/audio/tts", "tts", sandbox_api_tts},
  {"GET", "/kling/v1/audio/tts/{task}", "query", sandbox_api_query_tts},
  {"POST", "/v1/videos/identify-face", "identify", sandbox_api_identify},
  {"POST", "/v1/videos/advanced-lip-sync", "create", sandbox_api_create},
  {"GET", "/v1/videos/advanced-lip-sync", "query", sandbox_api_list},
  {"GET", "/v1/videos/advanced-lip-sync/{task}", "query", sandbox_api_query},
  {"POST", "/v1/videos/lip-sync", "create", sandbox_api_create_legacy},
  {"GET", "/v1/videos/lip-sync", "query", sandbox_api_list},
  {"GET", "/v1/videos/lip-sync/{task}", "query", sandbox_api_query},
  {"POST", "/v1/audio/tts", "tts", sandbox_api_tts},
  {"GET", "/v1/audio/tts/{task}", "query", sandbox_api_query_tts},
  {"GET", "/sandbox/results/{task}.mp4", "other", sandbox_local_result},
  {"GET", "/sandbox/face.mp4", "other", sandbox_local_face},
  {"GET", "/sandbox/face.png", "other", sandbox_local_face},
  {"GET", "/sandbox/faces.mp4", "other", sandbox_local_faces},
  {"GET", "/sandbox/faces-{name}.png", "other", sandbox_local_faces},
  {"GET", "/sandbox/ledger", "other", sandbox_local_ledger},
  {"GET", "/sandbox/tasks", "other", sandbox_local_tasks},
  {"GET", "/sandbox/tasks/{task}", "other", sandbox_local_task},
  {"GET", "/sandbox/tasks/{task}/speech", "other", sandbox_local_speech},
  {"GET", "/sandbox/sessions/{name}/video", "other",
      sandbox_local_session_video},
  {"GET", "/sandbox/audios/{name}.mp3", "other", sandbox_local_audio},
  {"PUT", "/sandbox/uploads/{name}", "upload", sandbox_upload_put, TRUE},
  {"DELETE", "/sandbox/uploads/{name}", "upload", sandbox_upload_delete},
  {"GET", "/sandbox/uploads/{name}", "upload", sandbox_upload_get},
  {"GET", "/sandbox/uploads", "other", sandbox_upload_list},
  {"POST", "/sandbox/upload", "upload", sandbox_upload_post, TRUE},
  {"GET", "/sandbox/voices", "other", sandbox_local_voices},
  {"GET", "/sandbox/shape", "other", sandbox_local_shape},
  {"POST", "/sandbox/shape", "other", sandbox_local_set_shape},
  {"GET", "/sandbox/clock", "other", sandbox_local_clock},
  {"POST", "/sandbox/clock", "other", sandbox_local_set_clock},
  {"GET", "/sandbox/faults", "other", sandbox_local_faults},
  {"POST", "/sandbox/faults", "other", sandbox_local_add_fault},
  {"DELETE", "/sandbox/faults", "other", sandbox_local_clear_faults},
  {"GET", "/sandbox", "other", sandbox_local_about},
  {"GET", "/", "other", sandbox_local_about},
};

/* Returns: (transfer full) (nullable): what stands in @path for the mark */
static char *
read_mark (const char *pattern, const char *path)
{
  const char *mark = strchr (pattern, '{'), *tail;
  gsize before, length = strlen (path);
  char *value;

  if (mark == NULL)
    return NULL;
  before = mark - pattern;
  tail = strchr (mark, '}') + 1;
  if (length <= before + strlen (tail)
      || strncmp (path, pattern, before) != 0
      || strcmp (path + length - strlen (tail), tail) != 0)
    return NULL;
  value = g_strndup (path + before, length - before - strlen (tail));
  if (strchr (value, '/') != NULL)
    g_clear_pointer (&value, g_free);
  return value;
}

static gboolean
route_matches (const Route * route, SandboxExchange * exchange)
{
  char *value = read_mark (route->path, exchange->path);

  if (value == NULL)
    return strcmp (route->path, exchange->path) == 0;
  if (strstr (route->path, "{task}"))
    exchange->task = value;
  else
    exchange->name = value;
  return TRUE;
}

static const Route *
find_route (SandboxExchange * exchange)
{
  const char *method = exchange->method;

  if (strcmp (method, "HEAD") == 0)
    method = "GET";
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    if (strcmp (routes[i].method, method) == 0
        && route_matches (&routes[i], exchange))
      return &routes[i];
  return NULL;
}

/* The host of "host", "host:port" or "[address]:port". */
static char *
host_of (const char *text)
{
  const char *end = text[0] == '[' ? strchr (text, ']') : NULL;

  if (end)
    return g_strndup (text, end + 1 - text);
  end = strchr (text, ':');
  return end ? g_strndup (text, end - text) : g_strdup (text);
}

static gboolean
name_is_loopback (const char *name)
{
  g_autofree char *host = name ? host_of (name) : NULL;

  return sandbox_host_is_loopback (host);
}

/* Also a page of somebody else's, open in a browser here, has no business
 * with us: it says so itself, in Origin. */
static gboolean
caller_is_local (SandboxExchange * exchange)
{
  GUri *uri = soup_server_message_get_uri (exchange->message);
  const char *origin = sandbox_exchange_header (exchange, "Origin");
  g_autoptr (GUri) from = NULL;

  if (!name_is_loopback (sandbox_exchange_header (exchange, "Host"))
      || !sandbox_host_is_loopback (g_uri_get_host (uri)))
    return FALSE;
  if (origin == NULL)
    return TRUE;
  from = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);
  return from && sandbox_host_is_loopback (g_uri_get_host (from));
}

static void
take_fault (SandboxExchange * exchange)
{
  SandboxFaultSubject subject = {
    .method = exchange->method,
    .path = exchange->path,
    .kind = exchange->kind,
    .task = exchange->task,
  };

  /* Whoever orders must always be able to take an order back. */
  if (!g_str_has_prefix (exchange->path, "/sandbox/faults"))
    exchange->fault = sandbox_faults_take (exchange->sandbox->faults, &subject);
}

/* What is uploaded goes to a file. */
static void
expect_file (SandboxExchange * exchange)
{
  g_autofree char *token = sandbox_random_hex (16);
  g_autofree char *path = sandbox_path (exchange->sandbox, "incoming", token);

  exchange->limit = SANDBOX_MAX_UPLOAD;
  exchange->intake = sandbox_intake_new (path);
  soup_message_body_set_accumulate (soup_server_message_get_request_body
      (exchange->message), FALSE);
}

static void
dispatch (SandboxExchange * exchange)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);

  if (!caller_is_local (exchange))
    sandbox_exchange_answer_problem (exchange, SOUP_STATUS_FORBIDDEN,
        "the sandbox answers only on localhost, 127.0.0.1 and [::1]");
  else if (action && sandbox_fault_stops_processing (action))
    sandbox_exchange_answer (exchange, sandbox_reply_new (0, NULL, NULL));
  else if (sandbox_exchange_is_too_large (exchange))
    sandbox_exchange_answer (exchange,
        sandbox_reply_new (SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL, NULL));
  else if (exchange->handler)
    exchange->handler (exchange);
  else if (g_str_has_prefix (exchange->path, "/v1/"))
    sandbox_api_answer_unknown (exchange);
  else
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_NOT_FOUND,
        sandbox_gateway_no_route (exchange->method, exchange->path));
}

/* The exchange no longer belongs to the message: it is the other way round. */
static void
process (SoupServerMessage * message)
{
  g_autoptr (SandboxExchange) exchange =
      g_object_steal_data (G_OBJECT (message), EXCHANGE);

  if (exchange == NULL)
    return;
  sandbox_exchange_hold (exchange);
  dispatch (exchange);
}

static void
on_request (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  process (message);
}

/* An order may want the connection reset in the middle of the body. */
static void
on_chunk (SoupServerMessage * message, GBytes * chunk, gpointer data)
{
  SandboxExchange *exchange = g_object_get_data (G_OBJECT (message), EXCHANGE);
  const SandboxFaultAction *action;

  if (exchange == NULL)
    return;
  sandbox_exchange_receive (exchange, chunk);
  action = sandbox_exchange_action (exchange);
  if (action && action->receive >= 0
      && exchange->received >= (gsize) action->receive)
    process (message);
}

static void
prepare (SandboxExchange * exchange)
{
  const Route *route = find_route (exchange);

  if (route) {
    exchange->kind = route->kind;
    exchange->handler = route->handler;
  }
  take_fault (exchange);
  if (route && route->takes_file)
    expect_file (exchange);
}

static void
on_headers (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  SandboxExchange *exchange = sandbox_exchange_new (data, message, path, query);

  g_object_set_data_full (G_OBJECT (message), EXCHANGE, exchange,
      (GDestroyNotify) sandbox_exchange_unref);
  if (caller_is_local (exchange))
    prepare (exchange);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), NULL);
}

/**
 * sandbox_server_new:
 * @sandbox: whose door it is
 *
 * Returns: (transfer full): a server that does not listen yet
 */
SoupServer *
sandbox_server_new (Sandbox * sandbox)
{
  SoupServer *server = soup_server_new ("server-header", "kling-sandbox", NULL);

  soup_server_add_early_handler (server, NULL, on_headers, sandbox, NULL);
  soup_server_add_handler (server, NULL, on_request, NULL, NULL);
  sandbox_idle_watch (server);
  return server;
}

/**
 * sandbox_server_listen:
 * @server: the server
 * @port: 0 for any free one
 * @error: return location
 *
 * Returns: the port, or 0
 */
guint
sandbox_server_listen (SoupServer * server, guint port, GError ** error)
{
  GSList *uris;
  guint chosen;

  /* Where IPv6 is switched off only the other half is there. */
  if (!soup_server_listen_local (server, port, 0, NULL)
      && !soup_server_listen_local (server, port,
          SOUP_SERVER_LISTEN_IPV4_ONLY, error))
    return 0;
  uris = soup_server_get_uris (server);
  chosen = g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return chosen;
}
