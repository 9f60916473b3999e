/* klinglipsync tests: what hours of faults have left behind
 *
 * What is in the store, against what the sandbox was paid for. The sandbox's
 * list of tasks is the truth: each must be in exactly one record, by its id, or,
 * when its answer was lost on a gateway, as a question.
 *
 * Main thread, when no job runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "soak-test.h"

#include <stdio.h>
#include <string.h>

#include "kling-kept.h"
#include "kling-slots.h"

/* How often what was interrupted is asked for again */
#define MAX_SETTLES 3

/* ---- records ---- */

static KlingStore *
open_store (Soak * soak)
{
  g_autoptr (GError) error = NULL;
  KlingStore *store = kling_store_open (soak->store, &error);

  if (store == NULL)
    g_error ("%s", error->message);
  return store;
}

static guint
get_video (const KlingRecord * record)
{
  guint video;

  if (record->label == NULL
      || sscanf (record->label, "\"Soak %u ", &video) != 1)
    g_error ("Record %s is of no video of ours: %s", record->key,
        record->label);
  return video;
}

/* Returns: (transfer full): those of videos; all can be read */
static GPtrArray *
read_records (KlingStore * store)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)
      kling_record_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) keys = kling_store_list (store, &error);

  for (guint i = 0; keys && i < keys->len; i++) {
    KlingRecord *record = NULL;

    if (!kling_store_read (store, keys->pdata[i], &record, &error))
      break;
    if (record && record->kind == KLING_RECORD_REQUEST)
      g_ptr_array_add (records, record);
    else
      g_clear_pointer (&record, kling_record_free);
  }
  if (error)
    g_error ("%s", error->message);
  return records;
}

/* A question that only a person can answer */
static gboolean
is_question (const KlingRecord * record)
{
  return record->state == KLING_RECORD_UNKNOWN && record->reason != NULL
      && !soak_is_official (get_video (record));
}

/* Its video is here, or has made room for another one. */
static gboolean
is_at_its_end (const KlingRecord * record)
{
  switch (record->state) {
    case KLING_RECORD_DONE:
    case KLING_RECORD_FETCHING:
      return record->sha256 != NULL && record->delivered;
    default:
      return is_question (record);
  }
}

/* ---- what was interrupted ---- */

static guint
settle_once (Soak * soak)
{
  g_autoptr (KlingStore) store = open_store (soak);
  g_autoptr (GPtrArray) records = read_records (store);
  guint n = 0;

  for (guint i = 0; i < records->len; i++) {
    const KlingRecord *record = records->pdata[i];
    g_autofree gchar *sentence = NULL;

    if (is_at_its_end (record))
      continue;
    n++;
    if (soak_play (soak, get_video (record), &sentence) != SOAK_PLAYED)
      g_print ("%s (%s): %s\n", record->label,
          kling_record_state_get_nick (record->state), sentence);
  }
  return n;
}

/* Every job has ended by itself, so it knows what came of its call. */
void
soak_check_calls (Soak * soak)
{
  g_autoptr (KlingStore) store = open_store (soak);
  g_autoptr (GPtrArray) records = read_records (store);

  for (guint i = 0; i < records->len; i++) {
    const KlingRecord *record = records->pdata[i];

    if (record->state == KLING_RECORD_SENDING)
      g_error ("%s is left in the middle of the call", record->label);
  }
}

void
soak_settle (Soak * soak)
{
  for (guint i = 0; i < MAX_SETTLES; i++) {
    guint n = settle_once (soak);

    if (n == 0)
      return;
    g_print ("%u were played once more\n", n);
  }
}

/* A question is repeated, and nothing is sent. */
static void
check_question (Soak * soak, const KlingRecord * record)
{
  gint64 paid = kling_test_sandbox_count (soak->sandbox, "paid");
  g_autofree gchar *sentence = NULL;
  SoakEnd end = soak_play (soak, get_video (record), &sentence);

  if (end != SOAK_FAILED || strstr (sentence, "It is not sent again") == NULL)
    g_error ("%s is asked for again, and says: %s", record->label,
        sentence ? sentence : "nothing");
  if (kling_test_sandbox_count (soak->sandbox, "paid") != paid)
    g_error ("%s was bought again", record->label);
}

static void
check_ends (Soak * soak, GPtrArray * records)
{
  gboolean asked = FALSE;
  guint questions = 0;

  for (guint i = 0; i < records->len; i++) {
    const KlingRecord *record = records->pdata[i];

    if (!is_at_its_end (record))
      g_error ("%s is still %s: %s", record->label,
          kling_record_state_get_nick (record->state),
          record->reason ? record->reason->message : "without a reason");
    if (!is_question (record))
      continue;
    questions++;
    if (!asked)
      check_question (soak, record);
    asked = TRUE;
  }
  g_print ("%u records, %u of them questions\n", records->len, questions);
}

/* ---- what was paid ---- */

/* Returns: (transfer full): task id -> record, of @records */
static GHashTable *
map_tasks (GPtrArray * records)
{
  GHashTable *map = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < records->len; i++) {
    KlingRecord *record = records->pdata[i];

    if (record->task_id && !g_hash_table_insert (map, record->task_id, record))
      g_error ("Two records have task %s", record->task_id);
  }
  return map;
}

/* Returns: (transfer full): number of a video -> record that is a question */
static GHashTable *
map_questions (GPtrArray * records)
{
  GHashTable *map = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < records->len; i++) {
    KlingRecord *record = records->pdata[i];
    guint video = get_video (record);

    if (is_question (record)
        && !g_hash_table_insert (map, GUINT_TO_POINTER (video), record))
      g_error ("Two records are of video %u", video);
  }
  return map;
}

/* What a gateway was asked to say: that is where the number stands. */
static gboolean
get_number (JsonObject * task, guint * video)
{
  JsonObject *body = json_object_get_object_member (task, "request");
  JsonObject *input = json_object_has_member (body, "input")
      ? json_object_get_object_member (body, "input") : NULL;

  return input && json_object_has_member (input, "text")
      && sscanf (json_object_get_string_member (input, "text"), "Soak %u ",
      video) == 1;
}

/* Takes the record of @task out of the map in which it is; each is there once,
 * so a second task of the same has none. */
static void
account_for (JsonObject * task, GHashTable * tasks, GHashTable * questions)
{
  const gchar *id = json_object_get_string_member (task, "id");
  guint video;

  if (g_hash_table_remove (tasks, id))
    return;
  if (!get_number (task, &video)
      || !g_hash_table_remove (questions, GUINT_TO_POINTER (video)))
    g_error ("Task %s was paid for, and no record knows it", id);
}

static void
check_payments (Soak * soak, GPtrArray * records)
{
  g_autoptr (GHashTable) tasks = map_tasks (records);
  g_autoptr (GHashTable) questions = map_questions (records);
  g_autoptr (JsonNode) list =
      kling_test_sandbox_get_json (soak->sandbox, "/sandbox/tasks");
  JsonArray *paid = json_node_get_array (list);
  guint n = json_array_get_length (paid), bought = g_hash_table_size (tasks);

  if (kling_test_sandbox_count (soak->sandbox, "paid") != (gint64) n)
    g_error ("There are %u tasks, and another number was paid for", n);
  for (guint i = 0; i < n; i++)
    account_for (json_array_get_object_element (paid, i), tasks, questions);
  if (g_hash_table_size (tasks) > 0)
    g_error ("%u tasks are in the store that nobody was paid for",
        g_hash_table_size (tasks));
  g_print ("%u tasks were paid: %u are known, %u are questions; %u questions"
      " cost nothing\n", n, bought, n - bought, g_hash_table_size (questions));
  if (bought == 0)
    g_error ("Nothing was bought");
}

/* ---- what is left ---- */

static void
check_slot (KlingStore * store, const gchar * account, guint number)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlingSlot) slot = kling_slot_try_hold (store, account, number,
      &holder, &error);
  g_autoptr (KlingRecord) record = NULL;

  if (slot == NULL)
    g_error ("Slot %s-%u is taken: %s", account, number,
        holder ? holder : error->message);
  switch (kling_slot_judge (slot, &record)) {
    case KLING_SLOT_FREE:
      break;
    case KLING_SLOT_DOUBT:
      if (record && is_question (record))
        break;
      /* fall through */
    default:
      g_error ("Slot %s-%u is left for %s", account, number,
          record ? record->label : "nobody");
  }
}

static void
check_slots (KlingStore * store)
{
  g_autofree gchar *path = g_build_filename (kling_store_get_path (store),
      KLING_STORE_SLOTS, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while (dir && (name = g_dir_read_name (dir))) {
    g_auto (GStrv) parts = g_strsplit (name, "-", 2);

    if (parts[1] == NULL || g_str_has_suffix (name, KLING_STORE_LOCK))
      continue;
    check_slot (store, parts[0], (guint) g_ascii_strtoull (parts[1], NULL, 10));
    n++;
  }
  if (n == 0)
    g_error ("No slot was ever used");
}

/* Each video has the id of its task behind it. */
static void
check_room (Soak * soak, KlingStore * store, guint records)
{
  g_autoptr (GPtrArray) kept = kling_kept_list (store);
  guint64 sum = 0;

  for (guint i = 0; i < kept->len; i++)
    sum += (guint64) ((KlingKept *) kept->pdata[i])->size;
  g_print ("%u videos are kept, %" G_GUINT64_FORMAT " bytes, limit %"
      G_GUINT64_FORMAT "\n", kept->len, sum, soak->store_limit);
  if (sum > soak->store_limit + 2 * soak->clip_size)
    g_error ("The store has grown");
  if (records > 2 * SOAK_KEPT && kept->len == 0)
    g_error ("Nothing is kept");
}

void
soak_audit (Soak * soak)
{
  g_autoptr (KlingStore) store = open_store (soak);
  g_autoptr (GPtrArray) records = read_records (store);

  check_ends (soak, records);
  check_payments (soak, records);
  check_slots (store);
  check_room (soak, store, records->len);
  if (soak->faults == 0 || soak->ends[SOAK_STOPPED] == 0)
    g_error ("Nothing has gone wrong");
}
