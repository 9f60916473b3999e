/* klinglipsync: tests of records as text
 *
 * A record is what keeps a second run from paying again. So the one test is that
 * it comes back as it was, and all the others that nothing else is believed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-record.h"

#define KEY "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define SUM "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
#define HEADER \
  "# klinglipsync: what was asked and bought. Do not change this file.\n"

static KlingFace *
make_face (const gchar * id, gint64 start, gint64 end, gint x)
{
  KlingFace face = { (gchar *) id, NULL, start, end, x, 2, 3, 4 };

  return kling_face_copy (&face);
}

static void
fill_bought (KlingRecord * record)
{
  record->task_id = g_strdup ("87");
  record->query_path = 1;
  record->units = 2.5;
  record->sha256 = g_strdup (SUM);
  record->size = 12345;
  record->duration = 5042000;
  record->delivered = TRUE;
  record->etag = g_strdup ("W/\"a\\b\"");
  record->part_length = 0;
  record->boot = g_strdup ("0c6e7143");
  record->session_id = g_strdup ("s-1");
  record->faces = kling_faces_new ();
  g_ptr_array_add (record->faces, make_face ("0", 0, 5200, 1));
  g_ptr_array_add (record->faces, make_face ("f.2", -1, -1, 65535));
  record->face_id = g_strdup ("f.2");
  record->speech_id = g_strdup ("a-1");
  record->speech_length = 4321;
}

static void
fill_reason (KlingRecord * record)
{
  record->reason = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_OUTCOME_UNKNOWN, " Lost.\nThe answer = [gone]; \t#1");
  record->details.http_status = 502;
  record->details.service_code = g_strdup ("5001");
  record->details.request_id = g_strdup ("r 1");
  record->details.task_id = g_strdup ("86");
}

/* Every field says something. */
static KlingRecord *
make_record (KlingRecordKind kind, KlingRecordState state)
{
  KlingRecord *record = kling_record_new (kind, KEY);

  record->state = state;
  record->dialect = g_strdup ("official");
  record->service = g_strdup ("https://api-singapore.klingai.com");
  record->label = g_strdup ("\"晚上好。 Good evening; = \\\"");
  record->take = g_strdup (" second\n");
  record->account = g_strdup (SUM);
  record->attempt = 2;
  record->resent = TRUE;
  record->sent_at = 1700000000000001;
  record->external_id = g_strdup ("kl1-zebdozggweavtkbrdqt6oadglt63uybw");
  record->owed_place = g_strdup ("s3:bucket");
  record->owed_video = g_strdup ("v.mp4");
  record->owed_audio = g_strdup ("a.wav");
  record->created_at = 1700000000000000;
  record->changed_at = 1700000000000002;
  fill_bought (record);
  fill_reason (record);
  return record;
}

/* Only what a record of this state and kind has to have */
static KlingRecord *
make_small (void)
{
  KlingRecord *record = kling_record_new (KLING_RECORD_REQUEST, KEY);

  record->state = KLING_RECORD_RUNNING;
  record->task_id = g_strdup ("87");
  record->attempt = 1;
  record->created_at = 0;
  return record;
}

static KlingRecord *
read_back (const KlingRecord * record)
{
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);
  g_autoptr (GError) error = NULL;
  KlingRecord *back = kling_record_from_text (text, size, &error);

  fail_unless (back != NULL, "%s: %s", error ? error->message : "?", text);
  fail_unless_equals_int (strlen (text), size);
  return back;
}

static void
check_face (const KlingFace * a, const KlingFace * b)
{
  fail_unless_equals_string (a->id, b->id);
  fail_unless_equals_int64 (a->start, b->start);
  fail_unless_equals_int64 (a->end, b->end);
  fail_unless_equals_int (a->x, b->x);
  fail_unless_equals_int (a->y, b->y);
  fail_unless_equals_int (a->width, b->width);
  fail_unless_equals_int (a->height, b->height);
}

static void
check_bought (const KlingRecord * a, const KlingRecord * b)
{
  fail_unless_equals_string (a->task_id, b->task_id);
  fail_unless_equals_int (a->query_path, b->query_path);
  fail_unless_equals_float (a->units, b->units);
  fail_unless_equals_string (a->sha256, b->sha256);
  fail_unless_equals_int64 (a->size, b->size);
  fail_unless_equals_int64 (a->duration, b->duration);
  fail_unless_equals_int (a->delivered, b->delivered);
  fail_unless_equals_string (a->etag, b->etag);
  fail_unless_equals_int64 (a->part_length, b->part_length);
  fail_unless_equals_string (a->boot, b->boot);
  fail_unless_equals_string (a->session_id, b->session_id);
  fail_unless_equals_string (a->face_id, b->face_id);
  fail_unless_equals_string (a->speech_id, b->speech_id);
  fail_unless_equals_int64 (a->speech_length, b->speech_length);
  fail_unless_equals_int (a->faces != NULL, b->faces != NULL);
  if (a->faces == NULL)
    return;
  fail_unless_equals_int (a->faces->len, b->faces->len);
  for (guint i = 0; i < a->faces->len; i++)
    check_face (a->faces->pdata[i], b->faces->pdata[i]);
}

static void
check_reason (const KlingRecord * a, const KlingRecord * b)
{
  fail_unless_equals_int (a->reason != NULL, b->reason != NULL);
  if (a->reason) {
    fail_unless (g_error_matches (b->reason, KLING_ERROR, a->reason->code));
    fail_unless_equals_string (a->reason->message, b->reason->message);
  }
  fail_unless_equals_int (a->details.http_status, b->details.http_status);
  fail_unless_equals_string (a->details.service_code, b->details.service_code);
  fail_unless_equals_string (a->details.request_id, b->details.request_id);
  fail_unless_equals_string (a->details.task_id, b->details.task_id);
}

static void
check_equal (const KlingRecord * a, const KlingRecord * b)
{
  fail_unless_equals_int (a->kind, b->kind);
  fail_unless_equals_int (a->state, b->state);
  fail_unless_equals_string (a->key, b->key);
  fail_unless_equals_string (a->dialect, b->dialect);
  fail_unless_equals_string (a->service, b->service);
  fail_unless_equals_string (a->label, b->label);
  fail_unless_equals_string (a->take, b->take);
  fail_unless_equals_string (a->account, b->account);
  fail_unless_equals_int (a->attempt, b->attempt);
  fail_unless_equals_int (a->resent, b->resent);
  fail_unless_equals_int64 (a->sent_at, b->sent_at);
  fail_unless_equals_string (a->external_id, b->external_id);
  fail_unless_equals_string (a->owed_place, b->owed_place);
  fail_unless_equals_string (a->owed_video, b->owed_video);
  fail_unless_equals_string (a->owed_audio, b->owed_audio);
  fail_unless_equals_int64 (a->created_at, b->created_at);
  fail_unless_equals_int64 (a->changed_at, b->changed_at);
  check_bought (a, b);
  check_reason (a, b);
}

#define N_KINDS (KLING_RECORD_TASK + 1)
#define N_STATES (KLING_RECORD_GONE + 1)

GST_START_TEST (test_round_trip)
{
  g_autoptr (KlingRecord) record = make_record (__i__ % N_KINDS,
      __i__ / N_KINDS);
  g_autoptr (KlingRecord) back = read_back (record);
  g_autoptr (KlingRecord) copy = kling_record_copy (back);

  check_equal (record, back);
  check_equal (record, copy);
}

GST_END_TEST;

/* What is not said stays unsaid: -1, 0 or %NULL. */
GST_START_TEST (test_round_trip_of_nothing)
{
  g_autoptr (KlingRecord) record = kling_record_new (__i__, KEY);
  g_autoptr (KlingRecord) back = read_back (record);

  check_equal (record, back);
  fail_unless_equals_int64 (back->size, -1);
  fail_unless_equals_float (back->units, -1);
  fail_unless_equals_int64 (back->sent_at, 0);
  fail_unless (back->faces == NULL);
}

GST_END_TEST;

GST_START_TEST (test_no_faces_found)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_SESSION,
      KLING_RECORD_DONE);
  g_autoptr (KlingRecord) back = NULL;

  g_ptr_array_set_size (record->faces, 0);
  back = read_back (record);
  fail_unless (back->faces != NULL && back->faces->len == 0);
}

GST_END_TEST;

/* Records of an earlier release have to be read by all later ones: what is here
 * may get more lines, but none of these may change. */
static const gchar golden[] = HEADER
    "[record]\n"
    "version=1\n"
    "kind=request\n"
    "state=unknown\n"
    "key=" KEY "\n"
    "dialect=official\n"
    "service=https://api-singapore.klingai.com\n"
    "label=\"晚上好。 Good evening; = \\\\\"\n"
    "take=\\ssecond\\n\n"
    "account=" SUM "\n"
    "attempt=2\n"
    "resent=true\n"
    "sent-at=1700000000000001\n"
    "external-id=kl1-zebdozggweavtkbrdqt6oadglt63uybw\n"
    "task-id=87\n"
    "query-path=1\n"
    "http-status=502\n"
    "service-code=5001\n"
    "request-id=r 1\n"
    "details-task-id=86\n"
    "units=2.5\n"
    "sha256=" SUM "\n"
    "size=12345\n"
    "duration=5042000\n"
    "delivered=true\n"
    "etag=W/\"a\\\\b\"\n"
    "part-length=0\n"
    "boot=0c6e7143\n"
    "owed-place=s3:bucket\n"
    "owed-video=v.mp4\n"
    "owed-audio=a.wav\n"
    "session-id=s-1\n"
    "face-id=f.2\n"
    "speech-id=a-1\n"
    "speech-length=4321\n"
    "created-at=1700000000000000\n"
    "changed-at=1700000000000002\n"
    "face-0=0 5200 1 2 3 4 0\n"
    "face-1=-1 -1 65535 2 3 4 f.2\n"
    "faces=2\n"
    "reason-code=10\n"
    "reason=\\sLost.\\nThe answer = [gone]; \t#1\n"
    "# sha256 "
    "2655026f2555df6d8ef984a92d28e9a22f07b22d4f8b10bbdd167462188cc30a\n";

GST_START_TEST (test_golden)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_REQUEST,
      KLING_RECORD_UNKNOWN);
  g_autoptr (KlingRecord) back = NULL;
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);

  fail_unless_equals_string (text, golden);
  back = kling_record_from_text (golden, strlen (golden), NULL);
  fail_unless (back != NULL);
  check_equal (record, back);
}

GST_END_TEST;

/* --- what is damaged --- */

static void
check_refused (const gchar * text, gsize size, const gchar * why)
{
  g_autoptr (GError) error = NULL;
  /* a block of just this size, so that a sanitizer sees the end */
  g_autofree gchar *copy = g_memdup2 (text, size);
  g_autoptr (KlingRecord) record = kling_record_from_text (copy, size, &error);

  fail_unless (record == NULL, "%.*s", (gint) size, text);
  fail_unless (g_error_matches (error, KLING_ERROR, KLING_ERROR_LOCAL));
  fail_unless (strlen (error->message) < 200);
  fail_unless (why == NULL || strstr (error->message, why), "\"%s\": %s",
      why, error->message);
}

/* Each bit of each byte, and each byte as a zero */
GST_START_TEST (test_flipped)
{
  g_autoptr (KlingRecord) record = make_small ();
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);

  for (gsize i = 0; i < size; i++) {
    gchar byte = text[i];

    for (guint bit = 0; bit < 8; bit++) {
      text[i] = (gchar) (byte ^ (1 << bit));
      check_refused (text, size, NULL);
    }
    text[i] = '\0';
    check_refused (text, size, NULL);
    text[i] = byte;
  }
}

GST_END_TEST;

GST_START_TEST (test_cut_off)
{
  g_autoptr (KlingRecord) record = make_small ();
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);

  for (gsize i = 0; i < size; i++)
    check_refused (text, i, NULL);
  check_refused ("", 0, "cut off");
}

GST_END_TEST;

/* Room that was not cut to size before a crash */
GST_START_TEST (test_trailing_zeros)
{
  g_autoptr (KlingRecord) record = make_small ();
  g_autoptr (KlingRecord) back = NULL;
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);
  g_autofree gchar *room = g_malloc0 (65536);

  check_refused (room, 65536, "cut off");
  memcpy (room, text, size);
  back = kling_record_from_text (room, 65536, NULL);
  fail_unless (back != NULL);
  check_equal (record, back);
}

GST_END_TEST;

GST_START_TEST (test_something_behind)
{
  g_autoptr (KlingRecord) record = make_small ();
  gsize size;
  g_autofree gchar *text = kling_record_to_text (record, &size);
  g_autofree gchar *twice = g_strconcat (text, text, NULL);
  g_autofree gchar *line = g_strconcat (text, "\n", NULL);

  check_refused (twice, strlen (twice), "checksum");
  check_refused (line, strlen (line), "checksum");
}

GST_END_TEST;

/* --- what is whole, and cannot be right --- */

#define HEAD "[record]\nversion=1\n"
#define BASE HEAD "kind=request\nkey=" KEY "\n"
#define READY BASE "state=ready\n"
#define FACES HEAD "kind=session\nkey=" KEY "\nstate=ready\n"

static const struct
{
  const gchar *body;
  const gchar *why;
} wrongs[] = {
  {"", "version"},
  {"[record]\n", "version"},
  {"version=1\n", "no record"},
  {"[record]\nkind=request\nstate=ready\nkey=" KEY "\n", "of which version"},
  {"[record]\nversion=0\nkind=request\nstate=ready\nkey=" KEY "\n",
      "of which version"},
  {"[record]\nversion=-1\nkind=request\nstate=ready\nkey=" KEY "\n",
      "version"},
  {"[record]\nversion=one\nkind=request\nstate=ready\nkey=" KEY "\n",
      "of which version"},
  {"[record]\nversion=2\nkind=future\n", "newer klinglipsync (version 2 of its"
        " format; this one knows 1)"},
  {HEAD "state=ready\nkey=" KEY "\n", "kind"},
  {HEAD "kind=\nstate=ready\nkey=" KEY "\n", "kind"},
  {HEAD "kind=REQUEST\nstate=ready\nkey=" KEY "\n", "kind"},
  {BASE, "state"},
  {BASE "state=bought\n", "state"},
  {HEAD "kind=request\nstate=ready\n", "no key"},
  {HEAD "kind=request\nstate=ready\nkey=\n", "key"},
  {HEAD "kind=request\nstate=ready\nkey=7692C3\n", "key"},
  {HEAD "kind=request\nstate=ready\nkey=" KEY "0\n", "key"},
  {HEAD "kind=request\nstate=ready\nkey=../../../../../../../../../../../../../"
        "../../../../../../etc/pass\n", "key"},

  /* what a state has to say */
  {BASE "state=sending\n", "no attempt"},
  {BASE "state=unknown\nattempt=1\n", "no reason"},
  {BASE "state=failed\nattempt=1\ntask-id=1\n", "no reason"},
  {BASE "state=gone\nattempt=1\ntask-id=1\n", "no reason"},
  {BASE "state=running\nattempt=1\n", "no task-id"},
  {BASE "state=fetching\nattempt=1\n", "no task-id"},
  {BASE "state=done\nattempt=1\nsha256=" SUM "\n", "no task-id"},
  {BASE "state=done\nattempt=1\ntask-id=1\n", "no sha256"},
  {HEAD "kind=task\nstate=done\nkey=" KEY "\ntask-id=1\n", "no sha256"},
  {HEAD "kind=session\nstate=done\nkey=" KEY "\ntask-id=1\n", "session-id"},
  {HEAD "kind=speech\nstate=done\nkey=" KEY "\nsession-id=1\n", "speech-id"},

  /* ids become parts of paths that are requested with the key, or of files */
  {READY "task-id=../../user/token\n", "task-id"},
  {READY "task-id=..\n", "task-id"},
  {READY "task-id=a/b\n", "task-id"},
  {READY "task-id=a b\n", "task-id"},
  {READY "task-id=\n", "task-id"},
  {READY "task-id=a\\n\n", "task-id"},
  {READY "details-task-id=a?b\n", "details-task-id"},
  {READY "session-id=a/b\n", "session-id"},
  {READY "speech-id=a/b\n", "speech-id"},
  {READY "face-id=a/b\n", "face-id"},
  {READY "sha256=../../../etc/passwd\n", "sha256"},
  {READY "sha256=" SUM ".\n", "sha256"},
  {READY "take=\n", "take"},
  {READY "account=me\n", "account"},

  /* numbers */
  {READY "attempt=-1\n", "attempt"},
  {READY "attempt=4294967297\n", "attempt"},
  {READY "attempt=4294967295\n", "attempt"},
  {READY "attempt=18446744073709551616\n", "attempt"},
  {READY "attempt=two\n", "attempt"},
  {READY "query-path=4294967296\n", "query-path"},
  {READY "http-status=-200\n", "http-status"},
  {READY "sent-at=-9223372036854775808\n", "sent-at"},
  {READY "sent-at=9223372036854775808\n", "sent-at"},
  {READY "size=-2\n", "size"},
  {READY "size=1e3\n", "size"},
  {READY "size=\n", "size"},
  {READY "units=nan\n", "units"},
  {READY "units=inf\n", "units"},
  {READY "units=-1\n", "units"},
  {READY "resent=perhaps\n", "resent"},

  /* texts */
  {READY "label=\xff\xfe\n", "label"},
  {READY "label=\\q\n", "label"},
  {READY "reason-code=10\nreason=\xff\n", "reason"},
  {READY "reason=Lost.\n", "reason-code"},
  {READY "reason-code=-1\nreason=Lost.\n", "reason-code"},
  {READY "reason-code=14\nreason=Lost.\n", "reason-code"},

  /* faces */
  {FACES "faces=65\n", "faces"},
  {FACES "faces=-1\n", "faces"},
  {FACES "faces=18446744073709551615\n", "faces"},
  {FACES "faces=1\n", "face-0"},
  {FACES "faces=1\nface-0=\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 4 5\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 4 5 \n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 4 5 6 7\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 4 5 ../6\n", "face-0"},
  {FACES "faces=1\nface-0=-2 1 2 3 4 5 6\n", "face-0"},
  {FACES "faces=1\nface-0=0 86400001 2 3 4 5 6\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 -1 3 4 5 6\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 65536 5 6\n", "face-0"},
  {FACES "faces=1\nface-0=0 1 2 3 4294967297 5 6\n", "face-0"},
  {FACES "faces=1\nface-0=zero 1 2 3 4 5 6\n", "face-0"},
  {FACES "faces=2\nface-0=0 1 2 3 4 5 6\n", "face-1"},

  {"[record\n", "no record"},
  {"<html>\n", "no record"},
};

static gchar *
seal (const gchar * body)
{
  g_autofree gchar *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
      body, -1);

  return g_strconcat (body, "# sha256 ", sum, "\n", NULL);
}

GST_START_TEST (test_wrong)
{
  g_autofree gchar *text = seal (wrongs[__i__].body);

  check_refused (text, strlen (text), wrongs[__i__].why);
}

GST_END_TEST;

/* The rows above differ from these by what is wrong with them. */
static const gchar *const rights[] = {
  READY,
  READY "a-new-field=of a later release\n",
  READY "reason-code=13\nreason=\n",
  FACES "faces=1\nface-0=0 86400000 2 3 65535 5 6\n",
  BASE "state=sending\nattempt=1\n",
  BASE "state=refused\n",
  BASE "state=running\ntask-id=1\n",
  BASE "state=done\ntask-id=1\nsha256=" SUM "\n",
  HEAD "kind=session\nstate=running\nkey=" KEY "\n",
  /* of speech the service may name the task before the sound is there */
  HEAD "kind=speech\nstate=done\nkey=" KEY "\ntask-id=1\n",
  HEAD "kind=speech\nstate=done\nkey=" KEY "\nspeech-id=1\n",
};

GST_START_TEST (test_right)
{
  g_autofree gchar *text = seal (rights[__i__]);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlingRecord) record = kling_record_from_text (text, strlen (text),
      &error);

  fail_unless (record != NULL, "%s: %s", error ? error->message : "?", text);
}

GST_END_TEST;

/* --- what comes from elsewhere --- */

/* A task that was paid for is not lost because a server has sent rubbish. */
GST_START_TEST (test_any_text)
{
  g_autoptr (KlingRecord) record = make_small ();
  g_autoptr (KlingRecord) back = NULL;
  g_autofree gchar *long_text = g_strnfill (1024 * 1024, 'a');

  record->etag = g_strdup ("\"\xff\xfe\x80\"");
  record->take = g_strdup ("a\xc3");
  record->boot = g_strdup ("");
  record->owed_video = g_strdup ("\x01\x02\x7f\r\n");
  record->label = g_strdup (long_text);
  record->account = g_strdup ("no sum");
  record->details.task_id = g_strdup ("no/id");
  record->reason = g_error_new_literal (KLING_ERROR, KLING_ERROR_SERVICE,
      long_text);
  back = read_back (record);
  fail_unless_equals_string (back->task_id, "87");
  fail_unless (g_utf8_validate (back->etag, -1, NULL));
  fail_unless (g_utf8_validate (back->take, -1, NULL));
  fail_unless_equals_string (back->owed_video, "\x01\x02\x7f\r\n");
  fail_unless_equals_int (strlen (back->label), 4096);
  fail_unless_equals_int (strlen (back->reason->message), 4096);
  fail_unless (back->boot == NULL && back->account == NULL);
  fail_unless (back->details.task_id == NULL);
}

GST_END_TEST;

GST_START_TEST (test_cut_within_a_character)
{
  g_autoptr (KlingRecord) record = make_small ();
  g_autoptr (KlingRecord) back = NULL;
  GString *text = g_string_new ("a");

  while (text->len < 8192)
    g_string_append (text, "好");
  record->label = g_string_free (text, FALSE);
  back = read_back (record);
  fail_unless (g_utf8_validate (back->label, -1, NULL));
  fail_unless (strlen (back->label) <= 4096 + 2);
}

GST_END_TEST;

/* Nor because an error has no words. */
GST_START_TEST (test_empty_reason)
{
  g_autoptr (KlingRecord) record = make_small ();
  g_autoptr (KlingRecord) back = NULL;

  record->reason = g_error_new_literal (KLING_ERROR, KLING_ERROR_SERVICE, "");
  record->state = KLING_RECORD_UNKNOWN;
  back = read_back (record);
  fail_unless_equals_string (back->reason->message, "");
}

GST_END_TEST;

/* Pictures of faces stand at URLs that are signed. */
GST_START_TEST (test_no_pictures)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_SESSION,
      KLING_RECORD_DONE);
  KlingFace *face = record->faces->pdata[0];
  g_autoptr (KlingRecord) copy = NULL;
  g_autofree gchar *text = NULL;
  gsize size;

  face->image_url = g_strdup ("https://example.com/f.png?sig=canary");
  copy = kling_record_copy (record);
  text = kling_record_to_text (copy, &size);
  fail_if (strstr (text, "canary") || strstr (text, "f.png"));
}

GST_END_TEST;

GST_START_TEST (test_set_reason)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_REQUEST,
      KLING_RECORD_UNKNOWN);
  g_autofree gchar *message = g_strdup (record->reason->message);
  static const KlingDetails none = { 0 };
  g_autoptr (GError) other = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_POLICY, "No.");

  /* its own, too */
  kling_record_set_reason (record, KLING_RECORD_FAILED, record->reason,
      &record->details);
  fail_unless_equals_int (record->state, KLING_RECORD_FAILED);
  fail_unless_equals_string (record->reason->message, message);
  fail_unless_equals_string (record->details.request_id, "r 1");

  kling_record_set_reason (record, KLING_RECORD_GONE, other, &none);
  fail_unless_equals_int (record->state, KLING_RECORD_GONE);
  fail_unless_equals_string (record->reason->message, "No.");
  fail_unless (record->details.request_id == NULL);
  fail_unless_equals_int (record->details.http_status, 0);
}

GST_END_TEST;

GST_START_TEST (test_forget)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_SESSION,
      KLING_RECORD_DONE);

  kling_record_forget_session (record);
  fail_unless_equals_int (record->state, KLING_RECORD_READY);
  fail_unless (record->session_id == NULL && record->faces == NULL
      && record->face_id == NULL);
  fail_unless_equals_int (record->attempt, 2);

  kling_record_forget_part (record);
  fail_unless (record->etag == NULL && record->boot == NULL);
  fail_unless_equals_int64 (record->part_length, -1);
  fail_unless_equals_string (record->task_id, "87");
}

GST_END_TEST;

GST_START_TEST (test_has_task)
{
  g_autoptr (KlingRecord) record = make_small ();
  KlingRecordState state = __i__;

  record->state = state;
  fail_unless_equals_int (kling_record_has_task (record),
      state == KLING_RECORD_RUNNING || state == KLING_RECORD_FETCHING
      || state == KLING_RECORD_DONE);
  fail_unless (*kling_record_state_get_nick (state) != '\0');
}

GST_END_TEST;

GST_START_TEST (test_kind_nicks)
{
  static const gchar *const nicks[] =
      { "request", "session", "speech", "task" };

  fail_unless_equals_string (kling_record_kind_get_nick (__i__), nicks[__i__]);
}

GST_END_TEST;

static Suite *
record_suite (void)
{
  Suite *suite = suite_create ("record");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, test_round_trip, 0, N_KINDS * N_STATES);
  tcase_add_loop_test (tc, test_round_trip_of_nothing, 0, N_KINDS);
  tcase_add_test (tc, test_no_faces_found);
  tcase_add_test (tc, test_golden);
  tcase_add_test (tc, test_flipped);
  tcase_add_test (tc, test_cut_off);
  tcase_add_test (tc, test_trailing_zeros);
  tcase_add_test (tc, test_something_behind);
  tcase_add_loop_test (tc, test_wrong, 0, G_N_ELEMENTS (wrongs));
  tcase_add_loop_test (tc, test_right, 0, G_N_ELEMENTS (rights));
  tcase_add_test (tc, test_any_text);
  tcase_add_test (tc, test_cut_within_a_character);
  tcase_add_test (tc, test_empty_reason);
  tcase_add_test (tc, test_no_pictures);
  tcase_add_test (tc, test_set_reason);
  tcase_add_test (tc, test_forget);
  tcase_add_loop_test (tc, test_has_task, 0, N_STATES);
  tcase_add_loop_test (tc, test_kind_nicks, 0, N_KINDS);
  return suite;
}

GST_CHECK_MAIN (record);
