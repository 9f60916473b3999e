/* klinglipsync: tests of what a request is known by
 *
 * A request is written here as "name=value|name=value", with the names of the
 * properties and the units of KlingRequest; what comes last counts, and nothing
 * after the "=" unsets. "account" is not of the request but of who pays.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "kling-dialect.h"
#include "kling-digest.h"

#define PYTHON "/usr/bin/python3"

/* SHA-256 of "one" and of "two" */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

static const struct
{
  const gchar *name;
  gsize offset;
} strings[] = {
  {"base-url", G_STRUCT_OFFSET (KlingRequest, base_url)},
  {"session-id", G_STRUCT_OFFSET (KlingRequest, session_id)},
  {"video-url", G_STRUCT_OFFSET (KlingRequest, video_url)},
  {"video-id", G_STRUCT_OFFSET (KlingRequest, video_id)},
  {"face-id", G_STRUCT_OFFSET (KlingRequest, face_id)},
  {"face-image-url", G_STRUCT_OFFSET (KlingRequest, face_image_url)},
  {"text", G_STRUCT_OFFSET (KlingRequest, text)},
  {"cues", G_STRUCT_OFFSET (KlingRequest, cues)},
  {"voice-id", G_STRUCT_OFFSET (KlingRequest, voice_id)},
  {"voice-language", G_STRUCT_OFFSET (KlingRequest, voice_language)},
  {"audio-url", G_STRUCT_OFFSET (KlingRequest, audio_url)},
  {"audio-id", G_STRUCT_OFFSET (KlingRequest, audio_id)},
  {"external-task-id", G_STRUCT_OFFSET (KlingRequest, external_task_id)},
  {"callback-url", G_STRUCT_OFFSET (KlingRequest, callback_url)},
  {"take", G_STRUCT_OFFSET (KlingRequest, take)},
  {"task-id", G_STRUCT_OFFSET (KlingRequest, task_id)},
};

static gboolean
set_string (KlingRequest * request, const gchar * name, const gchar * value)
{
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++) {
    if (g_str_equal (name, strings[i].name)) {
      gchar **place = &G_STRUCT_MEMBER (gchar *, request, strings[i].offset);

      g_free (*place);
      *place = *value != '\0' ? g_strdup (value) : NULL;
      return TRUE;
    }
  }
  return FALSE;
}

static void
set_media (KlingMedia ** media, KlingMediaKind kind, const gchar * digest)
{
  g_clear_pointer (media, kling_media_unref);
  *media = kling_media_new_awaited (kind);
  (*media)->digest = g_strdup (digest);
}

static gboolean
set_number (KlingRequest * request, const gchar * name, gint64 value)
{
  if (g_str_equal (name, "voice-speed"))
    request->voice_speed = value;
  else if (g_str_equal (name, "audio-start"))
    request->audio_start = value;
  else if (g_str_equal (name, "audio-end"))
    request->audio_end = value;
  else if (g_str_equal (name, "insert-time"))
    request->insert_time = value;
  else if (g_str_equal (name, "audio-volume"))
    request->audio_volume = value;
  else if (g_str_equal (name, "original-audio-volume"))
    request->original_audio_volume = value;
  else
    return FALSE;
  return TRUE;
}

static void
set (KlingRequest * request, const gchar * name, const gchar * value)
{
  if (g_str_equal (name, "dialect"))
    fail_unless (kling_dialect_find (value, &request->dialect), "%s", value);
  else if (g_str_equal (name, "video"))
    set_media (&request->video, KLING_MEDIA_VIDEO, value);
  else if (g_str_equal (name, "audio"))
    set_media (&request->audio, KLING_MEDIA_AUDIO, value);
  else if (g_str_equal (name, "watermark"))
    request->watermark = g_str_equal (value, "true");
  else if (!set_string (request, name, value))
    fail_unless (set_number (request, name, g_ascii_strtoll (value, NULL, 10)),
        "%s", name);
}

static KlingRequest *
make_request (GStrv words)
{
  KlingRequest *request = kling_request_new ();

  for (; *words != NULL; words++) {
    g_auto (GStrv) pair = g_strsplit (*words, "=", 2);

    if (!g_str_equal (pair[0], "account"))
      set (request, pair[0], pair[1]);
  }
  return request;
}

static KlingRequest *
parse_request (const gchar * text, const gchar * change)
{
  g_autofree gchar *whole = g_strjoin ("|", text, change, NULL);
  g_auto (GStrv) words = g_strsplit (whole, "|", -1);

  return make_request (words);
}

/* Returns: who pays, as the last of the words says */
static gchar *
find_account (const gchar * text, const gchar * change)
{
  g_autofree gchar *whole = g_strjoin ("|", text, change, NULL);
  g_auto (GStrv) words = g_strsplit (whole, "|", -1);
  const gchar *account = NULL;

  for (gchar ** word = words; *word != NULL; word++) {
    if (g_str_has_prefix (*word, "account="))
      account = *word + strlen ("account=");
  }
  return g_strdup (account);
}

/* --- golden vectors --- */

#define GATEWAY "dialect=gateway|base-url=https://ai.alad.com"
#define FACE "|video-url=https://example.com/face.mp4"
#define EVENING \
    "|text=Good evening.|voice-id=oversea_male1|voice-language=en"
#define AWS "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101" \
    "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=7200&X-Amz-SignedHeaders=host"
#define OFFICIAL \
    "dialect=official|base-url=https://api-singapore.klingai.com"

static const struct
{
  const gchar *request;
  guint attempt;
  const gchar *digest;
  const gchar *external_id;
} goldens[] = {
  {GATEWAY FACE EVENING, 1,
        "abc5f1442a3f8de4d78502fa91da5077a8327d1006308e56d7ba7c198c3f9ca0",
      "kl1-zebdozggweavtkbrdqt6oadglt63uybw"},
  {GATEWAY FACE EVENING, 2,
        "abc5f1442a3f8de4d78502fa91da5077a8327d1006308e56d7ba7c198c3f9ca0",
      "kl1-ax22yxkjsbxrcixifd3kqthl3yy5ho5s"},
  {GATEWAY "|video-url=https://b.s3.example/face.mp4?versionId=7&" AWS
        "&X-Amz-Signature=00ff|audio=" ONE, 1,
        "1865cf6d0e33987bb7b8d00fbaa12c7d67f00bb133d04fe814b0d628582f4d2c",
      "kl1-7mg3b57botrvm5iuu2dan2hey55t6lk2"},
  {GATEWAY "|base-url=http://127.0.0.1:8080/some/prefix/|session-id=s-1"
        "|audio-url=https://example.com/a.mp3"
        "|face-image-url=https://example.com/f.png", 1,
        "ff93aedf69df16be259c5fb996193fe7316f8c06a13254870048303e5d0e4991",
      "kl1-yeln7fjhoklv6yq5jtvvuahcsxd2ocjt"},
  {OFFICIAL FACE "|cues=晚上好。|voice-id=zhuxi_speech02|voice-language=zh"
        "|voice-speed=120|face-id=0|callback-url=https://example.com/called", 1,
        "7a54539996d0e47272a1c4c7ac0a650b969740ac0cf9f53dc9d37a546d723e39",
      "kl1-ep3725n32qo6vnbieiu4phgcnvrexn3c"},
  {OFFICIAL "|video=" ONE "|audio=" TWO "|audio-start=100|audio-end=4000"
        "|insert-time=500|audio-volume=150|original-audio-volume=0"
        "|watermark=true|external-task-id=mine", 12,
        "80523d91dedc2e5264fbe9188c94bf21e8c1abd1a8a4e711a80c555eda46136b",
      "kl1-5pk5jl5xfo7ia6fudyh47qjqu22ky4xk"},
  {"dialect=relay|base-url=https://relay.example|video-id=1|audio-id=2"
        "|audio-end=3000", 1,
        "64a16f8fb96969daf94f57b0a02e0a434e86e7894a78c85bc1ed52f862904f05",
      "kl1-7vdldardcekf4yscmpsty2qjq2ttzatl"},
  {"dialect=legacy|base-url=https://h/kling" FACE EVENING, 1,
        "2b8b20e98a5b7a6dc86fb7ecd07f0369fbe15517f226b85ef6dfda10d091978e",
      "kl1-k4fkzyzqdxelr7yctxl7ueognp5orr7e"},
  {GATEWAY FACE EVENING "|take=second", 1,
        "1de4f6b20d919afab36f841f1e54bdb9344cde428f283fee3ce7a49732800389",
      "kl1-bu7ex75o2ocwefwdzg4nadeuiotaus5t"},
  {OFFICIAL FACE EVENING "|take=zweite Fassung, 2 |watermark=true", 1,
        "90a60474c9ad90522635d26b02bd119d45214177ac100b61873c47683438106e",
      "kl1-3zkrye4vxo2nytf5ebxbp6gespawset2"},
};

/* These never change: what was bought under them would be bought again. */
GST_START_TEST (test_golden)
{
  g_autoptr (KlingRequest) request = parse_request (goldens[__i__].request,
      NULL);
  g_autofree gchar *digest = kling_request_dup_digest (request);
  g_autofree gchar *id = kling_request_dup_external_id (request,
      goldens[__i__].attempt);

  fail_unless_equals_string (digest, goldens[__i__].digest);
  fail_unless_equals_string (id, goldens[__i__].external_id);
}

GST_END_TEST;

#define PAYS "|account=" ONE

static const struct
{
  const gchar *request;
  const gchar *session;
  const gchar *speech;
  const gchar *task;
} keys[] = {
  {GATEWAY FACE EVENING PAYS,
        "62e99e78ee4c741dc7a5ff1d23441040c089e7aefbe8093b6bb6ffe11b3eba19",
        "91b9a218050641e8a33c8fe19b0961b02752373e4da4435c8aaecc75adb76c7c",
      "f69f267568529236f5889765fde13b217f02e58a90b0ecf5816c1ff5d6754341"},
  {OFFICIAL "|video=" ONE "|cues=晚上好。|voice-id=zhuxi_speech02"
        "|voice-language=zh|voice-speed=120|take=second|face-id=0" PAYS,
        "318c8892636778c899b350ff99ef5f43c1247b2e3752812217a45b954553086b",
        "9b5d23d8dd327eff1f896d31bdbcb0caeacff789daa328f3177ff706a4136c44",
      "c3288df8405979af479d882b130bd3c4a175bcebb2c42507225883c9dfa5225f"},
  {"dialect=relay|base-url=https://RELAY.example:443/|video-id=1|audio-id=2"
        "|task-id=87" PAYS,
        "1397df7a8e535b963de05d72d07f7bb00126c1e891af862605b16c30b05248e4",
        "a968b2bd3f22c8e1a758fd16b225a5a4e0fd930cc550247bb30e4ca712337996",
      "76fcefbbf458f56e3af95d018d0b61640d53b26d7701729bef3e97ce015b0719"},
};

/* Nor do these. */
GST_START_TEST (test_golden_keys)
{
  g_autoptr (KlingRequest) request = parse_request (keys[__i__].request, NULL);
  g_autofree gchar *account = find_account (keys[__i__].request, NULL);
  g_autofree gchar *session = kling_request_dup_session_key (request, account);
  g_autofree gchar *speech = kling_request_dup_speech_key (request, account);
  g_autofree gchar *task = kling_request_dup_task_key (request);

  fail_unless_equals_string (session, keys[__i__].session);
  fail_unless_equals_string (speech, keys[__i__].speech);
  fail_unless_equals_string (task, keys[__i__].task);
}

GST_END_TEST;

/* Returns: what the script makes of @request by the documented layout */
static gchar *
run_script (const gchar * request, guint attempt)
{
  g_auto (GStrv) words = g_strsplit (request, "|", -1);
  g_autofree gchar *number = g_strdup_printf ("%u", attempt);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree gchar *output = NULL;
  gint status = -1;

  g_ptr_array_add (argv, (gpointer) PYTHON);
  g_ptr_array_add (argv, (gpointer) g_getenv ("KLING_TEST_LAYOUT"));
  g_ptr_array_add (argv, number);
  for (gchar ** word = words; *word != NULL; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  fail_unless (g_spawn_sync (NULL, (gchar **) argv->pdata, NULL,
          G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, NULL));
  fail_unless_equals_int (status, 0);
  return g_steal_pointer (&output);
}

GST_START_TEST (test_layout)
{
  g_autofree gchar *output = run_script (goldens[__i__].request,
      goldens[__i__].attempt);
  g_autofree gchar *expected = g_strdup_printf ("%s\n%s\n",
      goldens[__i__].digest, goldens[__i__].external_id);

  fail_unless (g_str_has_prefix (output, expected), "%s", output);
}

GST_END_TEST;

GST_START_TEST (test_layout_of_keys)
{
  g_autofree gchar *output = run_script (keys[__i__].request, 1);
  g_autofree gchar *expected = g_strdup_printf ("\n%s\n%s\n%s\n",
      keys[__i__].session, keys[__i__].speech, keys[__i__].task);

  fail_unless (g_str_has_suffix (output, expected), "%s", output);
}

GST_END_TEST;

/* --- what makes a difference --- */

#define SPEECH "|audio-url=https://example.com/speech.mp3"
#define PRESIGNED "|video-url=https://b.s3.example/face.mp4?versionId=7&" AWS
#define GOOGLE "|video-url=https://storage.example/b/face.mp4?X-Goog-Date=" \
    "20260101T000000Z&X-Goog-Expires=900&X-Goog-Signature=00ff"
#define AZURE "|video-url=https://a.blob.example/c/face.mp4?sv=2024-11-04" \
    "&st=2026-01-01&se=2026-01-02&sr=b&sp=r&skoid=1&ske=2026-01-02&sig=a%2Bb"
#define CHOICE OFFICIAL FACE "|audio=" ONE "|face-id=1|insert-time=500" \
    "|audio-start=100|audio-end=4000"

static const struct
{
  const gchar *request;
  const gchar *change;
  gboolean is_same;
} changes[] = {
  {GATEWAY FACE EVENING, "text=Good morning."},
  {GATEWAY FACE EVENING, "text=Good evening. "},
  {GATEWAY FACE EVENING, "voice-id=calm_story1"},
  {GATEWAY FACE EVENING, "voice-language=zh"},
  {GATEWAY FACE EVENING, "video-url=https://example.com/Face.mp4"},
  {GATEWAY FACE EVENING, "video-url=http://example.com/face.mp4"},
  {GATEWAY FACE EVENING, "video-url=https://example.com/face.mp4?take=2"},
  {GATEWAY FACE EVENING, "face-image-url=https://example.com/face.png"},
  {GATEWAY FACE EVENING, "dialect=legacy"},
  {GATEWAY FACE EVENING, "base-url=https://www.anyfast.ai"},
  {GATEWAY FACE EVENING, "base-url=https://ai.alad.com:8443"},
  {GATEWAY FACE EVENING, "base-url=https://ai.alad.com/prefix"},
  {GATEWAY FACE SPEECH, "audio-url=https://example.com/speech.wav"},
  {GATEWAY FACE "|audio=" ONE, "audio=" TWO},
  {GATEWAY "|video=" ONE SPEECH, "video=" TWO},
  {GATEWAY "|video=" ONE "|audio=" TWO, "video=" TWO "|audio=" ONE},
  {GATEWAY "|video-id=1" EVENING, "video-id=2"},
  {GATEWAY "|video-id=1" EVENING, "video-id=|session-id=1"},
  {GATEWAY "|session-id=1" EVENING, "session-id=2"},
  {GATEWAY PRESIGNED EVENING, "video-url=https://b.s3.example/face.mp4?"
        "versionId=8&" AWS "&X-Amz-Signature=00ff"},
  {"dialect=legacy|base-url=https://h" FACE EVENING, "voice-speed=110"},
  {CHOICE, "dialect=relay"},
  {CHOICE, "face-id=2"},
  {CHOICE, "face-id="},
  {CHOICE, "insert-time=501"},
  {CHOICE, "insert-time=-1"},
  {CHOICE, "audio-start=0"},
  {CHOICE, "audio-end=4001"},
  {CHOICE, "audio-end=-1"},
  {CHOICE, "audio-volume=99"},
  {CHOICE, "original-audio-volume=0"},
  {CHOICE, "watermark=true"},
  {OFFICIAL FACE EVENING, "voice-speed=99"},
  {OFFICIAL FACE "|audio-id=1", "audio-id=2"},
  {GATEWAY FACE EVENING, "take=second"},
  {GATEWAY FACE EVENING "|take=second", "take=Second"},
  {GATEWAY FACE EVENING "|take=second", "take=second "},
  {GATEWAY FACE EVENING "|take=second", "take="},

  {GATEWAY FACE EVENING, "callback-url=https://example.com/called", TRUE},
  {GATEWAY FACE EVENING, "external-task-id=mine", TRUE},
  {CHOICE, "callback-url=https://example.com/called", TRUE},
  {CHOICE, "external-task-id=mine", TRUE},
  {GATEWAY FACE EVENING, "base-url=HTTPS://AI.Alad.COM", TRUE},
  {GATEWAY FACE EVENING, "base-url=https://ai.alad.com:443//", TRUE},
  {GATEWAY FACE EVENING "|base-url=https://h/some/prefix",
      "base-url=https://h:443/some/prefix/", TRUE},
  {GATEWAY FACE EVENING, "video-url=https://me:secret@EXAMPLE.com:443/"
        "%66ace.mp4#t=10", TRUE},
  {GATEWAY FACE EVENING, "video-url=https://example.com/face.mp4?", TRUE},
  {GATEWAY FACE EVENING, "text=|cues=Good evening.", TRUE},
  {OFFICIAL FACE EVENING, "voice-speed=100|audio-volume=100"
        "|original-audio-volume=100|watermark=false|audio-start=0", TRUE},
};

GST_START_TEST (test_changes)
{
  g_autoptr (KlingRequest) request = parse_request (changes[__i__].request,
      NULL);
  g_autoptr (KlingRequest) changed = parse_request (changes[__i__].request,
      changes[__i__].change);
  g_autofree gchar *id = kling_request_dup_external_id (request, 1);
  g_autofree gchar *changed_id = kling_request_dup_external_id (changed, 1);

  fail_unless_equals_int (kling_request_equal (request, changed),
      changes[__i__].is_same);
  fail_unless_equals_int (g_str_equal (id, changed_id), changes[__i__].is_same);
}

GST_END_TEST;

/* What the session, the speech and the task of a request are known by: the rows
 * say of which of them the change makes another one. */
typedef enum
{
  NONE = 0,
  SESSION = 1 << 0,
  SPEECH_KEY = 1 << 1,
  TASK = 1 << 2,
} Keys;

#define ALL OFFICIAL FACE EVENING "|task-id=87" PAYS

static const struct
{
  const gchar *change;
  Keys others;
} key_changes[] = {
  {"video-url=https://example.com/other.mp4", SESSION},
  {"video-url=|video-id=1", SESSION},
  {"video-url=|video=" ONE, SESSION},
  {"text=Good morning.", SPEECH_KEY},
  {"voice-id=calm_story1", SPEECH_KEY},
  {"voice-language=zh", SPEECH_KEY},
  {"voice-speed=110", SPEECH_KEY},
  {"task-id=88", TASK},
  {"account=" TWO, SESSION | SPEECH_KEY},
  {"account=", SESSION | SPEECH_KEY},
  {"base-url=https://h", SESSION | SPEECH_KEY | TASK},
  {"dialect=relay", SESSION | SPEECH_KEY | TASK},
  {"take=second", NONE},
  {"face-id=1", NONE},
  {"audio-start=100|audio-end=4000|insert-time=500", NONE},
  {"audio-volume=50|original-audio-volume=0|watermark=true", NONE},
  {"callback-url=https://example.com/called|external-task-id=mine", NONE},
  {"text=|cues=Good evening.", NONE},
  {"base-url=" "HTTPS://API-singapore.klingai.com:443/", NONE},
  {"video-url=https://example.com:443/face.mp4#t=1", NONE},
};

static void
make_keys (gchar * three[3], const gchar * change)
{
  g_autoptr (KlingRequest) request = parse_request (ALL, change);
  g_autofree gchar *account = find_account (ALL, change);

  three[0] = kling_request_dup_session_key (request, account);
  three[1] = kling_request_dup_speech_key (request, account);
  three[2] = kling_request_dup_task_key (request);
}

GST_START_TEST (test_key_changes)
{
  gchar *before[3], *after[3];
  Keys others = 0;

  make_keys (before, NULL);
  make_keys (after, key_changes[__i__].change);
  for (guint i = 0; i < 3; i++) {
    if (!g_str_equal (before[i], after[i]))
      others |= 1 << i;
    /* nor is one ever another's */
    fail_if (g_str_equal (after[i], after[(i + 1) % 3]));
  }
  fail_unless_equals_int (others, key_changes[__i__].others);
  for (guint i = 0; i < 3; i++) {
    g_free (before[i]);
    g_free (after[i]);
  }
}

GST_END_TEST;

/* A URL is signed anew for each run, and may be given unsigned. */
static const gchar *const signed_anew[][2] = {
  {GATEWAY PRESIGNED "&X-Amz-Signature=00ff" EVENING,
      "video-url=https://b.s3.example/face.mp4?X-Amz-Date=20270101T000000Z"
        "&X-Amz-Security-Token=t&versionId=7&X-Amz-Signature=11ee"},
  {GATEWAY PRESIGNED "&X-Amz-Signature=00ff" EVENING,
      "video-url=https://b.s3.example/face.mp4?versionId=7"},
  {GATEWAY GOOGLE EVENING, "video-url=https://storage.example/b/face.mp4?"
        "X-Goog-Algorithm=a&X-Goog-Date=20270101T000000Z&X-Goog-Signature=1"},
  {GATEWAY AZURE EVENING, "video-url=https://a.blob.example/c/face.mp4?"
        "sp=rw&sip=10.0.0.1&sv=2025-01-05&spr=https&se=2027-01-02&sr=b&sig=c"},
  {GATEWAY GOOGLE EVENING, "video-url=https://storage.example/b/face.mp4"},
  {GATEWAY AZURE EVENING, "video-url=https://a.blob.example/c/face.mp4"},
};

GST_START_TEST (test_signed_anew)
{
  g_autoptr (KlingRequest) request = parse_request (signed_anew[__i__][0],
      NULL);
  g_autoptr (KlingRequest) anew = parse_request (signed_anew[__i__][0],
      signed_anew[__i__][1]);

  fail_unless (kling_request_equal (request, anew));
}

GST_END_TEST;

/* A file is known by what it says, wherever and by whatever name it lies. */
GST_START_TEST (test_upload_place)
{
  g_autoptr (KlingRequest) request = parse_request (CHOICE, NULL);
  g_autoptr (KlingRequest) changed = parse_request (CHOICE, NULL);

  changed->audio->extension = "mp3";
  changed->audio->content_type = "audio/mpeg";
  changed->audio->spool = kling_spool_new ("audio");
  fail_unless (kling_request_equal (request, changed));
}

GST_END_TEST;

/* What is empty is not sent. */
GST_START_TEST (test_empty)
{
  g_autoptr (KlingRequest) request = parse_request (GATEWAY FACE EVENING, NULL);
  g_autoptr (KlingRequest) empty = parse_request (GATEWAY FACE EVENING, NULL);

  empty->face_image_url = g_strdup ("");
  empty->audio_url = g_strdup ("");
  fail_unless (kling_request_equal (request, empty));
}

GST_END_TEST;

/* Each attempt has a name of its own, fit for a service. */
GST_START_TEST (test_attempts)
{
  g_autoptr (KlingRequest) request = parse_request (CHOICE, NULL);
  g_autofree gchar *first = kling_request_dup_external_id (request, 1);
  g_autofree gchar *second = kling_request_dup_external_id (request, 2);

  fail_if (g_str_equal (first, second));
  fail_unless (g_regex_match_simple ("^kl1-[a-z2-7]{32}$", first, 0, 0));
  fail_unless (g_regex_match_simple ("^kl1-[a-z2-7]{32}$", second, 0, 0));
}

GST_END_TEST;

static Suite *
digest_suite (void)
{
  Suite *suite = suite_create ("digest");
  TCase *tcase = tcase_create ("digest");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_golden, 0, G_N_ELEMENTS (goldens));
  tcase_add_loop_test (tcase, test_layout, 0, G_N_ELEMENTS (goldens));
  tcase_add_loop_test (tcase, test_golden_keys, 0, G_N_ELEMENTS (keys));
  tcase_add_loop_test (tcase, test_layout_of_keys, 0, G_N_ELEMENTS (keys));
  tcase_add_loop_test (tcase, test_key_changes, 0, G_N_ELEMENTS (key_changes));
  tcase_add_loop_test (tcase, test_changes, 0, G_N_ELEMENTS (changes));
  tcase_add_loop_test (tcase, test_signed_anew, 0, G_N_ELEMENTS (signed_anew));
  tcase_add_test (tcase, test_upload_place);
  tcase_add_test (tcase, test_empty);
  tcase_add_test (tcase, test_attempts);
  return suite;
}

GST_CHECK_MAIN (digest);
