/* klinglipsync tests: what can be set, what can be read, what is refused
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "element-helper.h"

#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

#define DEFAULT_URL "https://ai.alad.com"

/* ---- one table for all properties ---- */

typedef struct
{
  const gchar *name;
  const gchar *flags;           /* r, w */
  const gchar *unset;           /* what is read at first, serialized */
  const gchar *value;           /* what is written */
  const gchar *read;            /* what is read then; NULL: the same */
} Property;

#define SECONDS(n) #n "000000000"

/* *INDENT-OFF* */
static const Property properties[] = {
  {"base-url", "rw", DEFAULT_URL, "https://user:pw@gateway.example/a?q=1#f",
      "https://gateway.example/a"},
  {"dialect", "rw", "gateway", "relay", NULL},
  {"api-key", "w", NULL, "sk-secret", NULL},
  {"access-key", "w", NULL, "ak-secret", NULL},
  {"secret-key", "w", NULL, "sk-secret", NULL},
  {"credentials-file", "rw", NULL, "/nowhere/credentials", NULL},
  {"credentials-source", "r", NULL, NULL, NULL},
  {"extra-headers", "w", NULL, "h,X-Team=blue;", NULL},
  {"user-agent", "rw", "klinglipsync/" VERSION, "studio/2", NULL},
  {"proxy", "w", NULL, "http://user:pw@proxy.example:3128", NULL},
  {"tls-database", "rw", NULL, NULL, NULL},
  {"timeout", "rw", SECONDS (30), SECONDS (45), NULL},
  {"session-id", "rw", NULL, "850508686686064678", NULL},
  {"video-url", "rw", NULL, "https://u:p@media.example/face.mp4?sig=secret#t=1",
      "https://media.example/face.mp4"},
  {"video-id", "rw", NULL, "video-1", NULL},
  {"face-id", "rw", NULL, "1", NULL},
  {"face-image-url", "rw", NULL, "https://media.example/a.png?sig=secret",
      "https://media.example/a.png"},
  {"text", "rw", NULL, "\xe4\xbd\xa0\xe5\xa5\xbd, \"you\"\n", NULL},
  {"voice-id", "rw", NULL, "oversea_male1", NULL},
  {"voice-language", "rw", NULL, "zh", NULL},
  {"voice-speed", "rw", "1", "1.25", NULL},
  {"audio-url", "rw", NULL, "https://media.example/a.mp3?sig=secret",
      "https://media.example/a.mp3"},
  {"audio-id", "rw", NULL, "audio-1", NULL},
  {"audio-start", "rw", "0", SECONDS (1), NULL},
  {"audio-end", "rw", "18446744073709551615", SECONDS (5), NULL},
  {"insert-time", "rw", "18446744073709551615", "0", NULL},
  {"audio-volume", "rw", "1", "1.5", NULL},
  {"original-audio-volume", "rw", "1", "0", NULL},
  {"upload", "w", NULL, "https://dav.example/{name}?sig=secret", NULL},
  {"upload-public-url", "rw", NULL, "https://cdn.example/{name}?sig=secret",
      "https://cdn.example/{name}"},
  {"upload-headers", "w", NULL, "h,Authorization=secret;", NULL},
  {"upload-cleanup", "rw", "true", "false", NULL},
  {"watermark", "rw", "false", "true", NULL},
  {"external-task-id", "rw", NULL, "my-task", NULL},
  {"callback-url", "w", NULL, "https://cb.example/?sig=secret", NULL},
  {"task-id", "rw", NULL, "task-7", NULL},
  {"take", "rw", NULL, "second", NULL},
  {"poll-interval", "rw", SECONDS (5), SECONDS (7), NULL},
  {"task-timeout", "rw", SECONDS (3600), SECONDS (7200), NULL},
  {"store", "rw", NULL, "/some/where", NULL},
  {"store-limit", "rw", "10737418240", "5", NULL},
  {"store-max-age", "rw", "18446744073709551615", SECONDS (86400), NULL},
  {"max-tasks", "rw", "0", "3", NULL},
  {"dry-run", "rw", "false", "true", NULL},
  {"uri-may-pay", "rw", "false", "true", NULL},
  {"status", "r", "idle", NULL, NULL},
  {"current-task-id", "r", NULL, NULL, NULL},
  {"result-location", "r", NULL, NULL, NULL},
};
/* *INDENT-ON* */

static GstElement *
make_element (void)
{
  return gst_check_setup_element ("klinglipsync");
}

/* Returns: (transfer full) (nullable): the property in words, or NULL */
static gchar *
read_property (GstElement * element, const gchar * name)
{
  GValue value = G_VALUE_INIT;
  gchar *text;

  g_object_get_property (G_OBJECT (element), name, &value);
  if (G_VALUE_HOLDS_STRING (&value))
    text = g_value_dup_string (&value);
  else if (G_VALUE_HOLDS_ENUM (&value))
    text = g_strdup (g_enum_get_value (g_type_class_peek
            (G_VALUE_TYPE (&value)), g_value_get_enum (&value))->value_nick);
  else if (G_VALUE_HOLDS_OBJECT (&value))
    text = NULL;
  else
    text = gst_value_serialize (&value);
  g_value_unset (&value);
  return text;
}

static void
check_spec (GParamSpec * spec, const Property * property)
{
  gboolean written = strchr (property->flags, 'w') != NULL;

  fail_unless (spec != NULL, "no property %s", property->name);
  fail_unless_equals_int ((spec->flags & G_PARAM_READABLE) != 0,
      strchr (property->flags, 'r') != NULL);
  fail_unless_equals_int ((spec->flags & G_PARAM_WRITABLE) != 0, written);
  fail_unless_equals_int ((spec->flags & GST_PARAM_MUTABLE_READY) != 0,
      written);
  fail_unless (g_param_spec_get_nick (spec) != NULL);
  fail_unless (strlen (g_param_spec_get_blurb (spec)) > 10);
}

GST_START_TEST (test_property)
{
  const Property *property = &properties[__i__];
  const gchar *expected = property->read ? property->read : property->value;
  GstElement *element = make_element ();
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (element),
      property->name);
  g_autofree gchar *before = NULL, *after = NULL, *empty = NULL;

  check_spec (spec, property);
  if (strchr (property->flags, 'r')) {
    before = read_property (element, property->name);
    fail_unless_equals_string (before, property->unset);
  }
  if (property->value) {
    gst_util_set_object_arg (G_OBJECT (element), property->name,
        property->value);
    if (strchr (property->flags, 'r')) {
      after = read_property (element, property->name);
      fail_unless_equals_string (after, expected);
    }
  }
  /* an empty string is how a command line unsets */
  if (property->value && G_IS_PARAM_SPEC_STRING (spec)) {
    g_object_set (element, property->name, "", NULL);
    if (strchr (property->flags, 'r')) {
      empty = read_property (element, property->name);
      fail_unless_equals_string (empty, property->unset);
    }
  }
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* The table above has them all. */
GST_START_TEST (test_all_properties)
{
  GstElement *element = make_element ();
  guint n, own = 0;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++)
    own += specs[i]->owner_type == G_OBJECT_TYPE (element) ? 1 : 0;
  fail_unless_equals_int (own, G_N_ELEMENTS (properties));
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* Nothing that asks for write-only properties gets them. */
GST_START_TEST (test_write_only)
{
  static const gchar *const names[] = { "api-key", "access-key", "secret-key",
    "extra-headers", "proxy"
  };
  GstElement *element = make_element ();
  GValue value = G_VALUE_INIT;

  g_object_set (element, "api-key", TEST_KEY, "access-key", "AK-hidden",
      "secret-key", "SK-hidden", NULL);
  g_value_init (&value, G_TYPE_STRING);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    ASSERT_WARNING (g_object_get_property (G_OBJECT (element), names[i],
            &value));
  fail_unless (g_value_get_string (&value) == NULL);
  gst_check_teardown_element (element);
}

GST_END_TEST;

GST_START_TEST (test_status_values)
{
  static const gchar *const nicks[] = { "idle", "collecting", "uploading",
    "identifying", "creating", "queued", "running", "downloading", "done",
    "failed"
  };
  GstElement *element = make_element ();
  GEnumClass *klass =
      g_type_class_ref (g_type_from_name ("GstKlingLipsyncStatus"));

  fail_unless_equals_int (klass->n_values, G_N_ELEMENTS (nicks));
  for (guint i = 0; i < G_N_ELEMENTS (nicks); i++)
    fail_unless_equals_string (klass->values[i].value_nick, nicks[i]);
  g_type_class_unref (klass);
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* ---- presets ---- */

GST_START_TEST (test_preset)
{
  g_autofree gchar *home = kling_test_make_tree ("test-preset");
  g_autofree gchar *path = g_build_filename (home, "gstreamer-1.0", "presets",
      "GstKlingLipsync.prs", NULL);
  g_autofree gchar *text = NULL;
  GstElement *element;

  g_setenv ("XDG_DATA_HOME", home, TRUE);
  element = make_element ();
  if (GST_IS_PRESET (element)) {
    g_object_set (element, "api-key", TEST_KEY, "access-key", "AK-hidden",
        "secret-key", "SK-hidden", "proxy",
        "http://u:hidden-proxy@p.example", "video-url",
        "https://m.example/f.mp4?hidden-query", "text", TEST_TEXT, NULL);
    fail_unless (gst_preset_save_preset (GST_PRESET (element), "mine"));
    fail_unless (g_file_get_contents (path, &text, NULL, NULL));
    fail_unless (strstr (text, TEST_KEY) == NULL);
    fail_unless (strstr (text, "hidden") == NULL);
  }
  gst_check_teardown_element (element);
  kling_test_remove_tree (home);
}

GST_END_TEST;

/* ---- what is refused at READY ---- */

typedef struct
{
  const gchar *name;
  const gchar *first, *first_value;
  const gchar *second, *second_value;
  const gchar *words;
} Refusal;

#define WRITE_URL(text) "base-url", text, NULL, NULL

/* *INDENT-OFF* */
static const Refusal refusals[] = {
  {"two speakers", "session-id", "s1", NULL, NULL, "session-id"},
  {"two other speakers", "video-id", "v1", NULL, NULL, "video-url"},
  {"two speeches", "audio-url", "https://m.example/a.mp3", NULL, NULL,
      "audio-url"},
  {"password in base-url", WRITE_URL ("https://user:hidden@g.example"),
      "base URL"},
  {"user in base-url", WRITE_URL ("https://hidden@g.example"), "base URL"},
  {"http elsewhere", WRITE_URL ("http://g.example/"), "https"},
  {"http elsewhere, by number", WRITE_URL ("http://192.0.2.1/"), "https"},
  {"http, nearly here", WRITE_URL ("http://127.0.0.1.example/"), "https"},
  {"http, nearly localhost", WRITE_URL ("http://localhost.example/"), "https"},
  {"ftp", WRITE_URL ("ftp://g.example/"), "https"},
  {"file", WRITE_URL ("file:///tmp"), NULL},
  {"no URL", WRITE_URL ("g.example"), NULL},
  {"key with a blank", "api-key", "sk-hidden and more", NULL, NULL, "api-key"},
};
/* *INDENT-ON* */

/* It ends like a sentence, or with a command to copy, and shows no secret. */
static void
check_sentence (const gchar * sentence)
{
  fail_unless (g_str_has_suffix (sentence, ".")
      || strstr (sentence, "Run: ") != NULL, "%s", sentence);
  fail_unless (strstr (sentence, "hidden") == NULL, "%s", sentence);
  fail_unless (strchr (sentence, '\n') == NULL, "%s", sentence);
}

static const gchar *
expect_refusal (KlingTestRun * run, gint code)
{
  GstMessage *message;
  const gchar *sentence;
  g_autoptr (GError) error = NULL;

  kling_test_run_refused (run, GST_STATE_READY);
  message = kling_test_run_wait (run, GST_MESSAGE_ERROR, 30);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  if (code == 0)
    code = error->code;
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR, code);
  check_sentence (sentence);
  return sentence;
}

GST_START_TEST (test_refused_at_ready)
{
  const Refusal *refusal = &refusals[__i__];
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;

  g_object_set (run->lipsync, refusal->first, refusal->first_value, NULL);
  sentence = expect_refusal (run, 0);
  if (refusal->words)
    kling_test_check_contains (sentence, refusal->words);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
  fail_unless_equals_int (kling_test_run_count (run, GST_MESSAGE_PROGRESS), 0);
}

GST_END_TEST;

/* What no pad can bring is missed in PAUSED. */
static const struct
{
  const gchar *name;
  const gchar *unset[4];
  const gchar *words;
} missing[] = {
  {"no voice", {"voice-id"}, "oversea_male1"},
  {"no language", {"voice-language"}, "voice-language"},
};

GST_START_TEST (test_missing)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;

  for (guint i = 0; i < 4 && missing[__i__].unset[i]; i++)
    g_object_set (run->lipsync, missing[__i__].unset[i], NULL, NULL);
  kling_test_run_set (run, GST_STATE_READY);
  kling_test_run_set (run, GST_STATE_PLAYING);
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  check_sentence (sentence);
  kling_test_check_contains (sentence, missing[__i__].words);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* What a pad may bring is waited for, said and warned of, and nothing is sent. */
static const struct
{
  const gchar *unset[4];
  const gchar *words;
} awaited[] = {
  {{"video-url"}, "who speaks (video-url"},
  {{"text", "voice-id", "voice-language"}, "what is said (text"},
  {{"video-url", "text", "voice-id", "voice-language"}, "session-id"},
};

GST_START_TEST (test_awaited)
{
  kling_test_set_speed (20);

  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");

  for (guint i = 0; i < 4 && awaited[__i__].unset[i]; i++)
    g_object_set (run->lipsync, awaited[__i__].unset[i], NULL, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  fail_unless (kling_test_run_wait (run, GST_MESSAGE_WARNING, 30) != NULL);
  kling_test_run_check_no_error (run);
  fail_unless (kling_test_run_has_text (run, awaited[__i__].words));
  kling_test_run_set (run, GST_STATE_NULL);
  kling_test_run_check_progress (run, GST_PROGRESS_TYPE_CANCELED);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

static const struct
{
  const gchar *property, *value, *words;
} wrong[] = {
  {"voice-language", "fr", "voice-language"},
  {"video-url", "http://", "video-url"},
  {"video-url", "file:///tmp/hidden.mp4", "video-url"},
  {"video-url", "face.mp4", "video-url"},
  {"face-image-url", "ftp://hidden.example/a.png", "face-image-url"},
};

GST_START_TEST (test_wrong)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;

  g_object_set (run->lipsync, wrong[__i__].property, wrong[__i__].value, NULL);
  if (kling_test_run_change (run, GST_STATE_PLAYING, NULL)
      == GST_STATE_CHANGE_FAILURE)
    fail ("it may be set right in READY");
  sentence = kling_test_run_error (run, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  kling_test_check_contains (sentence, wrong[__i__].words);
  fail_unless (g_str_has_suffix (sentence, "."), "%s", sentence);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* All the states with no configuration: a clear no, and no hanging. */
GST_START_TEST (test_nothing_set)
{
  GstElement *element = make_element ();

  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
  g_object_set (element, "api-key", TEST_KEY, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < 3; i++) {
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_check_teardown_element (element);
}

GST_END_TEST;

/* ---- where the key comes from ---- */

typedef struct
{
  gchar *directory;
  gchar *path;
} KeyFile;

static void
write_key_file (KeyFile * file, const gchar * text, guint mode)
{
  file->directory = kling_test_make_tree ("test-key");
  file->path = g_build_filename (file->directory, "credentials", NULL);
  fail_unless (g_file_set_contents (file->path, text, -1, NULL));
  fail_unless_equals_int (g_chmod (file->path, mode), 0);
}

static void
remove_key_file (KeyFile * file)
{
  kling_test_remove_tree (file->directory);
  g_free (file->directory);
  g_free (file->path);
}

/* Returns: (transfer full): the property after READY */
static gchar *
find_source (KlingTestRun * run)
{
  gchar *source;

  kling_test_run_set (run, GST_STATE_READY);
  g_object_get (run->lipsync, "credentials-source", &source, NULL);
  fail_unless (source != NULL);
  fail_unless (strstr (source, "sk-") == NULL);
  return source;
}

static void
check_key_is_sent (KlingTestRun * run, KlingTestService * service,
    const gchar * key)
{
  g_autofree gchar *header = g_strconcat ("Bearer ", key, NULL);

  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_string (kling_test_service_find (service, "POST",
          CREATE_PATH)->authorization, header);
  kling_test_service_check (service, 1, 1);
}

GST_START_TEST (test_key_sources)
{
  static const gchar *const words[] = { "property", "environment", "file" };
  static const gchar *const keys[] = { "sk-property", "sk-environment",
    "sk-file"
  };
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *source = NULL;
  KeyFile file;

  /* each source is preferred to those after it, which are there too */
  kling_test_set_speed (100);
  write_key_file (&file, "[klinglipsync]\napi-key=sk-file\n", 0600);
  g_setenv ("KLING_API_KEY", __i__ <= 1 ? keys[1] : "", TRUE);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "credentials-file", file.path, "api-key",
      __i__ == 0 ? keys[0] : NULL, NULL);
  source = find_source (run);
  kling_test_check_contains (source, words[__i__]);
  check_key_is_sent (run, service, keys[__i__]);
  remove_key_file (&file);
}

GST_END_TEST;

/* A group for this service is preferred to the general one. */
GST_START_TEST (test_key_of_service)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *text = g_strdup_printf ("[klinglipsync]\napi-key=sk-a\n"
      "[%s]\napi-key=sk-b\n[http://127.0.0.1:1]\napi-key=sk-c\n",
      service->url);
  KeyFile file;

  kling_test_set_speed (100);
  write_key_file (&file, text, 0600);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "credentials-file", file.path, "api-key", NULL,
      NULL);
  check_key_is_sent (run, service, "sk-b");
  remove_key_file (&file);
}

GST_END_TEST;

static const struct
{
  const gchar *text;
  guint mode;
  const gchar *words;
} key_files[] = {
  {"[klinglipsync]\napi-key=sk-hidden\n", 0644, "chmod 600"},
  {"[klinglipsync]\napi-key=sk-hidden\n", 0640, "chmod 600"},
  {"[klinglipsync]\napi-key=sk-hidden\n", 0602, "chmod 600"},
  {"[klinglipsync]\nother=sk-hidden\n", 0600, "api-key"},
  {"sk-hidden\n", 0600, "klinglipsync"},
  {"", 0600, "api-key"},
};

GST_START_TEST (test_bad_key_file)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;
  KeyFile file;

  write_key_file (&file, key_files[__i__].text, key_files[__i__].mode);
  g_object_set (run->lipsync, "credentials-file", file.path, "api-key", NULL,
      NULL);
  sentence = expect_refusal (run, GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_check_contains (sentence, file.path);
  kling_test_check_contains (sentence, key_files[__i__].words);
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
  remove_key_file (&file);
}

GST_END_TEST;

GST_START_TEST (test_no_key)
{
  g_autoptr (KlingTestRun) run = kling_test_run_new (NULL, "fakesink");
  const gchar *sentence;

  g_object_set (run->lipsync, "api-key", NULL, NULL);
  sentence = expect_refusal (run, GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_check_contains (sentence, "KLING_API_KEY");
  kling_test_check_contains (sentence, "api-key");
  kling_test_check_contains (sentence, "sandbox");
}

GST_END_TEST;

/* An access key and a secret key, which this dialect does not take */
static const struct
{
  const gchar *access_key, *secret_key;
  const gchar *words;
} pairs[] = {
  {"AK-hidden", "SK-hidden", "properties access-key and secret-key"},
  {"AK-hidden", NULL, "property access-key"},
  {NULL, "SK-hidden", "property secret-key"},
};

GST_START_TEST (test_unfit_pair)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = kling_test_run_new (service->url, "fakesink");
  const gchar *sentence;

  g_object_set (run->lipsync, "api-key", NULL, "access-key",
      pairs[__i__].access_key, "secret-key", pairs[__i__].secret_key, NULL);
  sentence = expect_refusal (run, GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  kling_test_check_contains (sentence, pairs[__i__].words);
  kling_test_check_contains (sentence, "gateway");
  kling_test_check_contains (sentence, "official, legacy");
  kling_test_check_contains (sentence, "KLING_API_KEY");
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

/* Beside an API key it may stand there for another service. */
GST_START_TEST (test_pair_beside_key)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *source = NULL;

  kling_test_set_speed (100);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "access-key", "AK-hidden", "secret-key",
      "SK-hidden", NULL);
  source = find_source (run);
  fail_unless_equals_string (source, "property api-key");
  check_key_is_sent (run, service, TEST_KEY);
}

GST_END_TEST;

/* ---- dialects that take an access key and a secret key ---- */

static const struct
{
  const gchar *api_key, *access_key, *secret_key;
  const gchar *words;           /* source, or what is refused */
  gboolean refused;
} ways[] = {
  {"sk-key", NULL, NULL, "property api-key", FALSE},
  {NULL, "AK", "SK", "properties access-key and secret-key", FALSE},
  {NULL, NULL, NULL, "environment KLING_ACCESS_KEY and KLING_SECRET_KEY",
      FALSE},
  {"hidden", "AK-hidden", "SK-hidden", "property api-key and the properties"
        " access-key and secret-key. Leave one", TRUE},
  {NULL, "AK-hidden", NULL, "but not the property secret-key", TRUE},
  {NULL, NULL, "SK-hidden", "but not the property access-key", TRUE},
};

static void
check_source (KlingTestRun * run, const gchar * words)
{
  g_autofree gchar *source = find_source (run);

  fail_unless_equals_string (source, words);
}

GST_START_TEST (test_ways)
{
  static const gchar *const dialects[] = { "official", "legacy" };

  g_setenv ("KLING_ACCESS_KEY", "AK-environment", TRUE);
  g_setenv ("KLING_SECRET_KEY", "SK-environment", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++) {
    g_autoptr (KlingTestRun) run =
        kling_test_run_new ("http://127.0.0.1:1", "fakesink");

    gst_util_set_object_arg (G_OBJECT (run->lipsync), "dialect", dialects[i]);
    g_object_set (run->lipsync, "api-key", ways[__i__].api_key, "access-key",
        ways[__i__].access_key, "secret-key", ways[__i__].secret_key, NULL);
    if (ways[__i__].refused) {
      kling_test_check_contains (expect_refusal (run,
              GST_RESOURCE_ERROR_NOT_AUTHORIZED), ways[__i__].words);
    } else {
      check_source (run, ways[__i__].words);
    }
  }
}

GST_END_TEST;

/* ---- what the environment and the others do ---- */

GST_START_TEST (test_base_url_from_environment)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autofree gchar *shown = NULL;

  kling_test_set_speed (100);
  g_setenv ("KLING_BASE_URL", service->url, TRUE);
  run = kling_test_run_new (NULL, "fakesink");
  shown = read_property (run->lipsync, "base-url");
  fail_unless (g_str_has_prefix (shown, service->url));
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A path in base-url goes before the dialect's own. */
GST_START_TEST (test_base_url_with_path)
{
  static const gchar *const paths[] = { "/some/prefix", "/some/prefix/" };
  static const KlingTestStep steps[] = {
    {.method = "POST",.path = "/some/prefix" IDENTIFY_PATH,
        .body = IDENTIFY_OK},
    {.method = "POST",.path = "/some/prefix" CREATE_PATH,.body = CREATE_OK},
    {.method = "GET",.path = "/some/prefix" CREATE_PATH "/" TEST_TASK,
        .body = POLL_DONE},
  };
  g_autoptr (KlingTestService) service =
      kling_test_service_start (steps, G_N_ELEMENTS (steps));
  g_autofree gchar *url = g_strconcat (service->url, paths[__i__], NULL);
  g_autoptr (KlingTestRun) run = NULL;

  kling_test_set_speed (100);
  run = kling_test_run_new (url, "fakesink");
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  fail_unless_equals_int (kling_test_server_count (service->server, "POST",
          "/some/prefix" CREATE_PATH), 1);
  kling_test_service_check (service, 0, 0);
}

GST_END_TEST;

GST_START_TEST (test_headers)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autoptr (GstStructure) headers = gst_structure_new ("headers",
      "X-Team", G_TYPE_STRING, "blue", "X-Number", G_TYPE_INT, 7,
      "Authorization", G_TYPE_STRING, "Bearer mine", "Host", G_TYPE_STRING,
      "evil.example", "Content-Length", G_TYPE_STRING, "1", NULL);
  const KlingTestCall *call;

  kling_test_set_speed (100);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "extra-headers", headers, "user-agent",
      "studio/2", NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  kling_test_run_eos (run);
  call = kling_test_service_find (service, "POST", CREATE_PATH);
  kling_test_check_contains (call->head, "X-Team: blue\r\n");
  kling_test_check_contains (call->head, "X-Number: 7\r\n");
  kling_test_check_contains (call->head, "User-Agent: studio/2\r\n");
  fail_unless_equals_string (call->authorization, "Bearer " TEST_KEY);
  fail_unless (strstr (call->head, "evil.example") == NULL);
  /* those of the service are not for the result's host */
  call = kling_test_service_find (service, "GET", RESULT_PATH);
  fail_unless (strstr (call->head, "X-Team") == NULL);
  kling_test_service_check (service, 1, 1);
}

GST_END_TEST;

/* A header that would begin another one: refused, and not shown. */
GST_START_TEST (test_header_injection)
{
  g_autoptr (KlingTestService) service = kling_test_service_start (NULL, 0);
  g_autoptr (KlingTestRun) run = NULL;
  g_autoptr (GstStructure) headers = gst_structure_new ("headers",
      "X-Team", G_TYPE_STRING, "blue\r\nX-Evil: hidden", NULL);

  kling_test_set_speed (100);
  run = kling_test_run_new (service->url, "fakesink");
  g_object_set (run->lipsync, "extra-headers", headers, NULL);
  kling_test_run_set (run, GST_STATE_PLAYING);
  check_sentence (kling_test_run_error (run, GST_RESOURCE_ERROR,
          GST_RESOURCE_ERROR_SETTINGS));
  fail_unless_equals_int (kling_test_server_count (service->server, NULL,
          NULL), 0);
}

GST_END_TEST;

static Suite *
properties_suite (void)
{
  Suite *suite = suite_create ("properties");
  TCase *tcase = tcase_create ("properties");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_property, 0, G_N_ELEMENTS (properties));
  tcase_add_test (tcase, test_all_properties);
  tcase_add_test (tcase, test_write_only);
  tcase_add_test (tcase, test_status_values);
  tcase_add_test (tcase, test_preset);
  tcase_add_loop_test (tcase, test_refused_at_ready, 0,
      G_N_ELEMENTS (refusals));
  tcase_add_loop_test (tcase, test_missing, 0, G_N_ELEMENTS (missing));
  tcase_add_loop_test (tcase, test_awaited, 0, G_N_ELEMENTS (awaited));
  tcase_add_loop_test (tcase, test_wrong, 0, G_N_ELEMENTS (wrong));
  tcase_add_test (tcase, test_nothing_set);
  tcase_add_loop_test (tcase, test_key_sources, 0, 3);
  tcase_add_test (tcase, test_key_of_service);
  tcase_add_loop_test (tcase, test_bad_key_file, 0, G_N_ELEMENTS (key_files));
  tcase_add_test (tcase, test_no_key);
  tcase_add_loop_test (tcase, test_unfit_pair, 0, G_N_ELEMENTS (pairs));
  tcase_add_test (tcase, test_pair_beside_key);
  tcase_add_loop_test (tcase, test_ways, 0, G_N_ELEMENTS (ways));
  tcase_add_test (tcase, test_base_url_from_environment);
  tcase_add_loop_test (tcase, test_base_url_with_path, 0, 2);
  tcase_add_test (tcase, test_headers);
  tcase_add_test (tcase, test_header_injection);
  return suite;
}

GST_CHECK_MAIN (properties);
