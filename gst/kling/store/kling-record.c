/* klinglipsync: what is known of something that costs money
 *
 * A record as a structure and as text. The text is a key file with a version,
 * and a last line with the SHA-256 of all before it, so that a record which was
 * cut off, damaged or edited is not believed. Pure functions, for any thread; a
 * record belongs to whoever holds its entry.
 *
 * Whatever is written can be read again: what came from elsewhere is cut and made
 * UTF-8 on the way out. Whatever is read is bounded.
 *
 * A new field that is not there by default needs no new version: older programs
 * do not read it. Anything else does, and then older programs refuse the record
 * instead of paying again.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-record.h"

#include <string.h>
#include "kling-answer.h"

#define VERSION_NUMBER 1
#define GROUP "record"
#define HEADER \
  "# klinglipsync: what was asked and bought. Do not change this file.\n"
#define TRAILER "# sha256 "
#define SHA256_LENGTH 64
/* Of the texts in a record only the reason is longer than a line. */
#define MAX_TEXT 4096
/* More is neither an attempt nor a status. */
#define MAX_COUNT 100000
/* As answers are read: a day, and the widest picture */
#define MAX_MILLISECONDS (24 * 60 * 60 * 1000)
#define MAX_PIXELS 65535

static const gchar *const kind_nicks[] = {
  [KLING_RECORD_REQUEST] = "request",
  [KLING_RECORD_SESSION] = "session",
  [KLING_RECORD_SPEECH] = "speech",
  [KLING_RECORD_TASK] = "task",
};

static const gchar *const state_nicks[] = {
  [KLING_RECORD_READY] = "ready",
  [KLING_RECORD_SENDING] = "sending",
  [KLING_RECORD_UNKNOWN] = "unknown",
  [KLING_RECORD_RUNNING] = "running",
  [KLING_RECORD_FETCHING] = "fetching",
  [KLING_RECORD_DONE] = "done",
  [KLING_RECORD_FAILED] = "failed",
  [KLING_RECORD_REFUSED] = "refused",
  [KLING_RECORD_GONE] = "gone",
};

typedef enum
{
  TEXT,
  ID,                           /* as kling_id_is_valid() allows it */
  SUM,                          /* SHA-256 in hex */
  NUMBER,                       /* gint64, not written below 0 */
  COUNT,                        /* guint, at most MAX_COUNT */
  FACTOR,                       /* gdouble, not written below 0 */
  SWITCH,
} Type;

typedef struct
{
  const gchar *name;
  Type type;
  gsize offset;
} Field;

#define FIELD(name, type, member) \
  { name, type, G_STRUCT_OFFSET (KlingRecord, member) }

/* Beside these: version, kind, state, reason and faces */
static const Field fields[] = {
  FIELD ("key", SUM, key),
  FIELD ("dialect", TEXT, dialect),
  FIELD ("service", TEXT, service),
  FIELD ("label", TEXT, label),
  FIELD ("take", TEXT, take),
  FIELD ("account", SUM, account),
  FIELD ("attempt", COUNT, attempt),
  FIELD ("resent", SWITCH, resent),
  FIELD ("sent-at", NUMBER, sent_at),
  FIELD ("external-id", TEXT, external_id),
  FIELD ("task-id", ID, task_id),
  FIELD ("query-path", COUNT, query_path),
  FIELD ("http-status", COUNT, details.http_status),
  FIELD ("service-code", TEXT, details.service_code),
  FIELD ("request-id", TEXT, details.request_id),
  FIELD ("details-task-id", ID, details.task_id),
  FIELD ("units", FACTOR, units),
  FIELD ("sha256", SUM, sha256),
  FIELD ("size", NUMBER, size),
  FIELD ("duration", NUMBER, duration),
  FIELD ("delivered", SWITCH, delivered),
  FIELD ("etag", TEXT, etag),
  FIELD ("part-length", NUMBER, part_length),
  FIELD ("boot", TEXT, boot),
  FIELD ("owed-place", TEXT, owed_place),
  FIELD ("owed-video", TEXT, owed_video),
  FIELD ("owed-audio", TEXT, owed_audio),
  FIELD ("session-id", ID, session_id),
  FIELD ("face-id", ID, face_id),
  FIELD ("speech-id", ID, speech_id),
  FIELD ("speech-length", NUMBER, speech_length),
  FIELD ("created-at", NUMBER, created_at),
  FIELD ("changed-at", NUMBER, changed_at),
};

#define MEMBER(record, field, type) \
  ((type *) G_STRUCT_MEMBER_P (record, (field)->offset))

static gboolean
is_string (const Field * field)
{
  return field->type == TEXT || field->type == ID || field->type == SUM;
}

/**
 * kling_record_new:
 * @kind: what it is about
 * @key: 64 hex digits
 *
 * Returns: (transfer full): a record that says that nothing was bought
 */
KlingRecord *
kling_record_new (KlingRecordKind kind, const gchar * key)
{
  KlingRecord *record = g_new0 (KlingRecord, 1);

  record->kind = kind;
  record->key = g_strdup (key);
  record->units = -1;
  record->size = -1;
  record->duration = -1;
  record->part_length = -1;
  record->speech_length = -1;
  record->created_at = g_get_real_time ();
  return record;
}

/**
 * kling_record_copy:
 * @record: a record
 *
 * Returns: (transfer full): a copy of @record
 */
KlingRecord *
kling_record_copy (const KlingRecord * record)
{
  KlingRecord *copy = g_new (KlingRecord, 1);

  *copy = *record;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    gchar **member = MEMBER (copy, &fields[i], gchar *);

    if (is_string (&fields[i]))
      *member = g_strdup (*member);
  }
  copy->reason = record->reason ? g_error_copy (record->reason) : NULL;
  copy->faces = record->faces ? kling_faces_copy (record->faces) : NULL;
  return copy;
}

/**
 * kling_record_free:
 * @record: (transfer full): a record
 */
void
kling_record_free (KlingRecord * record)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (is_string (&fields[i]))
      g_free (*MEMBER (record, &fields[i], gchar *));
  }
  g_clear_error (&record->reason);
  g_clear_pointer (&record->faces, g_ptr_array_unref);
  g_free (record);
}

/**
 * kling_record_set_task:
 * @record: a record
 * @task_id: the task that answers it
 *
 * Enters %KLING_RECORD_RUNNING. What was known of an earlier task, or why there
 * was none, is not about this one.
 */
void
kling_record_set_task (KlingRecord * record, const gchar * task_id)
{
  gchar *copy = g_strdup (task_id);

  g_free (record->task_id);
  record->task_id = copy;
  record->state = KLING_RECORD_RUNNING;
  record->query_path = 0;
  record->units = -1;
  g_clear_error (&record->reason);
  kling_details_clear (&record->details);
}

/**
 * kling_record_set_reason:
 * @record: a record
 * @state: a state that ends with an error
 * @reason: why
 * @details: beside @reason
 *
 * Enters @state, and keeps the error for later runs.
 */
void
kling_record_set_reason (KlingRecord * record, KlingRecordState state,
    const GError * reason, const KlingDetails * details)
{
  GError *copy = g_error_copy (reason);
  KlingDetails details_copy = { 0 };

  kling_details_copy (&details_copy, details);
  g_clear_error (&record->reason);
  kling_details_clear (&record->details);
  record->state = state;
  record->reason = copy;
  record->details = details_copy;
}

/**
 * kling_record_forget_session:
 * @record: the record of a session
 *
 * Sessions expire. What was chosen among the faces of one says nothing about
 * those of the next.
 */
void
kling_record_forget_session (KlingRecord * record)
{
  record->state = KLING_RECORD_READY;
  g_clear_pointer (&record->session_id, g_free);
  g_clear_pointer (&record->faces, g_ptr_array_unref);
  g_clear_pointer (&record->face_id, g_free);
}

/**
 * kling_record_forget_part:
 * @record: the record of a video
 *
 * The next download begins at the first byte.
 */
void
kling_record_forget_part (KlingRecord * record)
{
  g_clear_pointer (&record->etag, g_free);
  g_clear_pointer (&record->boot, g_free);
  record->part_length = -1;
}

/**
 * kling_record_has_task:
 * @record: a record
 *
 * Returns: whether the service is known to have accepted a task
 */
gboolean
kling_record_has_task (const KlingRecord * record)
{
  return record->state == KLING_RECORD_RUNNING
      || record->state == KLING_RECORD_FETCHING
      || record->state == KLING_RECORD_DONE;
}

/**
 * kling_record_dup_sent_at:
 * @record: a record
 *
 * Returns: (transfer full): when the call that costs was sent, for people
 */
gchar *
kling_record_dup_sent_at (const KlingRecord * record)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_local (record->sent_at / G_USEC_PER_SEC);

  return time ? g_date_time_format (time, "%F %T") : g_strdup ("?");
}

/**
 * kling_record_kind_get_nick:
 * @kind: what a record is about
 *
 * Returns: (transfer none): its word
 */
const gchar *
kling_record_kind_get_nick (KlingRecordKind kind)
{
  return kind_nicks[kind];
}

/**
 * kling_record_state_get_nick:
 * @state: a state
 *
 * Returns: (transfer none): its word
 */
const gchar *
kling_record_state_get_nick (KlingRecordState state)
{
  return state_nicks[state];
}

/* --- to text --- */

/* A header of a server or the name of a take may be anything. */
static void
write_string (GKeyFile * file, const gchar * name, const gchar * value)
{
  g_autofree gchar *text = g_utf8_make_valid (value, (gssize) strnlen (value,
          MAX_TEXT));

  g_key_file_set_string (file, GROUP, name, text);
}

static gboolean
is_sum (const gchar * text)
{
  gsize n = 0;

  while (g_ascii_isdigit (text[n]) || (text[n] >= 'a' && text[n] <= 'f'))
    n++;
  return n == SHA256_LENGTH && text[n] == '\0';
}

static gboolean
is_fit (Type type, const gchar * text)
{
  return text && *text && (type != ID || kling_id_is_valid (text))
      && (type != SUM || is_sum (text));
}

static void
write_field (GKeyFile * file, const KlingRecord * record, const Field * field)
{
  const gchar *text;

  switch (field->type) {
    case TEXT:
    case ID:
    case SUM:
      text = *MEMBER (record, field, gchar *);
      if (is_fit (field->type, text))
        write_string (file, field->name, text);
      break;
    case NUMBER:
      if (*MEMBER (record, field, gint64) >= 0)
        g_key_file_set_int64 (file, GROUP, field->name,
            *MEMBER (record, field, gint64));
      break;
    case COUNT:
      g_key_file_set_uint64 (file, GROUP, field->name,
          *MEMBER (record, field, guint));
      break;
    case FACTOR:
      if (*MEMBER (record, field, gdouble) >= 0)
        g_key_file_set_double (file, GROUP, field->name,
            *MEMBER (record, field, gdouble));
      break;
    case SWITCH:
      g_key_file_set_boolean (file, GROUP, field->name,
          *MEMBER (record, field, gboolean));
      break;
  }
}

/* Pictures of faces are at URLs that are signed and expire. */
static void
write_faces (GKeyFile * file, GPtrArray * faces)
{
  for (guint i = 0; faces && i < faces->len; i++) {
    const KlingFace *face = faces->pdata[i];
    g_autofree gchar *name = g_strdup_printf ("face-%u", i);
    g_autofree gchar *value = g_strdup_printf ("%" G_GINT64_FORMAT " %"
        G_GINT64_FORMAT " %d %d %d %d %s", face->start, face->end, face->x,
        face->y, face->width, face->height, face->id);

    write_string (file, name, value);
  }
  /* none found is something else than nothing said */
  if (faces)
    g_key_file_set_uint64 (file, GROUP, "faces", faces->len);
}

/**
 * kling_record_to_text:
 * @record: a record
 * @size: (out): how many bytes the text has
 *
 * Returns: (transfer full): @record as it is written to disk
 */
gchar *
kling_record_to_text (const KlingRecord * record, gsize * size)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *data = NULL;
  g_autofree gchar *body = NULL;
  g_autofree gchar *sum = NULL;
  gchar *text;

  g_key_file_set_uint64 (file, GROUP, "version", VERSION_NUMBER);
  g_key_file_set_string (file, GROUP, "kind", kind_nicks[record->kind]);
  g_key_file_set_string (file, GROUP, "state", state_nicks[record->state]);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    write_field (file, record, &fields[i]);
  write_faces (file, record->faces);
  if (record->reason) {
    g_key_file_set_integer (file, GROUP, "reason-code", record->reason->code);
    write_string (file, "reason", record->reason->message);
  }
  data = g_key_file_to_data (file, NULL, NULL);
  body = g_strconcat (HEADER, data, NULL);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);
  text = g_strconcat (body, TRAILER, sum, "\n", NULL);
  *size = strlen (text);
  return text;
}

/* --- from text --- */

static gboolean
set_wrong (GError ** error, const gchar * format, ...)
G_GNUC_PRINTF (2, 3);

     static gboolean set_wrong (GError ** error, const gchar * format, ...)
{
  va_list args;
  g_autofree gchar *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, KLING_ERROR, KLING_ERROR_LOCAL, text);
  return FALSE;
}

/* Whether the last line is the sum of the others. *@body becomes those. */
static gboolean
check_sum (const gchar * text, gsize size, gchar ** body, GError ** error)
{
  gsize length = size > 0 ? strnlen (text, size) : 0;
  gsize trailer = strlen (TRAILER) + SHA256_LENGTH + strlen ("\n");
  g_autofree gchar *expected = NULL;
  g_autofree gchar *sum = NULL;

  if (length < trailer)
    return set_wrong (error, "it is cut off");
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text,
      length - trailer);
  expected = g_strconcat (TRAILER, sum, "\n", NULL);
  if (memcmp (text + length - trailer, expected, trailer) != 0)
    return set_wrong (error, "its checksum is not that of what it says");
  *body = g_strndup (text, length - trailer);
  return TRUE;
}

static gboolean
find_nick (const gchar * const *nicks, guint n, const gchar * nick,
    guint * index)
{
  for (*index = 0; *index < n; *index += 1) {
    if (g_strcmp0 (nicks[*index], nick) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Returns: (transfer full) (nullable): GLib hands out texts it complains about. */
static gchar *
read_text (GKeyFile * file, const gchar * name, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *text = g_key_file_get_string (file, GROUP, name, &cause);

  if (text && cause == NULL)
    return g_steal_pointer (&text);
  set_wrong (error, "%s is no text", name);
  return NULL;
}

static gboolean
read_string (GKeyFile * file, KlingRecord * record, const Field * field,
    GError ** error)
{
  gchar **member = MEMBER (record, field, gchar *);

  g_free (*member);
  *member = read_text (file, field->name, error);
  if (*member == NULL)
    return FALSE;
  return is_fit (field->type, *member)
      || set_wrong (error, "%s is not one", field->name);
}

static gboolean
read_count (GKeyFile * file, const gchar * name, guint max, guint * count,
    GError ** error)
{
  g_autoptr (GError) cause = NULL;
  guint64 value = g_key_file_get_uint64 (file, GROUP, name, &cause);

  if (cause || value > max)
    return set_wrong (error, "%s is no such number", name);
  *count = (guint) value;
  return TRUE;
}

/* What may be unknown is not written when it is. */
static gboolean
read_number (GKeyFile * file, KlingRecord * record, const Field * field,
    GError ** error)
{
  g_autoptr (GError) cause = NULL;
  gdouble value;

  if (field->type == NUMBER) {
    gint64 *member = MEMBER (record, field, gint64);

    *member = g_key_file_get_int64 (file, GROUP, field->name, &cause);
    value = (gdouble) * member;
  } else {
    value = g_key_file_get_double (file, GROUP, field->name, &cause);
    *MEMBER (record, field, gdouble) = value;
  }
  if (cause || !(value >= 0 && value < (gdouble) G_MAXINT64))
    return set_wrong (error, "%s is no such number", field->name);
  return TRUE;
}

static gboolean
read_switch (GKeyFile * file, KlingRecord * record, const Field * field,
    GError ** error)
{
  g_autoptr (GError) cause = NULL;

  *MEMBER (record, field, gboolean) = g_key_file_get_boolean (file, GROUP,
      field->name, &cause);
  return cause == NULL
      || set_wrong (error, "%s is neither true nor false", field->name);
}

static gboolean
read_field (GKeyFile * file, KlingRecord * record, const Field * field,
    GError ** error)
{
  if (!g_key_file_has_key (file, GROUP, field->name, NULL))
    return TRUE;
  switch (field->type) {
    case TEXT:
    case ID:
    case SUM:
      return read_string (file, record, field, error);
    case COUNT:
      return read_count (file, field->name, MAX_COUNT,
          MEMBER (record, field, guint), error);
    case NUMBER:
    case FACTOR:
      return read_number (file, record, field, error);
    case SWITCH:
      return read_switch (file, record, field, error);
  }
  g_assert_not_reached ();
}

static gboolean
read_face_number (const gchar * word, gint64 min, gint64 max, gint64 * number)
{
  return g_ascii_string_to_signed (word, 10, min, max, number, NULL);
}

static gboolean
read_side (const gchar * word, gint * side)
{
  gint64 number;

  if (!read_face_number (word, 0, MAX_PIXELS, &number))
    return FALSE;
  *side = (gint) number;
  return TRUE;
}

/* Returns: (transfer full) (nullable): a face such as an answer may have */
static KlingFace *
read_face (const gchar * text)
{
  g_auto (GStrv) words = text ? g_strsplit (text, " ", 7) : NULL;
  KlingFace face = { 0 };

  if (words == NULL || g_strv_length (words) != 7
      || !kling_id_is_valid (words[6]))
    return NULL;
  face.id = words[6];
  if (!read_face_number (words[0], -1, MAX_MILLISECONDS, &face.start)
      || !read_face_number (words[1], -1, MAX_MILLISECONDS, &face.end)
      || !read_side (words[2], &face.x) || !read_side (words[3], &face.y)
      || !read_side (words[4], &face.width)
      || !read_side (words[5], &face.height))
    return NULL;
  return kling_face_copy (&face);
}

static gboolean
read_faces (GKeyFile * file, KlingRecord * record, GError ** error)
{
  guint n;

  if (!g_key_file_has_key (file, GROUP, "faces", NULL))
    return TRUE;
  if (!read_count (file, "faces", KLING_FACES_MAX, &n, error))
    return FALSE;
  record->faces = kling_faces_new ();
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("face-%u", i);
    g_autofree gchar *value = g_key_file_get_string (file, GROUP, name, NULL);
    KlingFace *face = read_face (value);

    if (face == NULL)
      return set_wrong (error, "%s is not one", name);
    g_ptr_array_add (record->faces, face);
  }
  return TRUE;
}

static gboolean
read_reason (GKeyFile * file, KlingRecord * record, GError ** error)
{
  g_autofree gchar *text = NULL;
  guint code;

  if (!g_key_file_has_key (file, GROUP, "reason", NULL))
    return TRUE;
  if (!read_count (file, "reason-code", KLING_ERROR_LOCAL, &code, error))
    return FALSE;
  text = read_text (file, "reason", error);
  if (text == NULL)
    return FALSE;
  record->reason = g_error_new_literal (KLING_ERROR, (gint) code, text);
  return TRUE;
}

/* What is there to look at later is what makes these states worth a record. */
static gboolean
needs_reason (const KlingRecord * record)
{
  return record->state == KLING_RECORD_UNKNOWN
      || record->state == KLING_RECORD_FAILED
      || record->state == KLING_RECORD_GONE;
}

/* What was bought. Of speech the task may be all that is known yet. */
static const gchar *
find_missing (const KlingRecord * record)
{
  gboolean done = record->state == KLING_RECORD_DONE;

  switch (record->kind) {
    case KLING_RECORD_REQUEST:
    case KLING_RECORD_TASK:
      if (kling_record_has_task (record) && record->task_id == NULL)
        return "task-id";
      return done && record->sha256 == NULL ? "sha256" : NULL;
    case KLING_RECORD_SESSION:
      return done && record->session_id == NULL ? "session-id" : NULL;
    case KLING_RECORD_SPEECH:
      return done && record->speech_id == NULL && record->task_id == NULL
          ? "speech-id" : NULL;
  }
  g_assert_not_reached ();
}

/* What a record in this state has to say, because it will be used */
static gboolean
check_state (const KlingRecord * record, GError ** error)
{
  const gchar *missing = find_missing (record);

  if (record->key == NULL)
    missing = "key";
  else if (needs_reason (record) && record->reason == NULL)
    missing = "reason";
  else if (record->state == KLING_RECORD_SENDING && record->attempt == 0)
    missing = "attempt";
  return missing == NULL || set_wrong (error, "it has no %s", missing);
}

static gboolean
check_version (GKeyFile * file, GError ** error)
{
  guint64 version = g_key_file_get_uint64 (file, GROUP, "version", NULL);

  if (version == VERSION_NUMBER)
    return TRUE;
  if (version > VERSION_NUMBER)
    return set_wrong (error, "it is of a newer klinglipsync (version %"
        G_GUINT64_FORMAT " of its format; this one knows %d)", version,
        VERSION_NUMBER);
  return set_wrong (error, "it does not say of which version it is");
}

static gboolean
read_record (GKeyFile * file, KlingRecord * record, GError ** error)
{
  g_autofree gchar *kind = g_key_file_get_string (file, GROUP, "kind", NULL);
  g_autofree gchar *state = g_key_file_get_string (file, GROUP, "state", NULL);
  guint kind_index, state_index;

  if (!find_nick (kind_nicks, G_N_ELEMENTS (kind_nicks), kind, &kind_index))
    return set_wrong (error, "its kind is none that is known");
  if (!find_nick (state_nicks, G_N_ELEMENTS (state_nicks), state, &state_index))
    return set_wrong (error, "its state is none that is known");
  record->kind = kind_index;
  record->state = state_index;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!read_field (file, record, &fields[i], error))
      return FALSE;
  }
  return read_faces (file, record, error) && read_reason (file, record, error)
      && check_state (record, error);
}

/**
 * kling_record_from_text:
 * @text: (array length=size): what kling_record_to_text() has made; zeros may
 *   follow
 * @size: how many bytes there are
 * @error: set to a %KLING_ERROR_LOCAL, the end of a sentence that says what is
 *   wrong with it
 *
 * Returns: (transfer full) (nullable): the record, if it can be believed
 */
KlingRecord *
kling_record_from_text (const gchar * text, gsize size, GError ** error)
{
  g_autoptr (KlingRecord) record = kling_record_new (KLING_RECORD_REQUEST,
      NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *body = NULL;

  if (!check_sum (text, size, &body, error))
    return NULL;
  if (!g_key_file_load_from_data (file, body, -1, G_KEY_FILE_NONE, NULL)) {
    set_wrong (error, "it is no record");
    return NULL;
  }
  if (!check_version (file, error) || !read_record (file, record, error))
    return NULL;
  return g_steal_pointer (&record);
}
