/* klinglipsync: what an answer of the service says
 *
 * Pure functions, for any thread: bytes in, KlingAnswer out. Services and the
 * gateways in front of them wrap the same facts in different shapes; the orders
 * in which they are looked for here are those of the services' documents and of
 * answers seen by others (docs/architecture.md, "Answers").
 *
 * Most facts stand in the object `data`, and `data` may stand in `data` again:
 * a gateway wraps Kling's answer, and gateways stand behind gateways. So an
 * answer is read as a row of levels, from the outermost object inwards.
 *
 * What was made and found is read in kling-answer-media.c; what a code means for
 * the error and for the money is in kling-ending.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-answer-private.h"

#include <string.h>
#include "kling-ending.h"
#include "kling-json.h"
#include "kling-url.h"

#define MAX_WORD_CHARACTERS 64
#define MAX_MESSAGE_CHARACTERS 300
#define MAX_PAGE_CHARACTERS 200
#define MAX_REQUEST_ID_CHARACTERS 128
#define MAX_ID_BYTES 128
/* No video costs nearly as much. */
#define MAX_UNITS 1e6

static const struct
{
  const gchar *word;
  KlingTaskState state;
} task_words[] = {
  {"", KLING_TASK_WAITING},
  {"not_start", KLING_TASK_WAITING},
  {"submitted", KLING_TASK_WAITING},
  {"queued", KLING_TASK_WAITING},
  {"pending", KLING_TASK_WAITING},
  {"processing", KLING_TASK_RUNNING},
  {"in_progress", KLING_TASK_RUNNING},
  {"running", KLING_TASK_RUNNING},
  {"succeed", KLING_TASK_SUCCEEDED},
  {"succeeded", KLING_TASK_SUCCEEDED},
  {"success", KLING_TASK_SUCCEEDED},
  {"completed", KLING_TASK_SUCCEEDED},
  {"failed", KLING_TASK_FAILED},
  {"failure", KLING_TASK_FAILED},
  {"fail", KLING_TASK_FAILED},
  {"error", KLING_TASK_FAILED},
  {"cancelled", KLING_TASK_FAILED},
  {"canceled", KLING_TASK_FAILED},
  {"expired", KLING_TASK_FAILED},
};

/**
 * kling_task_state_from_word:
 * @word: (nullable): a status word, in any case
 *
 * Returns: what it means; %KLING_TASK_WAITING for none
 */
KlingTaskState
kling_task_state_from_word (const gchar * word)
{
  guint i;

  if (word == NULL)
    return KLING_TASK_WAITING;
  for (i = 0; i < G_N_ELEMENTS (task_words); i++) {
    if (g_ascii_strcasecmp (word, task_words[i].word) == 0)
      return task_words[i].state;
  }
  return KLING_TASK_OTHER;
}

/**
 * kling_id_is_valid:
 * @id: (nullable): a task or session id, from an answer or from a user
 *
 * An id becomes a segment of a path that is requested with the key, so it must
 * not be able to lead elsewhere (`task/../../user/token`).
 *
 * Returns: whether @id is one
 */
gboolean
kling_id_is_valid (const gchar * id)
{
  gsize i;

  if (id == NULL || *id == '\0')
    return FALSE;
  for (i = 0; id[i] != '\0'; i++) {
    if (i >= MAX_ID_BYTES)
      return FALSE;
    if (!g_ascii_isalnum (id[i]) && strchr ("_.-", id[i]) == NULL)
      return FALSE;
  }
  return strcmp (id, ".") != 0 && strcmp (id, "..") != 0;
}

static void
levels_init (KlingLevels * levels, JsonNode * root)
{
  JsonObject *object = kling_json_first_object (root);

  levels->n = 0;
  while (object != NULL && levels->n < KLING_LEVELS_MAX) {
    levels->objects[levels->n++] = object;
    object = kling_json_first_object (json_object_get_member (object, "data"));
  }
}

static JsonObject *
levels_get (const KlingLevels * levels, guint i)
{
  return i < levels->n ? levels->objects[i] : NULL;
}

/* Some services say "SUCCEED" in the message of a task that failed: these words
 * never explain anything. */
static gboolean
says_something (const gchar * text)
{
  return text != NULL && *text != '\0' && g_ascii_strcasecmp (text, "succeed")
      && g_ascii_strcasecmp (text, "success") && g_ascii_strcasecmp (text,
      "ok");
}

/* --- ids --- */

/**
 * kling_answer_dup_id:
 * @object: (nullable): an object
 * @name: name of a member
 *
 * Returns: (transfer full) (nullable): the member when it may be an id. A bare
 *   0 or less is a service's way to say that there is none.
 */
gchar *
kling_answer_dup_id (JsonObject * object, const gchar * name)
{
  g_autofree gchar *id = kling_json_dup_scalar (object, name);

  if (!kling_id_is_valid (id))
    return NULL;
  if ((strcmp (id, "0") == 0 || *id == '-')
      && kling_json_get_string (object, name) == NULL)
    return NULL;
  return g_steal_pointer (&id);
}

static gchar *
read_session_id (const KlingLevels * levels)
{
  guint i;

  for (i = 0; i < levels->n; i++) {
    gchar *id = kling_answer_dup_id (levels->objects[i], "session_id");

    if (id != NULL)
      return id;
  }
  return NULL;
}

/* The names under which a task id stands, at the two outermost levels only:
 * below them is the id that the gateway got from Kling, which it does not know
 * itself. */
static const struct
{
  guint level;
  const gchar *name;
  gboolean explicit_name;
} task_id_places[] = {
  {1, "task_id", TRUE},
  {0, "task_id", TRUE},
  {1, "id", FALSE},
  {0, "id", FALSE},
  {0, "data", FALSE},
};

/* @may_guess: whether a member that could be an id of anything counts. In a
 * refusal it is rather that of the request. */
static gchar *
read_task_id (const KlingLevels * levels, gboolean may_guess)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (task_id_places); i++) {
    gchar *id;

    if (!task_id_places[i].explicit_name && !may_guess)
      continue;
    id = kling_answer_dup_id (levels_get (levels, task_id_places[i].level),
        task_id_places[i].name);
    if (id != NULL)
      return id;
  }
  return NULL;
}

/* --- the task's state --- */

static gboolean
is_end (const gchar * word)
{
  KlingTaskState state = kling_task_state_from_word (word);

  return state == KLING_TASK_SUCCEEDED || state == KLING_TASK_FAILED;
}

static const gchar *
innermost_string (const KlingLevels * levels, const gchar * name)
{
  guint i;

  for (i = levels->n; i-- > 0;) {
    const gchar *text = kling_json_get_string (levels->objects[i], name);

    if (text != NULL)
      return text;
  }
  return NULL;
}

/* What the gateway says about its own task: `data.status`, then deeper, then at
 * the root, where some services only say that the call went well. */
static const gchar *
outer_word (const KlingLevels * levels, gboolean * at_root)
{
  static const gchar *const names[] = { "status", "state" };
  guint i, name;

  for (name = 0; name < G_N_ELEMENTS (names); name++) {
    for (i = 1; i <= levels->n; i++) {
      JsonObject *level = levels_get (levels, i < levels->n ? i : 0);
      const gchar *word = kling_json_get_string (level, names[name]);

      *at_root = i == levels->n;
      if (word != NULL)
        return word;
    }
  }
  return NULL;
}

/* Returns: (nullable): the word that counts. The innermost is the service's
 * own; but an end that either of the two tells is the end, and a failure at the
 * gateway is final: it has refunded or given up. */
static const gchar *
decide_word (const KlingLevels * levels)
{
  const gchar *inner = innermost_string (levels, "task_status");
  gboolean at_root;
  const gchar *outer = outer_word (levels, &at_root);
  g_autofree gchar *url = NULL;

  if (inner == NULL || outer == NULL)
    return inner ? inner : outer;
  if (kling_task_state_from_word (outer) == KLING_TASK_FAILED)
    return outer;
  if (is_end (inner) || !is_end (outer))
    return inner;
  url = at_root ? kling_answer_find_result (levels, TRUE) : NULL;
  return at_root && url == NULL ? inner : outer;
}

static void
read_task (KlingAnswer * answer, const KlingLevels * levels)
{
  const gchar *word = decide_word (levels);

  answer->task_state = kling_task_state_from_word (word);
  answer->task_word = kling_text_clean (word, MAX_WORD_CHARACTERS);
  answer->result_url = kling_answer_find_result (levels,
      answer->task_state == KLING_TASK_SUCCEEDED);
}

static gint
read_percent (const KlingLevels * levels)
{
  guint i;

  for (i = 0; i < levels->n; i++) {
    gdouble number;

    if (kling_json_get_number (levels->objects[i], "progress", &number)
        && number >= 0 && number <= 100)
      return (gint) number;
  }
  return -1;
}

/* --- codes, words and request ids --- */

/* What is said about a call, raw, as found first */
typedef struct
{
  gchar *code;
  gint rank;
  gchar *message;
  gchar *request_id;
} Said;

static void
said_clear (Said * said)
{
  g_free (said->code);
  g_free (said->message);
  g_free (said->request_id);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Said, said_clear);

/* Of several codes that one counts that says most: Kling's own, wherever the
 * gateways have put it, before those of a gateway, before an unknown one. */
static void
said_add_code (Said * said, JsonObject * object)
{
  g_autofree gchar *code = kling_json_dup_scalar (object, "code");
  gint rank;

  if (code == NULL || *code == '\0')
    return;
  rank = kling_code_rank (code);
  if (said->code != NULL && rank <= said->rank)
    return;
  g_free (said->code);
  said->code = g_steal_pointer (&code);
  said->rank = rank;
}

static void
said_add_request_id (Said * said, JsonObject * object)
{
  if (said->request_id == NULL)
    said->request_id = kling_json_dup_scalar (object, "request_id");
}

static gboolean said_add_wrapped (Said * said, const gchar * text);

/* Takes the first text that says something; a text that is JSON again is the
 * answer of the next service behind. */
static void
said_add_text (Said * said, const gchar * text, gboolean may_unwrap)
{
  if (!says_something (text))
    return;
  if (may_unwrap && said_add_wrapped (said, text))
    return;
  if (said->message == NULL)
    said->message = g_strdup (text);
}

static void
said_add_object (Said * said, JsonObject * object, gboolean may_unwrap)
{
  if (object == NULL)
    return;
  said_add_code (said, object);
  said_add_request_id (said, object);
  said_add_text (said, kling_json_get_string (object, "message"), may_unwrap);
  said_add_text (said, kling_json_get_string (object, "msg"), may_unwrap);
}

/* `error` is an object with most services and a string with some. */
static void
said_add_error (Said * said, JsonObject * root, gboolean may_unwrap)
{
  said_add_object (said, kling_json_get_object (root, "error"), may_unwrap);
  said_add_text (said, kling_json_get_string (root, "error"), may_unwrap);
}

static gboolean
said_add_wrapped (Said * said, const gchar * text)
{
  const gchar *start = strchr (text, '{');
  g_autoptr (JsonNode) root = NULL;
  KlingLevels levels;
  guint i;

  if (start == NULL || g_strrstr (start, "}") == NULL)
    return FALSE;
  root = kling_json_parse (start, g_strrstr (start, "}") + 1 - start);
  if (root == NULL)
    return FALSE;

  levels_init (&levels, root);
  said_add_error (said, levels_get (&levels, 0), FALSE);
  for (i = 0; i < levels.n; i++)
    said_add_object (said, levels.objects[i], FALSE);
  return said->message != NULL;
}

/* The reason of a failed task comes first: `message` is about the query and
 * says "SUCCEED" then. */
static void
said_read (Said * said, const KlingLevels * levels)
{
  guint i;

  said_add_text (said, innermost_string (levels, "task_status_msg"), TRUE);
  for (i = 0; i < levels->n; i++) {
    const gchar *reason = kling_json_get_string (levels->objects[i],
        "fail_reason");

    if (!kling_answer_is_url (reason))
      said_add_text (said, reason, TRUE);
  }
  said_add_error (said, levels_get (levels, 0), TRUE);
  for (i = 0; i < levels->n; i++)
    said_add_object (said, levels->objects[i], TRUE);
}

/* Returns: (transfer full) (nullable): the id in "... (request id: 2024...)" */
static gchar *
request_id_in_text (const gchar * text)
{
  static const gchar marker[] = "request id:";
  g_autofree gchar *lower = text ? g_ascii_strdown (text, -1) : NULL;
  const gchar *found = lower ? strstr (lower, marker) : NULL;
  gsize length = 0;

  if (found == NULL)
    return NULL;
  text += found - lower + strlen (marker);
  while (*text == ' ')
    text++;
  while (g_ascii_isalnum (text[length]) || text[length] == '-'
      || text[length] == '_')
    length++;
  return length > 0 ? g_strndup (text, length) : NULL;
}

static gboolean
has_error_member (JsonObject * root)
{
  JsonNode *node = root ? json_object_get_member (root, "error") : NULL;
  const gchar *text;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_size (json_node_get_object (node)) > 0;
  text = kling_json_get_string (root, "error");
  return text != NULL && *text != '\0';
}

/* What Kling has charged; the documents call it a string. Returns: -1 when it is
 * not told */
static gdouble
read_units (const KlingLevels * levels)
{
  gdouble units;

  for (guint i = 0; i < levels->n; i++) {
    if (kling_json_get_number (levels->objects[i], "final_unit_deduction",
            &units) && units >= 0 && units <= MAX_UNITS)
      return units;
  }
  return -1;
}

static void
read_said (KlingAnswer * answer, const Said * said)
{
  g_autofree gchar *in_text = NULL;

  answer->code = kling_text_clean (said->code, MAX_WORD_CHARACTERS);
  answer->message = kling_text_clean (said->message, MAX_MESSAGE_CHARACTERS);
  in_text = request_id_in_text (said->message);
  answer->request_id = kling_text_clean (said->request_id
      && *said->request_id ? said->request_id : in_text,
      MAX_REQUEST_ID_CHARACTERS);
}

static void
read_json (KlingAnswer * answer, JsonNode * root)
{
  g_auto (Said) said = { 0, };
  KlingLevels levels;
  gboolean is_ok;

  levels_init (&levels, root);
  said_read (&said, &levels);
  read_said (answer, &said);

  is_ok = levels.n > 0 && !has_error_member (levels.objects[0])
      && (said.code == NULL || said.rank == KLING_CODE_SUCCESS);
  answer->is_json = TRUE;
  answer->succeeded = is_ok && answer->status / 100 == 2;
  answer->session_id = read_session_id (&levels);
  answer->task_id = read_task_id (&levels, is_ok && answer->status / 100 != 4);
  answer->percent = read_percent (&levels);
  answer->units = read_units (&levels);
  read_task (answer, &levels);
  kling_answer_read_media (answer, &levels);
}

/* --- answers that are not JSON --- */

/* Returns: (nullable): the end of the element that starts at @tag when nobody
 * is meant to read what is in it */
static const gchar *
skip_unreadable (const gchar * tag)
{
  static const gchar *const names[] = { "script", "style" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *close = g_strconcat ("</", names[i], NULL);
    const gchar *end;

    if (g_ascii_strncasecmp (tag + 1, names[i], strlen (names[i])) != 0)
      continue;
    for (end = tag; *end != '\0'; end++) {
      if (g_ascii_strncasecmp (end, close, strlen (close)) == 0)
        return end;
    }
    return end;
  }
  return NULL;
}

/* Returns: (transfer full): the words of @page, which a proxy in front of the
 * service wrote in HTML */
static gchar *
words_of_page (const gchar * page)
{
  g_autoptr (GString) words = g_string_new (NULL);

  while (*page != '\0' && words->len < 8 * MAX_PAGE_CHARACTERS) {
    const gchar *next = *page == '<' ? skip_unreadable (page) : NULL;

    if (next == NULL && *page == '<')
      next = strchr (page, '>');
    if (next != NULL) {
      g_string_append_c (words, ' ');
      page = *next == '>' ? next + 1 : next;
    } else {
      g_string_append_c (words, *page++);
    }
  }
  return kling_text_clean (words->str, MAX_PAGE_CHARACTERS);
}

static gboolean
is_white (const gchar * text)
{
  return text[strspn (text, " \t\r\n\v\f")] == '\0';
}

/**
 * kling_answer_read:
 * @answer: (out caller-allocates): what @body says; free it with
 *   kling_answer_clear()
 * @status: HTTP status
 * @body: (nullable): bytes from the network
 *
 * Never fails: what cannot be read is simply not there.
 */
void
kling_answer_read (KlingAnswer * answer, guint status, GBytes * body)
{
  gsize size = 0;
  const gchar *data = body ? g_bytes_get_data (body, &size) : NULL;
  g_autofree gchar *text = g_strndup (data ? data : "", size);
  g_autoptr (JsonNode) root = NULL;

  memset (answer, 0, sizeof *answer);
  answer->status = status;
  answer->percent = -1;
  answer->audio_duration = -1;
  answer->units = -1;
  answer->is_empty = strlen (text) == size && is_white (text);
  if (answer->is_empty)
    return;

  root = kling_json_parse (data, size);
  if (root != NULL)
    read_json (answer, root);
  else
    answer->message = words_of_page (text);
}

/* --- our own id of a task --- */

static gchar *find_task (JsonNode * node, const gchar * external_id,
    guint n_levels);

/* The id is the one beside `task_info`: what says whose task it is. */
static gchar *
find_task_in_object (JsonObject * object, const gchar * external_id,
    guint n_levels)
{
  g_autofree gchar *said = NULL;
  gchar *id = NULL;

  said = kling_json_dup_scalar (kling_json_get_object (object, "task_info"),
      "external_task_id");
  if (g_strcmp0 (said, external_id) == 0)
    id = kling_answer_dup_id (object, "task_id");
  return id ? id : find_task (json_object_get_member (object, "data"),
      external_id, n_levels - 1);
}

/* Looks through an object, or each one in an array, and what is named `data`
 * in it, @n_levels deep. */
static gchar *
find_task (JsonNode * node, const gchar * external_id, guint n_levels)
{
  JsonArray *array;
  gchar *id = NULL;

  if (node == NULL || n_levels == 0)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return find_task_in_object (json_node_get_object (node), external_id,
        n_levels);
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return NULL;

  array = json_node_get_array (node);
  for (guint i = 0; id == NULL && i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_OBJECT (element))
      id = find_task_in_object (json_node_get_object (element), external_id,
          n_levels);
  }
  return id;
}

/**
 * kling_answer_find_task:
 * @body: (nullable): bytes from the network: one task, or a list of tasks
 * @external_id: our own id of a task
 *
 * Returns: (transfer full) (nullable): the service's id of the task that says
 *   that @external_id is its external id
 */
gchar *
kling_answer_find_task (GBytes * body, const gchar * external_id)
{
  gsize size = 0;
  const gchar *data = body ? g_bytes_get_data (body, &size) : NULL;
  g_autoptr (JsonNode) root = data ? kling_json_parse (data, size) : NULL;

  return find_task (root, external_id, KLING_LEVELS_MAX);
}

/**
 * kling_answer_count_tasks:
 * @body: (nullable): bytes from the network: a list of tasks
 *
 * Returns: how many are in it
 */
guint
kling_answer_count_tasks (GBytes * body)
{
  gsize size = 0;
  const gchar *data = body ? g_bytes_get_data (body, &size) : NULL;
  g_autoptr (JsonNode) root = data ? kling_json_parse (data, size) : NULL;
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root) : NULL;
  JsonNode *list = object ? json_object_get_member (object, "data") : NULL;

  return list && JSON_NODE_HOLDS_ARRAY (list)
      ? json_array_get_length (json_node_get_array (list)) : 0;
}

/**
 * kling_answer_clear:
 * @answer: an answer
 *
 * Frees what @answer holds and makes it empty again.
 */
void
kling_answer_clear (KlingAnswer * answer)
{
  g_free (answer->code);
  g_free (answer->message);
  g_free (answer->request_id);
  g_free (answer->session_id);
  g_free (answer->task_id);
  g_free (answer->task_word);
  g_free (answer->result_url);
  g_free (answer->watermark_url);
  g_clear_pointer (&answer->faces, g_ptr_array_unref);
  g_free (answer->audio_id);
  memset (answer, 0, sizeof *answer);
}
