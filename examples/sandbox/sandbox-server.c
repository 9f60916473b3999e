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
#include "sandbox-local.h"
#include "sandbox.h"

typedef void (*Handler) (SandboxExchange * exchange);

/* "{id}" is one segment of the path, or a part of one. */
typedef struct
{
  const char *method;
  const char *path;
  const char *kind;
  Handler handler;
} Route;

static const Route routes[] = {
  {"POST", "/kling/v1/videos/identify-face", "identify",
      sandbox_api_identify},
  {"POST", "/kling/v1/videos/advanced-lip-sync", "create",
      sandbox_api_create},
  {"GET", "/kling/v1/videos/advanced-lip-sync/{id}", "query",
      sandbox_api_query},
  {"GET", "/kling/v1/videos/lip-sync/{id}", "query", sandbox_api_query},
  {"GET", "/kling/v1/videos/{id}", "query", sandbox_api_query},
  {"GET", "/sandbox/results/{id}.mp4", "other", sandbox_local_result},
  {"GET", "/sandbox/face.mp4", "other", sandbox_local_face},
  {"GET", "/sandbox/face.png", "other", sandbox_local_face},
  {"GET", "/sandbox/ledger", "other", sandbox_local_ledger},
  {"GET", "/sandbox/tasks", "other", sandbox_local_tasks},
  {"GET", "/sandbox/tasks/{id}", "other", sandbox_local_task},
  {"GET", "/sandbox/tasks/{id}/speech", "other", sandbox_local_speech},
  {"GET", "/sandbox/voices", "other", sandbox_local_voices},
  {"GET", "/sandbox/shape", "other", sandbox_local_shape},
  {"POST", "/sandbox/shape", "other", sandbox_local_set_shape},
  {"GET", "/sandbox/faults", "other", sandbox_local_faults},
  {"POST", "/sandbox/faults", "other", sandbox_local_add_fault},
  {"DELETE", "/sandbox/faults", "other", sandbox_local_clear_faults},
  {"GET", "/sandbox", "other", sandbox_local_about},
  {"GET", "/", "other", sandbox_local_about},
};

/* Fills @id with what stands for "{id}". */
static gboolean
route_matches (const Route * route, const char *path, char **id)
{
  const char *mark = strstr (route->path, "{id}"), *tail;
  gsize before, length = strlen (path);

  if (mark == NULL)
    return strcmp (route->path, path) == 0;
  before = mark - route->path;
  tail = mark + strlen ("{id}");
  if (length <= before + strlen (tail)
      || strncmp (path, route->path, before) != 0
      || strcmp (path + length - strlen (tail), tail) != 0)
    return FALSE;
  *id = g_strndup (path + before, length - before - strlen (tail));
  if (strchr (*id, '/') == NULL)
    return TRUE;
  g_clear_pointer (id, g_free);
  return FALSE;
}

static const Route *
find_route (SandboxExchange * exchange)
{
  const char *method = exchange->method;

  if (strcmp (method, "HEAD") == 0)
    method = "GET";
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    if (strcmp (routes[i].method, method) == 0
        && route_matches (&routes[i], exchange->path, &exchange->task))
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
refuse_caller (SandboxExchange * exchange)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "error",
      "the sandbox answers only on localhost, 127.0.0.1 and [::1]");
  sandbox_exchange_answer_json (exchange, SOUP_STATUS_FORBIDDEN, object);
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

static gboolean
body_is_too_large (SandboxExchange * exchange)
{
  return g_object_get_data (G_OBJECT (exchange->message), "too-large") != NULL;
}

static void
dispatch (SandboxExchange * exchange)
{
  const Route *route;
  const SandboxFaultAction *action;

  if (!caller_is_local (exchange)) {
    refuse_caller (exchange);
    return;
  }
  route = find_route (exchange);
  if (route)
    exchange->kind = route->kind;
  take_fault (exchange);
  action = sandbox_exchange_action (exchange);
  if (action && sandbox_fault_stops_processing (action))
    sandbox_exchange_answer (exchange, sandbox_reply_new (0, NULL, NULL));
  else if (body_is_too_large (exchange))
    sandbox_exchange_answer (exchange,
        sandbox_reply_new (SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL, NULL));
  else if (route)
    route->handler (exchange);
  else
    sandbox_exchange_answer_json (exchange, SOUP_STATUS_NOT_FOUND,
        sandbox_gateway_no_route (exchange->method, exchange->path));
}

static void
on_request (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
  g_autoptr (SandboxExchange) exchange =
      sandbox_exchange_new (data, message, path, query);

  soup_server_message_pause (message);
  dispatch (exchange);
}

/* Too much is read to its end, as HTTP wants it, but not kept. */
static void
on_chunk (SoupServerMessage * message, GBytes * chunk, gpointer data)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  if (body->length <= SANDBOX_MAX_REQUEST)
    return;
  soup_message_body_set_accumulate (body, FALSE);
  g_object_set_data (G_OBJECT (message), "too-large", GINT_TO_POINTER (1));
}

static void
on_headers (SoupServer * server, SoupServerMessage * message, const char *path,
    GHashTable * query, gpointer data)
{
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

  soup_server_add_early_handler (server, NULL, on_headers, NULL, NULL);
  soup_server_add_handler (server, NULL, on_request, sandbox, NULL);
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
