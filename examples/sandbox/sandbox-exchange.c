/* One request on its way to its answer.
 *
 * It begins with the request's headers and belongs to the message while the
 * body arrives. Then the message is held, so that a handler may take its time;
 * sandbox_exchange_answer() ends that. There the order to misbehave,
 * if the request has one, replaces or bends the answer, the call is written
 * into the ledger, and only then does a delay begin: the ledger knows of a
 * paid call before its client does.
 *
 * Main thread only, no lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-exchange.h"

#include <string.h>

#include "sandbox-gateway.h"
#include "sandbox-wire.h"
#include "sandbox.h"

typedef struct
{
  SandboxExchange *exchange;
  SandboxReply *reply;
} Pending;

/**
 * sandbox_reply_new:
 * @status: HTTP status
 * @type: (nullable): media type of @body
 * @body: (transfer full) (nullable): the body
 *
 * Returns: (transfer full): an answer
 */
SandboxReply *
sandbox_reply_new (guint status, const char *type, GBytes * body)
{
  SandboxReply *reply = g_new0 (SandboxReply, 1);

  reply->status = status;
  reply->type = g_strdup (type);
  reply->parts[0] = body;
  return reply;
}

/**
 * sandbox_reply_new_json:
 * @status: HTTP status
 * @object: (transfer full): the body
 *
 * Returns: (transfer full): an answer
 */
SandboxReply *
sandbox_reply_new_json (guint status, JsonObject * object)
{
  char *text = sandbox_json_print_object (object);

  json_object_unref (object);
  return sandbox_reply_new (status, "application/json",
      g_bytes_new_take (text, strlen (text)));
}

void
sandbox_reply_free (SandboxReply * reply)
{
  g_clear_pointer (&reply->parts[0], g_bytes_unref);
  g_clear_pointer (&reply->parts[1], g_bytes_unref);
  g_free (reply->type);
  g_free (reply->etag);
  g_free (reply->location);
  g_free (reply);
}

gsize
sandbox_reply_size (const SandboxReply * reply)
{
  gsize size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (reply->parts); i++)
    if (reply->parts[i])
      size += g_bytes_get_size (reply->parts[i]);
  return size;
}

/**
 * sandbox_exchange_new:
 * @sandbox: the sandbox
 * @message: a request whose headers have arrived
 * @path: its path, decoded
 * @query: (nullable): its query
 *
 * Returns: (transfer full): an exchange that does not hold @message yet
 */
SandboxExchange *
sandbox_exchange_new (Sandbox * sandbox, SoupServerMessage * message,
    const char *path, GHashTable * query)
{
  SandboxExchange *exchange = g_new0 (SandboxExchange, 1);

  exchange->refs = 1;
  exchange->sandbox = sandbox;
  exchange->message = message;
  exchange->method = g_strdup (soup_server_message_get_method (message));
  exchange->path = g_utf8_make_valid (path, -1);
  exchange->query = query ? g_hash_table_ref (query) : NULL;
  exchange->kind = "other";
  exchange->arrived = g_get_real_time ();
  exchange->limit = SANDBOX_MAX_REQUEST;
  exchange->authorization =
      sandbox_exchange_header (exchange, "Authorization") != NULL;
  exchange->credentials =
      sandbox_credentials_find (soup_server_message_get_request_headers
      (message), query, &sandbox->options->keys, sandbox->options->upload_auth);
  return exchange;
}

SandboxExchange *
sandbox_exchange_ref (SandboxExchange * exchange)
{
  exchange->refs++;
  return exchange;
}

void
sandbox_exchange_unref (SandboxExchange * exchange)
{
  if (--exchange->refs > 0)
    return;
  if (exchange->held)
    g_object_unref (exchange->message);
  g_clear_pointer (&exchange->query, g_hash_table_unref);
  g_clear_pointer (&exchange->fault, sandbox_fault_unref);
  g_clear_pointer (&exchange->intake, sandbox_intake_free);
  g_free (exchange->method);
  g_free (exchange->path);
  g_free (exchange->task);
  g_free (exchange->name);
  g_free (exchange);
}

/**
 * sandbox_exchange_hold:
 * @exchange: the exchange, which no longer belongs to its message
 *
 * From now on the message waits for the answer.
 */
void
sandbox_exchange_hold (SandboxExchange * exchange)
{
  exchange->held = TRUE;
  g_object_ref (exchange->message);
  soup_server_message_pause (exchange->message);
}

gboolean
sandbox_exchange_is_too_large (SandboxExchange * exchange)
{
  return exchange->received > exchange->limit;
}

/* Too much is read to its end, as HTTP wants it, but not kept. */
void
sandbox_exchange_receive (SandboxExchange * exchange, GBytes * chunk)
{
  exchange->received += g_bytes_get_size (chunk);
  if (sandbox_exchange_is_too_large (exchange)) {
    g_clear_pointer (&exchange->intake, sandbox_intake_free);
    soup_message_body_set_accumulate (soup_server_message_get_request_body
        (exchange->message), FALSE);
  } else if (exchange->intake) {
    sandbox_intake_add (exchange->intake, chunk);
  }
}

/* A gateway has its own key, its own ids and its own spelling. */
gboolean
sandbox_exchange_is_behind_gateway (SandboxExchange * exchange)
{
  return g_str_has_prefix (exchange->path, "/kling/");
}

const SandboxFaultAction *
sandbox_exchange_action (SandboxExchange * exchange)
{
  return sandbox_fault_action (exchange->fault);
}

const char *
sandbox_exchange_header (SandboxExchange * exchange, const char *name)
{
  return
      soup_message_headers_get_one (soup_server_message_get_request_headers
      (exchange->message), name);
}

const char *
sandbox_exchange_query (SandboxExchange * exchange, const char *name)
{
  return exchange->query ? g_hash_table_lookup (exchange->query, name) : NULL;
}

/**
 * sandbox_exchange_body:
 * @exchange: the exchange
 * @error: what is wrong with the body
 *
 * Returns: (transfer full): the request's body, which has to be an object
 */
JsonObject *
sandbox_exchange_body (SandboxExchange * exchange, GError ** error)
{
  SoupMessageBody *body =
      soup_server_message_get_request_body (exchange->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return sandbox_json_parse_object (data ? data : "", size, error);
}

/* "bytes=a-b", "bytes=a-", "bytes=-n". More than one range, or something
 * else, is as if nothing had been asked; FALSE is a range outside the file. */
static gboolean
parse_range (const char *header, gsize size, gsize * first, gsize * end)
{
  guint64 a, b;
  char *tail;

  *first = 0;
  *end = size;
  if (header == NULL || !g_str_has_prefix (header, "bytes=")
      || strchr (header, ','))
    return TRUE;
  header += strlen ("bytes=");
  if (*header == '-') {
    b = g_ascii_strtoull (header + 1, &tail, 10);
    *first = b < size ? size - b : 0;
    return b > 0;
  }
  a = g_ascii_strtoull (header, &tail, 10);
  if (tail == header || *tail != '-')
    return TRUE;
  if (a >= size)
    return FALSE;
  *first = a;
  if (tail[1]) {
    b = g_ascii_strtoull (tail + 1, NULL, 10);
    *end = MIN (b + 1, size);
  }
  return *end > *first;
}

/* Cuts [first, end) out of the parts. */
static void
reply_cut (SandboxReply * reply, gsize first, gsize end)
{
  gsize begin = 0;

  for (guint i = 0; i < G_N_ELEMENTS (reply->parts); i++) {
    g_autoptr (GBytes) part = g_steal_pointer (&reply->parts[i]);
    gsize size = part ? g_bytes_get_size (part) : 0;
    gsize from = CLAMP (first, begin, begin + size);
    gsize to = CLAMP (end, begin, begin + size);

    if (to > from)
      reply->parts[i] = g_bytes_new_from_bytes (part, from - begin, to - from);
    begin += size;
  }
}

static void
set_header (SandboxExchange * exchange, const char *name, const char *value)
{
  soup_message_headers_replace (soup_server_message_get_response_headers
      (exchange->message), name, value);
}

static void
apply_range (SandboxExchange * exchange, SandboxReply * reply)
{
  const char *condition = sandbox_exchange_header (exchange, "If-Range");
  const char *range = sandbox_exchange_header (exchange, "Range");
  gsize size = sandbox_reply_size (reply), first, end;
  g_autofree char *content = NULL;

  set_header (exchange, "ETag", reply->etag);
  set_header (exchange, "Accept-Ranges", "bytes");
  if (condition && strcmp (condition, reply->etag) != 0)
    range = NULL;
  if (!parse_range (range, size, &first, &end)) {
    reply_cut (reply, 0, 0);
    reply->status = SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE;
    content = g_strdup_printf ("bytes */%" G_GSIZE_FORMAT, size);
  } else if (end - first < size) {
    reply_cut (reply, first, end);
    reply->status = SOUP_STATUS_PARTIAL_CONTENT;
    content = g_strdup_printf ("bytes %" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT
        "/%" G_GSIZE_FORMAT, first, end - 1, size);
  }
  if (content)
    set_header (exchange, "Content-Range", content);
}

static JsonObject *
code_body (gint64 code)
{
  JsonObject *object = json_object_new ();
  g_autofree char *id = sandbox_random_hex (16);

  json_object_set_int_member (object, "code", code);
  json_object_set_string_member (object, "message",
      sandbox_code_message (code));
  json_object_set_string_member (object, "request_id", id);
  return object;
}

static const char *
guess_type (const SandboxFaultAction * action)
{
  if (action->body_is_json || action->body[0] == '{')
    return "application/json";
  return action->body[0] == '<' ? "text/html" : "text/plain";
}

/* The answer that was ordered, in place of the true one. */
static SandboxReply *
ordered_reply (const SandboxFaultAction * action)
{
  guint status = action->status;

  if (action->fill >= 0) {
    char *filler = g_malloc (action->fill + 1);

    memset (filler, 'x', action->fill);
    return sandbox_reply_new (status ? status : 200,
        "application/octet-stream", g_bytes_new_take (filler, action->fill));
  }
  if (action->body)
    return sandbox_reply_new (status ? status : 200, guess_type (action),
        g_bytes_new (action->body, strlen (action->body)));
  if (action->code)
    return sandbox_reply_new_json (status ? status :
        sandbox_code_status (action->code), code_body (action->code));
  return sandbox_reply_new (status, NULL, NULL);
}

/* Nothing of an answer reached the client. */
static gboolean
answer_is_lost (const SandboxFaultAction * action)
{
  return action && action->truncate < 0 && (action->reset || action->hang);
}

static void
record (SandboxExchange * exchange, const SandboxReply * reply)
{
  SandboxCall call = {
    .time = exchange->arrived,
    .method = exchange->method,
    .path = exchange->path,
    .kind = exchange->kind,
    .status = reply->status,
    .paid = exchange->paid,
    .charged = exchange->charged,
    .authorization = exchange->authorization,
    .credentials = exchange->credentials,
    .task = exchange->task,
  };

  if (answer_is_lost (sandbox_exchange_action (exchange)))
    call.status = 0;
  sandbox_ledger_add (exchange->sandbox->ledger, &call);
}

static void
set_ordered_headers (SandboxExchange * exchange)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (action == NULL || action->headers == NULL)
    return;
  json_object_iter_init (&iter, action->headers);
  while (json_object_iter_next (&iter, &name, &value))
    set_header (exchange, name, json_node_get_string (value));
}

/* The sandbox's clock may have been set off; libsoup knows only the true one. */
static void
set_date (SandboxExchange * exchange)
{
  g_autoptr (GDateTime) now =
      g_date_time_new_from_unix_utc (sandbox_now (exchange->sandbox));
  g_autofree char *date = soup_date_time_to_string (now, SOUP_DATE_HTTP);

  set_header (exchange, "Date", date);
}

static void
set_headers (SandboxExchange * exchange, const SandboxReply * reply)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);
  gint64 length = sandbox_reply_size (reply);

  if (action && action->length >= 0)
    length = action->length;
  soup_message_headers_set_content_length
      (soup_server_message_get_response_headers (exchange->message), length);
  if (reply->type)
    set_header (exchange, "Content-Type", reply->type);
  if (reply->location)
    set_header (exchange, "Location", reply->location);
  set_header (exchange, "Cache-Control", "no-store");
  set_date (exchange);
  set_ordered_headers (exchange);
}

/* libsoup would honour Range by itself in a body that it may collect; the
 * order "ignore-range" needs it not to. */
static void
send_by_soup (SandboxExchange * exchange, const SandboxReply * reply)
{
  SoupMessageBody *body =
      soup_server_message_get_response_body (exchange->message);

  soup_server_message_set_status (exchange->message, reply->status, NULL);
  soup_message_body_set_accumulate (body, FALSE);
  if (strcmp (exchange->method, "HEAD") != 0)
    for (guint i = 0; i < G_N_ELEMENTS (reply->parts); i++)
      if (reply->parts[i] && g_bytes_get_size (reply->parts[i]) > 0)
        soup_message_body_append_bytes (body, reply->parts[i]);
  soup_message_body_complete (body);
  soup_server_message_unpause (exchange->message);
}

static gboolean
send_now (gpointer data)
{
  Pending *pending = data;
  SandboxExchange *exchange = pending->exchange;
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);

  set_headers (exchange, pending->reply);
  if (action && sandbox_wire_is_needed (action))
    sandbox_wire_send (exchange, pending->reply);
  else
    send_by_soup (exchange, pending->reply);
  return G_SOURCE_REMOVE;
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  sandbox_exchange_unref (pending->exchange);
  sandbox_reply_free (pending->reply);
  g_free (pending);
}

/* Never from inside the handler: a connection that is stolen there is still
 * being worked on by libsoup. */
static void
send_later (SandboxExchange * exchange, SandboxReply * reply, double delay)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->exchange = sandbox_exchange_ref (exchange);
  pending->reply = reply;
  if (delay > 0)
    g_timeout_add_full (G_PRIORITY_DEFAULT, delay * 1000, send_now, pending,
        pending_free);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, send_now, pending, pending_free);
}

/**
 * sandbox_exchange_answer:
 * @exchange: the exchange, not answered yet
 * @reply: (transfer full): what a healthy service would answer
 *
 * Sends @reply, or what the order for this request makes of it.
 */
void
sandbox_exchange_answer (SandboxExchange * exchange, SandboxReply * reply)
{
  const SandboxFaultAction *action = sandbox_exchange_action (exchange);

  g_return_if_fail (!exchange->answered);
  exchange->answered = TRUE;
  if (action && sandbox_fault_has_own_answer (action)) {
    sandbox_reply_free (reply);
    reply = ordered_reply (action);
  } else if (reply->etag && !(action && action->ignore_range)) {
    apply_range (exchange, reply);
  }
  record (exchange, reply);
  send_later (exchange, reply, action ? action->delay : 0);
}

void
sandbox_exchange_answer_json (SandboxExchange * exchange, guint status,
    JsonObject * object)
{
  sandbox_exchange_answer (exchange, sandbox_reply_new_json (status, object));
}

/**
 * sandbox_exchange_answer_list:
 * @exchange: the exchange
 * @list: (transfer full): the body
 */
void
sandbox_exchange_answer_list (SandboxExchange * exchange, JsonArray * list)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  char *text;

  json_node_take_array (node, list);
  text = sandbox_json_print (node);
  sandbox_exchange_answer (exchange, sandbox_reply_new (SOUP_STATUS_OK,
          "application/json", g_bytes_new_take (text, strlen (text))));
}

/**
 * sandbox_exchange_answer_problem:
 * @exchange: the exchange
 * @status: HTTP status
 * @message: what is wrong
 *
 * Refuses a request that is not one of the service's.
 */
void
sandbox_exchange_answer_problem (SandboxExchange * exchange, guint status,
    const char *message)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "error", message);
  sandbox_exchange_answer_json (exchange, status, object);
}

/**
 * sandbox_exchange_answer_code:
 * @exchange: the exchange
 * @code: a service code
 * @message: (nullable): in place of the code's own sentence
 *
 * Refuses the request as the service does.
 */
void
sandbox_exchange_answer_code (SandboxExchange * exchange, gint64 code,
    const char *message)
{
  JsonObject *object = code_body (code);

  if (message)
    json_object_set_string_member (object, "message", message);
  if (sandbox_exchange_is_behind_gateway (exchange))
    object = sandbox_gateway_refusal (&exchange->sandbox->shape, object);
  sandbox_exchange_answer_json (exchange, sandbox_code_status (code), object);
}
