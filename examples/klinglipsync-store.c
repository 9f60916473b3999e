/* klinglipsync-store: looks after what klinglipsync has asked for and bought
 *
 *   klinglipsync-store list
 *   klinglipsync-store show KEY
 *   klinglipsync-store remove KEY... | --older-than DAYS
 *
 * The store is read with the library of the element, so there is one reading of
 * its format. No network, no key: what a service knows of a task is asked by the
 * element only.
 *
 * Everything that is printed was read from files, so it is cleaned first.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kling-kept.h"
#include "kling-store-remove.h"
#include "kling-url.h"

#define MIN_SHORT_KEY 8
#define KEY_LENGTH 64
/* a sentence of an error */
#define MAX_TEXT 2000
#define MAX_LABEL 80
#define MAX_DAYS 36500
#define MEGABYTE 1e6

/* Exit statuses */
#define FINE 0
#define TROUBLE 1
#define USAGE 2

typedef struct
{
  char *store;
  int older_than;
  gboolean force;
  gboolean dry_run;
} Options;

/* What there is to say about a record when nobody asks for more */
static const char *const state_words[] = {
  [KLING_RECORD_READY] = "nothing was bought, and no call is under way",
  [KLING_RECORD_SENDING] = "the call that costs was sent, no answer is here",
  [KLING_RECORD_UNKNOWN] = "it may have been bought, or not",
  [KLING_RECORD_RUNNING] = "bought; the service makes it, or has made it",
  [KLING_RECORD_FETCHING] = "bought and made; the video is not here",
  [KLING_RECORD_DONE] = "bought, and here",
  [KLING_RECORD_FAILED] = "the service gave the task up",
  [KLING_RECORD_REFUSED] = "the service said no, and nothing was bought",
  [KLING_RECORD_GONE] = "bought and made, but the service has it no more",
};

static const char *const kind_words[] = {
  [KLING_RECORD_REQUEST] = "a video that was asked for",
  [KLING_RECORD_SESSION] = "the faces in a source video (identify-face)",
  [KLING_RECORD_SPEECH] = "a text that is spoken",
  [KLING_RECORD_TASK] = "a task that was named with task-id",
};

/* --- printing --- */

static void
complain (const char *format, ...)
G_GNUC_PRINTF (1, 2);

     static void complain (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;
  g_autofree char *clean = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  clean = kling_text_clean (text, MAX_TEXT);
  g_printerr ("klinglipsync-store: %s\n", clean);
}

/* @value: (nullable): nothing is printed for it */
static void
print_field (const char *name, const char *value)
{
  g_autofree char *clean = kling_text_clean (value, MAX_TEXT);

  if (clean && *clean)
    g_print ("%-12s %s\n", name, clean);
}

static char *
format_time (gint64 real_time, const char *format)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_local (real_time / G_USEC_PER_SEC);

  return real_time > 0 && time ? g_date_time_format (time, format)
      : g_strdup ("-");
}

static char *
format_units (double units)
{
  return units < 0 ? g_strdup ("-") : g_strdup_printf ("%g", units);
}

static char *
format_size (guint64 size)
{
  return g_strdup_printf ("%.1f MB", (double) size / MEGABYTE);
}

/* --- keys --- */

static guint
get_common_length (const char *a, const char *b)
{
  guint n = 0;

  while (a[n] && a[n] == b[n])
    n++;
  return n;
}

/* How many digits tell the keys apart. They are sorted. */
static int
get_short_length (GPtrArray * keys)
{
  guint length = MIN_SHORT_KEY;

  for (guint i = 1; i < keys->len; i++)
    length = MAX (length, 1 + get_common_length (keys->pdata[i - 1],
            keys->pdata[i]));
  return (int) MIN (length, KEY_LENGTH);
}

/* Returns: (nullable): the only key in @keys that begins with @prefix */
static const char *
find_key (GPtrArray * keys, const char *prefix)
{
  const char *found = NULL;

  for (guint i = 0; *prefix && i < keys->len; i++) {
    if (!g_str_has_prefix (keys->pdata[i], prefix))
      continue;
    if (found) {
      complain
          ("Several records begin with \"%s\": give more digits of the key.",
          prefix);
      return NULL;
    }
    found = keys->pdata[i];
  }
  if (found == NULL)
    complain ("No record begins with \"%s\". \"klinglipsync-store list\" shows"
        " those there are.", prefix);
  return found;
}

/* --- list --- */

typedef struct
{
  guint records;
  guint damaged;
  guint silent;
  double units;
} Totals;

static void
print_row (const char *key, int length, const KlingRecord * record)
{
  g_autofree char *when = format_time (record->sent_at ? record->sent_at
      : record->created_at, "%F %H:%M");
  g_autofree char *units = format_units (record->units);
  g_autofree char *task = kling_text_clean (record->task_id, MAX_LABEL);
  g_autofree char *label = kling_text_clean (record->label, MAX_LABEL);

  g_print ("%-*.*s  %-7s  %-8s  %-16s  %6s  %-22s  %s\n", length, length, key,
      kling_record_kind_get_nick (record->kind),
      kling_record_state_get_nick (record->state), when, units,
      task ? task : "-", label ? label : "-");
}

/* A task that was only named was bought by somebody else, or by a request that
 * is counted already. */
static void
add_to_totals (Totals * totals, const KlingRecord * record)
{
  totals->records++;
  if (record->kind == KLING_RECORD_TASK)
    return;
  if (record->units >= 0)
    totals->units += record->units;
  else if (kling_record_has_task (record))
    totals->silent++;
}

static void
list_record (KlingStore * store, const char *key, int length, Totals * totals)
{
  g_autoptr (KlingRecord) record = NULL;
  g_autoptr (GError) error = NULL;

  if (!kling_store_read (store, key, &record, &error)) {
    g_autofree char *clean = kling_text_clean (error->message, MAX_TEXT);

    totals->damaged++;
    g_print ("%-*.*s  damaged: %s\n", length, length, key, clean);
  } else if (record) {
    add_to_totals (totals, record);
    print_row (key, length, record);
  }
}

/* What stands behind a noun: "1 video", "0.5 units" */
static const char *
plural (double number)
{
  return number == 1 ? "" : "s";
}

static void
print_totals (KlingStore * store, const Totals * totals)
{
  g_autoptr (GPtrArray) videos = kling_kept_list (store);
  g_autofree char *size = NULL;
  guint64 bytes = 0;

  for (guint i = 0; i < videos->len; i++)
    bytes += (guint64) ((KlingKept *) videos->pdata[i])->size;
  size = format_size (bytes);
  g_print ("%u record%s, %u damaged; %g unit%s", totals->records,
      plural (totals->records), totals->damaged, totals->units,
      plural (totals->units));
  if (totals->silent)
    g_print (" known, %u of unknown cost", totals->silent);
  g_print ("; %u video%s, %s (%" G_GUINT64_FORMAT " bytes)\n", videos->len,
      plural (videos->len), size, bytes);
}

static int
run_list (KlingStore * store, GPtrArray * keys)
{
  int length = get_short_length (keys);
  Totals totals = { 0 };

  g_print ("%-*s  %-7s  %-8s  %-16s  %6s  %-22s  %s\n", length, "key", "kind",
      "state", "sent", "units", "task", "what");
  for (guint i = 0; i < keys->len; i++)
    list_record (store, keys->pdata[i], length, &totals);
  print_totals (store, &totals);
  return totals.damaged ? TROUBLE : FINE;
}

/* --- show: what is known --- */

static void
print_time (const char *name, gint64 real_time)
{
  g_autofree char *text = format_time (real_time, "%F %T");

  if (real_time > 0)
    print_field (name, text);
}

static void
print_service (const KlingRecord * record)
{
  g_autofree char *text = NULL;

  if (record->service == NULL)
    return;
  text = g_strdup_printf ("%s (dialect %s)", record->service,
      record->dialect ? record->dialect : "unknown");
  print_field ("service", text);
}

static void
print_cost (const KlingRecord * record)
{
  g_autofree char *units = format_units (record->units);
  g_autofree char *text = g_strdup_printf ("%s units", units);

  if (record->units >= 0)
    print_field ("cost", text);
  else if (kling_record_has_task (record))
    print_field ("cost", "the service did not say");
}

static void
print_attempt (const KlingRecord * record)
{
  g_autofree char *text = g_strdup_printf ("number %u%s", record->attempt,
      record->resent ? ", sent once more with the same id" : "");

  if (record->attempt)
    print_field ("call", text);
}

static gboolean
is_video_here (KlingStore * store, const KlingRecord * record)
{
  g_autofree char *path = kling_kept_dup_path (store, record->sha256);

  return path && access (path, R_OK) == 0;
}

static void
print_video (KlingStore * store, const KlingRecord * record)
{
  g_autofree char *path = kling_kept_dup_path (store, record->sha256);
  g_autofree char *size = format_size ((guint64) MAX (record->size, 0));
  g_autofree char *text = NULL;

  if (path == NULL)
    return;
  text = g_strdup_printf ("%s, %s, %s%s", path, size,
      is_video_here (store, record) ? "is there" : "is not there",
      record->delivered ? "" : ", was not handed out yet");
  print_field ("video", text);
  print_field ("sha256", record->sha256);
}

static void
print_faces (const KlingRecord * record)
{
  for (guint i = 0; record->faces && i < record->faces->len; i++)
    print_field ("face", ((KlingFace *) record->faces->pdata[i])->id);
}

static void
print_details (const KlingRecord * record)
{
  g_autofree char *status = g_strdup_printf ("%u", record->details.http_status);

  print_field ("reason", record->reason ? record->reason->message : NULL);
  if (record->details.http_status)
    print_field ("http status", status);
  print_field ("code", record->details.service_code);
  print_field ("request id", record->details.request_id);
}

static void
print_record (KlingStore * store, const KlingRecord * record)
{
  g_autofree char *state = g_strdup_printf ("%s: %s",
      kling_record_state_get_nick (record->state), state_words[record->state]);
  g_autofree char *kind = g_strdup_printf ("%s: %s",
      kling_record_kind_get_nick (record->kind), kind_words[record->kind]);

  print_field ("record", record->key);
  print_field ("kind", kind);
  print_field ("state", state);
  print_field ("what", record->label);
  print_field ("take", record->take);
  print_service (record);
  print_time ("begun", record->created_at);
  print_time ("sent", record->sent_at);
  print_time ("changed", record->changed_at);
  print_attempt (record);
  print_field ("task", record->task_id);
  print_field ("external id", record->external_id);
  print_cost (record);
  print_video (store, record);
  print_field ("session", record->session_id);
  print_faces (record);
  print_field ("chosen face", record->face_id);
  print_field ("speech", record->speech_id);
  print_field ("files at", record->owed_place);
  print_field ("its video", record->owed_video);
  print_field ("its audio", record->owed_audio);
  print_details (record);
}

/* --- show: what to do --- */

static void
advise (const char *sentence)
{
  g_print ("  %s\n", sentence);
}

/* The service takes an id of ours only once, and can be asked for it. */
static gboolean
has_own_id (const KlingRecord * record)
{
  return record->external_id && g_str_has_prefix (record->external_id, "kl1-");
}

static gboolean
is_video (const KlingRecord * record)
{
  return record->kind == KLING_RECORD_REQUEST
      || record->kind == KLING_RECORD_TASK;
}

static void
advise_about_question (const KlingRecord * record)
{
  g_autofree char *sent = format_time (record->sent_at, "%F %T");
  g_autofree char *label = kling_text_clean (record->label, MAX_LABEL);

  g_print ("  On %s this was sent, and no answer is known: %s\n", sent,
      label ? label : "it is not known what");
  if (!is_video (record)) {
    advise ("Start the same pipeline again: the call is sent once more, with a"
        " warning, and may be billed twice. It is a small one.");
    return;
  }
  if (has_own_id (record)) {
    advise
        ("Start the same pipeline again: the service is asked for the task by"
        " its external id, and nothing is paid for twice.");
    return;
  }
  advise ("1. Look into the service's console for a task of that time.");
  advise
      ("2. If it is there, start the same pipeline again with task-id=ID: its"
      " video is played and this question is settled.");
  advise
      ("3. If it is not, start the same pipeline again with take=NAME, any new"
      " name: that asks, and pays, once more.");
}

/* Somebody may be sending it right now. */
static void
advise_about_call (KlingStore * store, const KlingRecord * record)
{
  g_autofree char *name = g_strconcat (record->key, KLING_STORE_LOCK, NULL);
  g_autofree char *holder = NULL;
  int lock = kling_store_try_lock (store, name, &holder, NULL);

  if (lock >= 0)
    kling_store_unlock (lock);
  if (holder) {
    g_autofree char *clean = kling_text_clean (holder, MAX_LABEL);

    g_print ("  %s is working on it right now. Wait for that to end, then look"
        " again.\n", clean);
    return;
  }
  advise ("Nobody is working on it: the run that sent the call has died.");
  advise_about_question (record);
}

static void
advise_about_task (const KlingRecord * record)
{
  g_autofree char *text = NULL;

  if (record->task_id == NULL || !is_video (record)) {
    advise ("Start the same pipeline again: it goes on from here.");
    return;
  }
  text = g_strdup_printf ("Start the same pipeline again to get the video, or"
      " any with task-id=%s. That costs nothing more.", record->task_id);
  advise (text);
}

static void
advise_about_done (KlingStore * store, const KlingRecord * record)
{
  if (!is_video (record))
    advise ("Nothing. It is used again, as long as the service knows it.");
  else if (is_video_here (store, record))
    advise ("Nothing. The same pipeline plays the video from here, without"
        " network or key.");
  else
    advise ("Nothing. The same pipeline fetches the video again, as long as the"
        " service has it; that costs nothing.");
}

static void
advise_about_failure (const KlingRecord * record)
{
  if (record->reason && record->reason->code == KLING_ERROR_TASK_FAILED
      && record->attempt < 2)
    advise ("Start the same pipeline again: it was the service's trouble, so it"
        " is asked for once more.");
  else
    advise
        ("It is not asked for again as it is. Change what the reason says, or"
        " set take=NAME, any new name, to pay for another try.");
}

static void
print_advice (KlingStore * store, const KlingRecord * record)
{
  g_print ("What to do:\n");
  switch (record->state) {
    case KLING_RECORD_READY:
      advise ("Start the same pipeline again, if you still want it.");
      break;
    case KLING_RECORD_SENDING:
      advise_about_call (store, record);
      break;
    case KLING_RECORD_UNKNOWN:
      advise_about_question (record);
      break;
    case KLING_RECORD_RUNNING:
    case KLING_RECORD_FETCHING:
      advise_about_task (record);
      break;
    case KLING_RECORD_DONE:
      advise_about_done (store, record);
      break;
    case KLING_RECORD_FAILED:
      advise_about_failure (record);
      break;
    case KLING_RECORD_REFUSED:
      advise ("Mend what the reason says, then start the same pipeline again:"
          " nothing was bought.");
      break;
    case KLING_RECORD_GONE:
      advise
          ("Ask the service's support with the task id, or set take=NAME, any"
          " new name, to pay for the video once more.");
      break;
  }
}

static int
run_show (KlingStore * store, GPtrArray * keys, const char *prefix)
{
  const char *key = find_key (keys, prefix);
  g_autoptr (KlingRecord) record = NULL;
  g_autoptr (GError) error = NULL;

  if (key == NULL)
    return TROUBLE;
  if (!kling_store_read (store, key, &record, &error) || record == NULL) {
    complain ("%s", error ? error->message : "The record was just removed.");
    return TROUBLE;
  }
  print_record (store, record);
  print_advice (store, record);
  return FINE;
}

/* --- remove --- */

/* What goes with it, in words */
static const char *
get_loss (const KlingRecord * record)
{
  if (record->state == KLING_RECORD_READY
      || record->state == KLING_RECORD_REFUSED)
    return "nothing was bought by it";
  if (!is_video (record))
    return "the small call for it is sent and paid for again";
  if (record->kind == KLING_RECORD_TASK)
    return "its task is fetched again when it is named again";
  if (has_own_id (record))
    return "the same request is paid for again once the service has forgotten"
        " the external id (30 days)";
  return "the same request is paid for again";
}

static gboolean
remove_one (KlingStore * store, GHashTable * users, const char *key,
    gint64 before, const Options * options)
{
  g_autoptr (KlingRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *objection = NULL;

  kling_store_read (store, key, &record, options->force ? NULL : &error);
  objection = record ? kling_store_dup_objection (record) : NULL;
  if (error == NULL && objection && !options->force)
    g_set_error (&error, KLING_ERROR, KLING_ERROR_LOCAL, "Record %.12s was not"
        " removed: %s.", key, objection);
  if (error == NULL && !options->dry_run)
    kling_store_remove (store, users, key, before, options->force, &error);
  if (error) {
    complain
        ("%s \"show %.12s\" says what to do about it; --force removes it all"
        " the same, unless it is in use.", error->message, key);
    return FALSE;
  }
  g_print ("%s %.12s: %s.\n", options->dry_run ? "Would remove" : "Removed",
      key, record ? get_loss (record) : "what it said is lost");
  return TRUE;
}

static int
remove_keys (KlingStore * store, GPtrArray * keys, char **prefixes,
    const Options * options)
{
  g_autoptr (GHashTable) users = kling_store_find_users (store, NULL);
  int status = FINE;

  for (guint i = 0; prefixes[i]; i++) {
    const char *key = find_key (keys, prefixes[i]);

    if (key == NULL || !remove_one (store, users, key, G_MAXINT64, options))
      status = TROUBLE;
  }
  return status;
}

/* When each video was last played: that is use of its record, too.
 * Returns: (element-type utf8 KlingKept) */
static GHashTable *
map_videos (GPtrArray * videos)
{
  GHashTable *map = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < videos->len; i++) {
    KlingKept *video = videos->pdata[i];

    g_hash_table_insert (map, video->sha256, video);
  }
  return map;
}

static gboolean
is_older (const KlingRecord * record, GHashTable * videos, gint64 before)
{
  const KlingKept *video = record->sha256 ? g_hash_table_lookup (videos,
      record->sha256) : NULL;

  return record->changed_at < before
      && (video == NULL || video->played_at < before);
}

/* Returns: whether nothing went wrong; *@kept counts what has to stay */
static gboolean
remove_if_old (KlingStore * store, GHashTable * users, GHashTable * videos,
    const char *key, const Options * options, guint * kept)
{
  gint64 before = g_get_real_time () - options->older_than * G_TIME_SPAN_DAY;
  g_autoptr (KlingRecord) record = NULL;
  g_autofree char *objection = NULL;

  if (!kling_store_read (store, key, &record, NULL)) {
    *kept += 1;
    return TRUE;
  }
  if (record == NULL || !is_older (record, videos, before))
    return TRUE;
  objection = kling_store_dup_objection (record);
  if (objection) {
    *kept += 1;
    return TRUE;
  }
  return remove_one (store, users, key, before, options);
}

static int
remove_old (KlingStore * store, GPtrArray * keys, const Options * options)
{
  g_autoptr (GHashTable) users = kling_store_find_users (store, NULL);
  g_autoptr (GPtrArray) list = kling_kept_list (store);
  g_autoptr (GHashTable) videos = map_videos (list);
  int status = FINE;
  guint kept = 0;

  for (guint i = 0; i < keys->len; i++) {
    if (!remove_if_old (store, users, videos, keys->pdata[i], options, &kept))
      status = TROUBLE;
  }
  if (kept)
    g_print
        ("%u records stay that are old enough, because they are not at their"
        " end, or damaged: see \"list\".\n", kept);
  return status;
}

static int
run_remove (KlingStore * store, GPtrArray * keys, char **prefixes,
    const Options * options)
{
  return options->older_than < 0 ? remove_keys (store, keys, prefixes, options)
      : remove_old (store, keys, options);
}

/* --- the command line --- */

/* As the element finds it. Returns: (nullable): %NULL when there is none */
static char *
dup_store_path (const Options * options)
{
  const char *environment = g_getenv ("KLING_STORE");
  const char *set = options->store ? options->store : environment;

  if (set == NULL)
    return g_build_filename (g_get_user_state_dir (), "klinglipsync", NULL);
  return *set ? g_strdup (set) : NULL;
}

/* Nothing is made of a directory that is no store: its name may be mistyped. */
static KlingStore *
open_store (const Options * options)
{
  g_autofree char *path = dup_store_path (options);
  g_autofree char *salt = path ? g_build_filename (path, "salt", NULL) : NULL;
  g_autoptr (GError) error = NULL;
  KlingStore *store;

  if (path == NULL) {
    complain
        ("KLING_STORE is empty, so there is no store. Name one with --store.");
    return NULL;
  }
  if (access (salt, F_OK) != 0) {
    complain
        ("There is no store in \"%s\": nothing was asked for with it yet, or"
        " --store names another directory.", path);
    return NULL;
  }
  store = kling_store_open (path, &error);
  if (store == NULL)
    complain ("%s", error->message);
  return store;
}

static int
run_command (char **words, const Options * options)
{
  g_autoptr (KlingStore) store = open_store (options);
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GError) error = NULL;

  if (store == NULL)
    return TROUBLE;
  keys = kling_store_list (store, &error);
  if (keys == NULL) {
    complain ("%s", error->message);
    return TROUBLE;
  }
  if (g_str_equal (words[0], "list"))
    return run_list (store, keys);
  if (g_str_equal (words[0], "show"))
    return run_show (store, keys, words[1]);
  return run_remove (store, keys, words + 1, options);
}

/* Returns: (nullable): what is wrong with the command line */
static const char *
check_usage (char **words, const Options * options)
{
  guint n = words ? g_strv_length (words) : 0;
  gboolean old = options->older_than >= 0;

  if (n == 0)
    return "Say what to do: list, show or remove.";
  if (g_str_equal (words[0], "list"))
    return n == 1 ? NULL : "list takes no keys.";
  if (g_str_equal (words[0], "show"))
    return n == 2 ? NULL : "show takes the key of one record.";
  if (!g_str_equal (words[0], "remove"))
    return "There are the commands list, show and remove.";
  if (options->older_than > MAX_DAYS)
    return "--older-than takes a number of days, at most 36500.";
  if ((n > 1) == old)
    return "remove takes either keys or --older-than DAYS.";
  if (old && options->force)
    return "--force needs keys: what it removes may have been paid for, so each"
        " is named.";
  return NULL;
}

static const char summary[] =
    "Looks after the store of klinglipsync: what was asked, what it cost, and the\n"
    "videos that are kept. Needs no network and no key.\n\n"
    "  list               all records, a line each, and what they cost together\n"
    "  show KEY           all about one, and what to do about it\n"
    "  remove KEY...      forget these, and their videos\n"
    "  remove --older-than DAYS\n"
    "                     forget what is at its end and was not used for so long\n\n"
    "KEY is the first digits of a key, as many as tell it from others.\n"
    "Removing a record that is done means that the same request is paid for again.";

static const char description[] =
    "Exit status: 0 all is well; 1 a record is damaged, was not found or was not\n"
    "removed, or the store cannot be used; 2 the command line is wrong.";

static GOptionContext *
make_context (Options * options)
{
  const GOptionEntry entries[] = {
    {"store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
          "The store (default: KLING_STORE, else $XDG_STATE_HOME/klinglipsync)",
        "DIR"},
    {"older-than", 0, 0, G_OPTION_ARG_INT, &options->older_than,
        "remove: what was not changed or played for so many days", "DAYS"},
    {"force", 0, 0, G_OPTION_ARG_NONE, &options->force,
        "remove: also what is not at its end, or is damaged", NULL},
    {"dry-run", 0, 0, G_OPTION_ARG_NONE, &options->dry_run,
        "remove: only say what would be removed", NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new ("list | show KEY | remove"
      " [KEY...]");

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

int
main (int argc, char **argv)
{
  Options options = {.older_than = -1 };
  g_autoptr (GOptionContext) context = make_context (&options);
  g_autoptr (GError) error = NULL;
  const char *wrong = NULL;
  int status;

  setlocale (LC_ALL, "");
  if (g_option_context_parse (context, &argc, &argv, &error))
    wrong = check_usage (argv + 1, &options);
  else
    wrong = error->message;
  if (wrong) {
    complain ("%s Try --help.", wrong);
    status = USAGE;
  } else {
    status = run_command (argv + 1, &options);
  }
  g_free (options.store);
  return status;
}
