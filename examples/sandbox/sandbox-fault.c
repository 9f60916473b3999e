/* Orders to misbehave, and which request they are for.
 *
 * An order is JSON, {"match": {...}, "do": {...}, "times": N}. It is checked
 * whole when it is posted: a member that is not known is refused, because a
 * fault that silently does nothing makes a test that silently passes.
 *
 * Main thread only, no lock. Orders do not survive a restart.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-fault.h"

#include <string.h>

/* More orders than this are a runaway script. */
#define MAX_ORDERS 10000
#define MAX_FILL (256 * 1024 * 1024)
#define MAX_SECONDS 86400.0

struct _SandboxFault
{
  int refs;
  gint64 id;
  char *method;
  char *path;
  char *kind;
  char *task;
  gint64 nth;                   /* from the nth match on, from 1 */
  gint64 times;                 /* 0: for ever */
  gint64 seen;
  gint64 used;
  SandboxFaultAction action;
  JsonObject *order;            /* as it was posted, for the list */
};

struct _SandboxFaults
{
  GQueue orders;                /* of SandboxFault, oldest first */
  gint64 last_id;
};

/* The service's own table of codes. */
static const struct
{
  gint64 code;
  guint status;
  const char *message;
} service_codes[] = {
  {1000, 401, "Authentication failed"},
  {1001, 401, "Authorization is empty"},
  {1002, 401, "Authorization is invalid"},
  {1003, 401, "Authorization is not yet valid"},
  {1004, 401, "Authorization has expired"},
  {1100, 429, "Account exception"},
  {1101, 429, "Account in arrears"},
  {1102, 429, "Account balance not enough"},
  {1103, 403, "No permission for this resource"},
  {1200, 400, "Invalid request parameters"},
  {1201, 400, "Invalid parameter value"},
  {1202, 404, "Invalid request method"},
  {1203, 404, "Requested resource does not exist"},
  {1300, 400, "Triggered the platform's policy"},
  {1301, 400, "Triggered the platform's content security policy"},
  {1302, 429, "Too many requests"},
  {1303, 429, "parallel task over resource pack limit"},
  {1304, 429, "IP is not on the allow list"},
  {5000, 500, "Internal server error"},
  {5001, 503, "Service temporarily unavailable"},
  {5002, 504, "Internal server timeout"},
};

guint
sandbox_code_status (gint64 code)
{
  for (guint i = 0; i < G_N_ELEMENTS (service_codes); i++)
    if (service_codes[i].code == code)
      return service_codes[i].status;
  return 400;
}

const char *
sandbox_code_message (gint64 code)
{
  for (guint i = 0; i < G_N_ELEMENTS (service_codes); i++)
    if (service_codes[i].code == code)
      return service_codes[i].message;
  return "Error";
}

static void
fault_action_clear (SandboxFaultAction * action)
{
  g_clear_pointer (&action->body, g_free);
  g_clear_pointer (&action->fail, g_free);
  g_clear_pointer (&action->headers, json_object_unref);
}

void
sandbox_fault_unref (SandboxFault * fault)
{
  if (--fault->refs > 0)
    return;
  fault_action_clear (&fault->action);
  g_clear_pointer (&fault->order, json_object_unref);
  g_free (fault->method);
  g_free (fault->path);
  g_free (fault->kind);
  g_free (fault->task);
  g_free (fault);
}

SandboxFaults *
sandbox_faults_new (void)
{
  SandboxFaults *faults = g_new0 (SandboxFaults, 1);

  g_queue_init (&faults->orders);
  return faults;
}

void
sandbox_faults_free (SandboxFaults * faults)
{
  sandbox_faults_clear (faults);
  g_free (faults);
}

void
sandbox_faults_clear (SandboxFaults * faults)
{
  g_queue_clear_full (&faults->orders, (GDestroyNotify) sandbox_fault_unref);
}

static gboolean
refuse (GError ** error, const char *where, const char *what)
{
  g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER, "%s: %s",
      where, what);
  return FALSE;
}

/* @allowed is a list of names, each between two blanks. */
static gboolean
check_members (JsonObject * object, const char *where, const char *allowed,
    GError ** error)
{
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList * l = members; l; l = l->next) {
    g_autofree char *word = g_strdup_printf (" %s ", (char *) l->data);

    if (strstr (allowed, word) == NULL) {
      g_set_error (error, SANDBOX_ERROR, SANDBOX_ERROR_PARAMETER,
          "%s: unknown member \"%s\"; known are%s", where, (char *) l->data,
          allowed);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_string (JsonObject * object, const char *member, char **value,
    GError ** error)
{
  if (!json_object_has_member (object, member))
    return TRUE;
  *value = g_strdup (sandbox_json_string (object, member));
  return *value != NULL || refuse (error, member, "must be a string");
}

static gboolean
read_integer (JsonObject * object, const char *member, gint64 min, gint64 max,
    gint64 * value, GError ** error)
{
  gint64 number;

  if (!json_object_has_member (object, member))
    return TRUE;
  number = sandbox_json_integer (object, member, G_MININT64);
  if (number < min || number > max)
    return refuse (error, member, "must be a whole number in its range");
  *value = number;
  return TRUE;
}

/* true, "before" or "after"; true is "after": the dangerous one. */
static gboolean
read_when (JsonObject * object, const char *member, SandboxWhen * value,
    GError ** error)
{
  const char *word = sandbox_json_string (object, member);

  if (!json_object_has_member (object, member))
    return TRUE;
  if (g_strcmp0 (word, "before") == 0)
    *value = SANDBOX_WHEN_BEFORE;
  else if (g_strcmp0 (word, "after") == 0)
    *value = SANDBOX_WHEN_AFTER;
  else if (word != NULL)
    return refuse (error, member, "must be true, \"before\" or \"after\"");
  else if (sandbox_json_true (object, member))
    *value = SANDBOX_WHEN_AFTER;
  return TRUE;
}

static gboolean
read_body (JsonObject * object, SandboxFaultAction * action, GError ** error)
{
  JsonNode *node = json_object_get_member (object, "body");

  if (node == NULL)
    return TRUE;
  if (sandbox_json_string (object, "body") != NULL) {
    action->body = g_strdup (sandbox_json_string (object, "body"));
    return TRUE;
  }
  action->body_is_json = TRUE;
  action->body = sandbox_json_print (node);
  return TRUE;
}

static gboolean
read_headers (JsonObject * object, SandboxFaultAction * action, GError ** error)
{
  JsonObject *headers = sandbox_json_object (object, "headers");
  g_autoptr (GList) names = NULL;

  if (!json_object_has_member (object, "headers"))
    return TRUE;
  if (headers == NULL)
    return refuse (error, "headers", "must be an object of strings");
  names = json_object_get_members (headers);
  for (GList * l = names; l; l = l->next) {
    const char *value = sandbox_json_string (headers, l->data);

    if (value == NULL || strpbrk (value, "\r\n") || strpbrk (l->data, "\r\n: "))
      return refuse (error, "headers", "must be an object of strings");
  }
  action->headers = json_object_ref (headers);
  return TRUE;
}

static gboolean
read_delay (JsonObject * object, SandboxFaultAction * action, GError ** error)
{
  if (!json_object_has_member (object, "delay"))
    return TRUE;
  if (!sandbox_json_number (object, "delay", &action->delay)
      || !(action->delay >= 0 && action->delay <= MAX_SECONDS))
    return refuse (error, "delay", "must be seconds");
  return TRUE;
}

static gboolean
read_action (JsonObject * object, SandboxFaultAction * action, GError ** error)
{
  gint64 status = 0;

  action->fill = action->truncate = action->length = action->receive = -1;
  if (!check_members (object, "do", " status code body fill delay truncate "
          "length receive drip reset hang ignore-range commit fail headers ",
          error)
      || !read_integer (object, "status", 100, 999, &status, error)
      || !read_integer (object, "code", 1, G_MAXINT32, &action->code, error)
      || !read_integer (object, "fill", 0, MAX_FILL, &action->fill, error)
      || !read_integer (object, "truncate", 0, G_MAXINT64 / 2,
          &action->truncate, error)
      || !read_integer (object, "length", 0, G_MAXINT64 / 2, &action->length,
          error)
      || !read_integer (object, "receive", 0, G_MAXINT64 / 2,
          &action->receive, error)
      || !read_integer (object, "drip", 1, G_MAXINT32, &action->drip, error)
      || !read_string (object, "fail", &action->fail, error)
      || !read_when (object, "reset", &action->reset, error)
      || !read_when (object, "hang", &action->hang, error)
      || !read_delay (object, action, error)
      || !read_body (object, action, error)
      || !read_headers (object, action, error))
    return FALSE;

  if (action->receive >= 0)
    action->reset = SANDBOX_WHEN_BEFORE;
  action->status = status;
  action->ignore_range = sandbox_json_true (object, "ignore-range");
  action->commit = sandbox_json_true (object, "commit");
  return TRUE;
}

static gboolean
read_match (JsonObject * object, SandboxFault * fault, GError ** error)
{
  if (object == NULL)
    return TRUE;
  return check_members (object, "match", " method path kind nth task ", error)
      && read_string (object, "method", &fault->method, error)
      && read_string (object, "path", &fault->path, error)
      && read_string (object, "kind", &fault->kind, error)
      && read_string (object, "task", &fault->task, error)
      && read_integer (object, "nth", 1, G_MAXINT32, &fault->nth, error);
}

static gboolean
read_order (JsonObject * order, SandboxFault * fault, GError ** error)
{
  JsonObject *action = sandbox_json_object (order, "do");

  if (!check_members (order, "fault", " match do times ", error))
    return FALSE;
  if (action == NULL)
    return refuse (error, "fault", "\"do\" is missing");
  return read_match (sandbox_json_object (order, "match"), fault, error)
      && read_integer (order, "times", -1, G_MAXINT32, &fault->times, error)
      && read_action (action, &fault->action, error);
}

/**
 * sandbox_faults_add:
 * @faults: the orders
 * @order: what was posted
 * @error: says what is wrong with it
 *
 * Returns: the number of the new order, or 0
 */
gint64
sandbox_faults_add (SandboxFaults * faults, JsonObject * order, GError ** error)
{
  g_autoptr (SandboxFault) fault = g_new0 (SandboxFault, 1);

  fault->refs = 1;
  fault->nth = 1;
  fault->times = 1;
  if (g_queue_get_length (&faults->orders) >= MAX_ORDERS) {
    refuse (error, "fault", "there are too many orders; DELETE clears them");
    return 0;
  }
  if (!read_order (order, fault, error))
    return 0;
  if (fault->times < 0)
    fault->times = 0;
  fault->id = ++faults->last_id;
  fault->order = json_object_ref (order);
  g_queue_push_tail (&faults->orders, g_steal_pointer (&fault));
  return faults->last_id;
}

JsonArray *
sandbox_faults_list (SandboxFaults * faults)
{
  JsonArray *list = json_array_new ();

  for (GList * l = faults->orders.head; l; l = l->next) {
    SandboxFault *fault = l->data;
    JsonObject *entry = json_object_new ();

    json_object_set_int_member (entry, "id", fault->id);
    json_object_set_object_member (entry, "order",
        json_object_ref (fault->order));
    json_object_set_int_member (entry, "seen", fault->seen);
    json_object_set_int_member (entry, "used", fault->used);
    json_array_add_object_element (list, entry);
  }
  return list;
}

/* With a * or ? it is a pattern for the whole path, else a beginning of it. */
static gboolean
path_matches (const char *wanted, const char *path)
{
  if (strpbrk (wanted, "*?"))
    return g_pattern_match_simple (wanted, path);
  return g_str_has_prefix (path, wanted);
}

static gboolean
fault_matches (SandboxFault * fault, const SandboxFaultSubject * subject)
{
  if (fault->method && g_ascii_strcasecmp (fault->method, subject->method))
    return FALSE;
  if (fault->kind && strcmp (fault->kind, subject->kind) != 0)
    return FALSE;
  if (fault->task && g_strcmp0 (fault->task, subject->task) != 0)
    return FALSE;
  return fault->path == NULL || path_matches (fault->path, subject->path);
}

/**
 * sandbox_faults_take:
 * @faults: the orders
 * @subject: the request
 *
 * Counts the request in every order it matches, and uses up the oldest one
 * that is due.
 *
 * Returns: (transfer full) (nullable): the order to carry out
 */
SandboxFault *
sandbox_faults_take (SandboxFaults * faults,
    const SandboxFaultSubject * subject)
{
  SandboxFault *due = NULL;

  for (GList * l = faults->orders.head; l; l = l->next) {
    SandboxFault *fault = l->data;

    if (!fault_matches (fault, subject))
      continue;
    fault->seen++;
    if (due || fault->seen < fault->nth)
      continue;
    if (fault->times > 0 && fault->used >= fault->times)
      continue;
    fault->used++;
    fault->refs++;
    due = fault;
  }
  return due;
}

const SandboxFaultAction *
sandbox_fault_action (SandboxFault * fault)
{
  return fault ? &fault->action : NULL;
}

gboolean
sandbox_fault_has_own_answer (const SandboxFaultAction * action)
{
  return action->status != 0 || action->code != 0 || action->body != NULL
      || action->fill >= 0;
}

/* A create that is refused by order has bought nothing. */
gboolean
sandbox_fault_stops_processing (const SandboxFaultAction * action)
{
  if (action->reset == SANDBOX_WHEN_BEFORE
      || action->hang == SANDBOX_WHEN_BEFORE)
    return TRUE;
  return sandbox_fault_has_own_answer (action) && !action->commit;
}
