/* klinglipsync: the properties of the element
 *
 * What there is to set, what it is for, and how it becomes the immutable
 * request and settings of a job. The element calls these functions with its
 * object lock held.
 *
 * What holds a key is write-only: it appears in no log, message, DOT file or
 * preset. URLs of media are read back without their query, which may be a
 * signature.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingproperties.h"
#include "gstklingpropertyspecs.h"

#include <string.h>
#include "kling-dialect.h"
#include "kling-url.h"

#define DEFAULT_USER_AGENT "klinglipsync/" VERSION
#define DEFAULT_TIMEOUT (30 * GST_SECOND)

/* Made from the table of dialects, so that a new one needs no line here. The
 * values live as long as the type. */
static GEnumValue *
make_dialect_values (void)
{
  guint n = kling_dialect_count ();
  GEnumValue *values = g_new0 (GEnumValue, n + 1);

  for (guint i = 0; i < n; i++) {
    const KlingDialect *dialect = kling_dialect_get (i);

    values[i] = (GEnumValue) {
    i, dialect->label, dialect->nick};
  }
  return values;
}

GType
gst_kling_lipsync_dialect_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstKlingLipsyncDialect",
        make_dialect_values ());

    g_once_init_leave (&type, new_type);
  }
  return type;
}

GType
gst_kling_lipsync_status_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    {GST_KLING_LIPSYNC_STATUS_IDLE, "Nothing is under way", "idle"},
    {GST_KLING_LIPSYNC_STATUS_COLLECTING, "Waiting for the end of the input",
        "collecting"},
    {GST_KLING_LIPSYNC_STATUS_UPLOADING,
        "Input goes where the service can read it", "uploading"},
    {GST_KLING_LIPSYNC_STATUS_IDENTIFYING, "Looking for the face in the video",
        "identifying"},
    {GST_KLING_LIPSYNC_STATUS_CREATING, "Asking for the video", "creating"},
    {GST_KLING_LIPSYNC_STATUS_QUEUED, "The task waits at the service",
        "queued"},
    {GST_KLING_LIPSYNC_STATUS_RUNNING, "The service makes the video",
        "running"},
    {GST_KLING_LIPSYNC_STATUS_DOWNLOADING, "The video is being fetched",
        "downloading"},
    {GST_KLING_LIPSYNC_STATUS_DONE, "The video is there", "done"},
    {GST_KLING_LIPSYNC_STATUS_FAILED, "There will be no video", "failed"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstKlingLipsyncStatus", values);

    g_once_init_leave (&type, new_type);
  }
  return type;
}

GstKlingLipsyncStatus
gst_kling_lipsync_status_from_stage (KlingStage stage)
{
  static const GstKlingLipsyncStatus statuses[] = {
    [KLING_STAGE_PREPARING] = GST_KLING_LIPSYNC_STATUS_COLLECTING,
    [KLING_STAGE_UPLOADING] = GST_KLING_LIPSYNC_STATUS_UPLOADING,
    [KLING_STAGE_IDENTIFYING] = GST_KLING_LIPSYNC_STATUS_IDENTIFYING,
    [KLING_STAGE_CREATING] = GST_KLING_LIPSYNC_STATUS_CREATING,
    [KLING_STAGE_QUEUED] = GST_KLING_LIPSYNC_STATUS_QUEUED,
    [KLING_STAGE_RUNNING] = GST_KLING_LIPSYNC_STATUS_RUNNING,
    [KLING_STAGE_DOWNLOADING] = GST_KLING_LIPSYNC_STATUS_DOWNLOADING,
  };

  return statuses[stage];
}

static void
install_service_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:base-url:
   *
   * Where the service is: https, or http on a loopback address (the sandbox).
   * A path is allowed, and the dialect's own is appended to it. The key goes
   * to this origin and nowhere else.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_BASE_URL] = g_param_spec_string ("base-url", "Base URL",
      "Where the service is: an https URL, or http on a loopback address for"
      " the sandbox. Unset: the environment variable KLING_BASE_URL, else by"
      " dialect (gateway: https://ai.alad.com, official:"
      " https://api-singapore.klingai.com). All dialects",
      NULL, FLAGS_READ_WRITE | GST_PARAM_DOC_SHOW_DEFAULT);

  /**
   * GstKlingLipsync:dialect:
   *
   * How the service spells the API. This is all the difference between
   * services: see the page about dialects.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_DIALECT] = g_param_spec_enum ("dialect", "Dialect",
      "How the service spells the API. Unset: the environment variable"
      " KLING_DIALECT, else gateway", GST_TYPE_KLING_LIPSYNC_DIALECT,
      KLING_DIALECT_GATEWAY, FLAGS_READ_WRITE | GST_PARAM_DOC_SHOW_DEFAULT);

  /**
   * GstKlingLipsync:extra-headers:
   *
   * Further HTTP headers for calls of the API, as fields of a structure.
   * Authorization, Host and those that describe the body cannot be replaced.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_EXTRA_HEADERS] = g_param_spec_boxed ("extra-headers",
      "Extra headers",
      "Further HTTP headers for calls of the API, as a structure of strings;"
      " cannot be read back. All dialects", GST_TYPE_STRUCTURE,
      FLAGS_WRITE_ONLY);
}

static void
install_credentials_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:api-key:
   *
   * The key of the account that pays. Better set it through the environment
   * variable KLING_API_KEY or the credentials file: a command line can be read
   * by every user of the machine.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_API_KEY] = g_param_spec_string ("api-key", "API key",
      "Key of the account that pays; cannot be read back. Unset: the"
      " environment variable KLING_API_KEY, else the credentials file."
      " All dialects", NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:access-key:
   *
   * The access key of the account that pays. It goes with secret-key; both
   * together are as good as api-key in the dialects official and legacy, and
   * the other dialects do not take them. Better set it through the environment
   * variable KLING_ACCESS_KEY or the credentials file.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_ACCESS_KEY] = g_param_spec_string ("access-key", "Access key",
      "Access key of the account that pays, with secret-key and instead of"
      " api-key; cannot be read back. Unset: the environment variable"
      " KLING_ACCESS_KEY, else the credentials file."
      " Dialects: official, legacy", NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:secret-key:
   *
   * What the calls are signed with, when there is an access-key. It is never
   * sent. Better set it through the environment variable KLING_SECRET_KEY or the
   * credentials file.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_SECRET_KEY] = g_param_spec_string ("secret-key", "Secret key",
      "Secret key that goes with access-key; never sent, cannot be read back."
      " Unset: the environment variable KLING_SECRET_KEY, else the credentials"
      " file. Dialects: official, legacy", NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:credentials-file:
   *
   * A key file with a group [klinglipsync], or [https://host] for one service,
   * and in it api-key=..., or access-key=... and secret-key=... It is refused
   * when others can read it.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_CREDENTIALS_FILE] = g_param_spec_string ("credentials-file",
      "Credentials file",
      "File that holds the key, in a group [klinglipsync] or [https://host]:"
      " api-key=..., or access-key=... and secret-key=... Refused when others"
      " can read it. Unset: $XDG_CONFIG_HOME/klinglipsync/credentials, if it"
      " exists. All dialects", NULL, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:credentials-source:
   *
   * Which key was found, and where, in words: a property, an environment
   * variable or a file. Never the key itself. Known from READY on.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_CREDENTIALS_SOURCE] = g_param_spec_string ("credentials-source",
      "Credentials source",
      "Which key was found, and where (from READY on); never the key itself",
      NULL, FLAGS_READ_ONLY);
}

static void
install_network_properties (GParamSpec ** pspecs)
{
  /**
   * GstKlingLipsync:user-agent:
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_USER_AGENT] = g_param_spec_string ("user-agent", "User agent",
      "Value of the User-Agent header. All dialects", DEFAULT_USER_AGENT,
      FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:proxy:
   *
   * URI of an HTTP or SOCKS proxy for all traffic of the element that leaves
   * this machine. It may hold a password, so it cannot be read back.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_PROXY] = g_param_spec_string ("proxy", "Proxy",
      "URI of the proxy for all traffic that leaves this machine,"
      " http://[user:password@]host:port or socks5://...; cannot be read back."
      " Unset: as the system is set up."
      " All dialects", NULL, FLAGS_WRITE_ONLY);

  /**
   * GstKlingLipsync:tls-database:
   *
   * The certificate authorities to trust instead of the system's, for a service
   * inside a company.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TLS_DATABASE] = g_param_spec_object ("tls-database",
      "TLS database",
      "Certificate authorities to trust. Unset: those of the system."
      " All dialects", G_TYPE_TLS_DATABASE, FLAGS_READ_WRITE);

  /**
   * GstKlingLipsync:timeout:
   *
   * How long one call of the API may take. A call that costs money has at least
   * 120 seconds after its last byte was sent, whatever this says: giving up on
   * it would leave open whether it was paid.
   *
   * Since: klinglipsync 0.1
   */
  pspecs[PROP_TIMEOUT] = g_param_spec_uint64 ("timeout", "Timeout",
      "How long one unpaid call of the API may take, in nanoseconds."
      " All dialects", GST_SECOND, 600 * GST_SECOND, DEFAULT_TIMEOUT,
      FLAGS_READ_WRITE);
}

/* Installs all properties on @klass; @pspecs has room for N_PROPERTIES. */
void
gst_kling_properties_install (GObjectClass * klass, GParamSpec ** pspecs)
{
  install_service_properties (pspecs);
  install_credentials_properties (pspecs);
  install_network_properties (pspecs);
  gst_kling_install_media_properties (pspecs);
  g_object_class_install_properties (klass, N_PROPERTIES, pspecs);

  gst_type_mark_as_plugin_api (GST_TYPE_KLING_LIPSYNC_DIALECT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_KLING_LIPSYNC_STATUS, 0);
}

void
gst_kling_properties_init (GstKlingProperties * self)
{
  self->timeout = DEFAULT_TIMEOUT;
  self->voice_speed = GST_KLING_DEFAULT_FACTOR;
  self->audio_end = GST_CLOCK_TIME_NONE;
  self->insert_time = GST_CLOCK_TIME_NONE;
  self->audio_volume = GST_KLING_DEFAULT_FACTOR;
  self->original_audio_volume = GST_KLING_DEFAULT_FACTOR;
  self->upload_cleanup = TRUE;
  self->poll_interval = GST_KLING_DEFAULT_POLL_INTERVAL;
  self->task_timeout = GST_KLING_DEFAULT_TASK_TIMEOUT;
  self->store_limit = GST_KLING_DEFAULT_STORE_LIMIT;
  self->store_max_age = GST_CLOCK_TIME_NONE;
}

typedef enum
{
  STRING,
  PATH,                         /* a string, of which "" means none */
  PRIVATE,                      /* a string that may hold a password */
  KEY,
  HEADERS,
  TIME,
  SIZE,
  COUNT,
  FACTOR,
  SWITCH,
} Kind;

/* Where each property is kept; dialect and tls-database are kinds of their own */
typedef struct
{
  guint id;
  Kind kind;
  gsize offset;
} Field;

#define FIELD(id, kind, member) \
  { PROP_ ## id, kind, G_STRUCT_OFFSET (GstKlingProperties, member) }

static const Field fields[] = {
  FIELD (BASE_URL, STRING, base_url),
  FIELD (API_KEY, KEY, api_key),
  FIELD (ACCESS_KEY, KEY, access_key),
  FIELD (SECRET_KEY, KEY, secret_key),
  FIELD (CREDENTIALS_FILE, STRING, credentials_file),
  FIELD (EXTRA_HEADERS, HEADERS, extra_headers),
  FIELD (USER_AGENT, STRING, user_agent),
  FIELD (PROXY, PRIVATE, proxy),
  FIELD (TIMEOUT, TIME, timeout),
  FIELD (SESSION_ID, STRING, session_id),
  FIELD (VIDEO_URL, STRING, video_url),
  FIELD (VIDEO_ID, STRING, video_id),
  FIELD (FACE_ID, STRING, face_id),
  FIELD (FACE_IMAGE_URL, STRING, face_image_url),
  FIELD (TEXT, STRING, text),
  FIELD (VOICE_ID, STRING, voice_id),
  FIELD (VOICE_LANGUAGE, STRING, voice_language),
  FIELD (VOICE_SPEED, FACTOR, voice_speed),
  FIELD (AUDIO_URL, STRING, audio_url),
  FIELD (AUDIO_ID, STRING, audio_id),
  FIELD (AUDIO_START, TIME, audio_start),
  FIELD (AUDIO_END, TIME, audio_end),
  FIELD (INSERT_TIME, TIME, insert_time),
  FIELD (AUDIO_VOLUME, FACTOR, audio_volume),
  FIELD (ORIGINAL_AUDIO_VOLUME, FACTOR, original_audio_volume),
  FIELD (UPLOAD, PRIVATE, upload),
  FIELD (UPLOAD_PUBLIC_URL, STRING, upload_public_url),
  FIELD (UPLOAD_HEADERS, HEADERS, upload_headers),
  FIELD (UPLOAD_CLEANUP, SWITCH, upload_cleanup),
  FIELD (WATERMARK, SWITCH, watermark),
  FIELD (EXTERNAL_TASK_ID, STRING, external_task_id),
  FIELD (CALLBACK_URL, PRIVATE, callback_url),
  FIELD (TASK_ID, STRING, task_id),
  FIELD (TAKE, STRING, take),
  FIELD (POLL_INTERVAL, TIME, poll_interval),
  FIELD (TASK_TIMEOUT, TIME, task_timeout),
  FIELD (STORE, PATH, store),
  FIELD (STORE_LIMIT, SIZE, store_limit),
  FIELD (STORE_MAX_AGE, TIME, store_max_age),
  FIELD (MAX_TASKS, COUNT, max_tasks),
  FIELD (DRY_RUN, SWITCH, dry_run),
  FIELD (URI_MAY_PAY, SWITCH, uri_may_pay),
};

#define MEMBER(self, field, type) \
  ((type *) G_STRUCT_MEMBER_P (self, (field)->offset))

static const Field *
find_field (guint id)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (fields[i].id == id)
      return &fields[i];
  }
  return NULL;
}

/* Frees what a field holds, if it holds anything. */
static void
clear_field (GstKlingProperties * self, const Field * field)
{
  switch (field->kind) {
    case STRING:
    case PATH:
      g_clear_pointer (MEMBER (self, field, gchar *), g_free);
      break;
    case PRIVATE:
      g_clear_pointer (MEMBER (self, field, gchar *), kling_secret_wipe_string);
      break;
    case KEY:
      g_clear_pointer (MEMBER (self, field, KlingSecret *), kling_secret_unref);
      break;
    case HEADERS:
      g_clear_pointer (MEMBER (self, field, GstStructure *),
          gst_structure_free);
      break;
    default:
      break;
  }
}

void
gst_kling_properties_clear (GstKlingProperties * self)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    clear_field (self, &fields[i]);
  g_clear_object (&self->tls_database);
}

/* An empty string is how a command line says "unset". */
static const gchar *
peek_unless_empty (const GValue * value)
{
  const gchar *text = g_value_get_string (value);

  return text && *text ? text : NULL;
}

static void
set_field (GstKlingProperties * self, const Field * field, const GValue * value)
{
  clear_field (self, field);
  switch (field->kind) {
    case STRING:
    case PRIVATE:
      *MEMBER (self, field, gchar *) = g_strdup (peek_unless_empty (value));
      break;
    case PATH:
      *MEMBER (self, field, gchar *) = g_value_dup_string (value);
      break;
    case KEY:
      if (peek_unless_empty (value))
        *MEMBER (self, field, KlingSecret *) =
            kling_secret_new (g_value_get_string (value));
      break;
    case HEADERS:
      *MEMBER (self, field, GstStructure *) = g_value_dup_boxed (value);
      break;
    case TIME:
    case SIZE:
      *MEMBER (self, field, guint64) = g_value_get_uint64 (value);
      break;
    case COUNT:
      *MEMBER (self, field, guint) = g_value_get_uint (value);
      break;
    case FACTOR:
      *MEMBER (self, field, gdouble) = g_value_get_double (value);
      break;
    case SWITCH:
      *MEMBER (self, field, gboolean) = g_value_get_boolean (value);
      break;
  }
}

/* Returns: %FALSE when there is no such writable property */
gboolean
gst_kling_properties_set (GstKlingProperties * self, guint id,
    const GValue * value)
{
  const Field *field = find_field (id);

  if (field) {
    set_field (self, field, value);
  } else if (id == PROP_DIALECT) {
    self->dialect = g_value_get_enum (value);
    self->dialect_is_set = TRUE;
  } else if (id == PROP_TLS_DATABASE) {
    g_clear_object (&self->tls_database);
    self->tls_database = g_value_dup_object (value);
  } else {
    return FALSE;
  }
  return TRUE;
}

static const gchar *get_base_url (const GstKlingProperties * self);

/* A word that is none is complained about when it matters, by
 * gst_kling_properties_check(). */
static KlingDialectId
get_dialect (const GstKlingProperties * self)
{
  KlingDialectId id;

  if (!self->dialect_is_set
      && kling_dialect_find (g_getenv ("KLING_DIALECT"), &id))
    return id;
  return self->dialect;
}

/* Returns: (transfer full): the dialects, in words */
static gchar *
list_dialects (void)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < kling_dialect_count (); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "",
        kling_dialect_get (i)->nick);
  return g_string_free (list, FALSE);
}

/* Whether all that has a default has a usable one. */
gboolean
gst_kling_properties_check (const GstKlingProperties * self, GError ** error)
{
  const gchar *environment = g_getenv ("KLING_DIALECT");
  const KlingDialect *dialect = kling_dialect_get (get_dialect (self));
  g_autofree gchar *list = NULL;
  KlingDialectId id;

  if (!self->dialect_is_set && environment && *environment
      && !kling_dialect_find (environment, &id)) {
    list = list_dialects ();
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "KLING_DIALECT is set to no dialect. There are: %s.", list);
    return FALSE;
  }
  if (get_base_url (self) == NULL) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "There are many services of the dialect %s: say which one, by base-url"
        " or KLING_BASE_URL.", dialect->nick);
    return FALSE;
  }
  return TRUE;
}

static const gchar *
get_base_url (const GstKlingProperties * self)
{
  const gchar *environment = g_getenv ("KLING_BASE_URL");

  if (self->base_url)
    return self->base_url;
  if (environment && *environment)
    return environment;
  return kling_dialect_get (get_dialect (self))->default_base_url;
}

/* Returns: (transfer full) (nullable): the directory, %NULL for none */
gchar *
gst_kling_properties_dup_store (const GstKlingProperties * self)
{
  const gchar *environment = g_getenv ("KLING_STORE");
  const gchar *set = self->store ? self->store : environment;

  if (set == NULL)
    return g_build_filename (g_get_user_state_dir (), "klinglipsync", NULL);
  return *set ? g_strdup (set) : NULL;
}

static const gchar *
get_user_agent (const GstKlingProperties * self)
{
  return self->user_agent ? self->user_agent : DEFAULT_USER_AGENT;
}

/* Whether @text may hold what is nobody's business: a signature or a password */
static gboolean
has_to_be_cut (guint id, const gchar * text)
{
  if (id == PROP_BASE_URL)
    return !kling_url_check_base (text, NULL);
  return id == PROP_VIDEO_URL || id == PROP_AUDIO_URL
      || id == PROP_FACE_IMAGE_URL || id == PROP_UPLOAD_PUBLIC_URL;
}

static void
get_string (const GstKlingProperties * self, const Field * field,
    GValue * value)
{
  const gchar *text = *MEMBER (self, field, gchar *);

  if (field->id == PROP_BASE_URL)
    text = get_base_url (self);
  else if (field->id == PROP_USER_AGENT)
    text = get_user_agent (self);

  if (text && has_to_be_cut (field->id, text))
    g_value_take_string (value, kling_url_display (text));
  else
    g_value_set_string (value, text);
}

/* Returns: %FALSE for what is write-only */
static gboolean
get_field (const GstKlingProperties * self, const Field * field, GValue * value)
{
  switch (field->kind) {
    case STRING:
      get_string (self, field, value);
      return TRUE;
    case PATH:
      g_value_take_string (value, gst_kling_properties_dup_store (self));
      return TRUE;
    case TIME:
    case SIZE:
      g_value_set_uint64 (value, *MEMBER (self, field, guint64));
      return TRUE;
    case COUNT:
      g_value_set_uint (value, *MEMBER (self, field, guint));
      return TRUE;
    case FACTOR:
      g_value_set_double (value, *MEMBER (self, field, gdouble));
      return TRUE;
    case SWITCH:
      g_value_set_boolean (value, *MEMBER (self, field, gboolean));
      return TRUE;
    default:
      return FALSE;
  }
}

/* Returns: %FALSE when there is no such readable property here */
gboolean
gst_kling_properties_get (const GstKlingProperties * self, guint id,
    GValue * value)
{
  const Field *field = find_field (id);

  if (field)
    return get_field (self, field, value);
  if (id == PROP_DIALECT)
    g_value_set_enum (value, get_dialect (self));
  else if (id == PROP_TLS_DATABASE)
    g_value_set_object (value, self->tls_database);
  else
    return FALSE;
  return TRUE;
}

/* As gst_kling_properties_get() of a readable property, but nothing is cut off:
 * for those who have written it themselves. */
void
gst_kling_properties_get_whole (const GstKlingProperties * self, guint id,
    GValue * value)
{
  const Field *field = find_field (id);

  if (field->kind == STRING)
    g_value_set_string (value, *MEMBER (self, field, gchar *));
  else
    get_field (self, field, value);
}

/* A link may come from anybody, so it buys nothing unless somebody here has
 * allowed it. */
static gboolean
is_forbidden_to_pay (const GstKlingProperties * self)
{
  return self->from_link && !self->uri_may_pay
      && g_strcmp0 (g_getenv ("KLING_URI_MAY_PAY"), "1") != 0;
}

/* What is sent has a step of a millisecond, and of a hundredth. */
static gint64
to_milliseconds (GstClockTime time)
{
  return GST_CLOCK_TIME_IS_VALID (time)
      ? (gint64) gst_util_uint64_scale_round (time, 1, GST_MSECOND) : -1;
}

static guint
to_hundredths (gdouble factor)
{
  return (guint) (factor * 100 + 0.5);
}

/* Returns: (transfer full): what is asked for, complete or not */
KlingRequest *
gst_kling_properties_make_request (const GstKlingProperties * self)
{
  KlingRequest *request = kling_request_new ();

  request->dialect = get_dialect (self);
  request->base_url = g_strdup (get_base_url (self));
  request->session_id = g_strdup (self->session_id);
  request->video_url = g_strdup (self->video_url);
  request->video_id = g_strdup (self->video_id);
  request->face_id = g_strdup (self->face_id);
  request->face_image_url = g_strdup (self->face_image_url);
  request->text = g_strdup (self->text);
  request->voice_id = g_strdup (self->voice_id);
  request->voice_language = g_strdup (self->voice_language);
  request->voice_speed = to_hundredths (self->voice_speed);
  request->audio_url = g_strdup (self->audio_url);
  request->audio_id = g_strdup (self->audio_id);
  request->audio_start = to_milliseconds (self->audio_start);
  request->audio_end = to_milliseconds (self->audio_end);
  request->insert_time = to_milliseconds (self->insert_time);
  request->audio_volume = to_hundredths (self->audio_volume);
  request->original_audio_volume = to_hundredths (self->original_audio_volume);
  request->watermark = self->watermark;
  request->external_task_id = g_strdup (self->external_task_id);
  request->callback_url = g_strdup (self->callback_url);
  request->task_id = g_strdup (self->task_id);
  request->take = g_strdup (self->take);
  return request;
}

static gboolean
append_header (GQuark name, const GValue * value, gpointer user_data)
{
  g_autofree gchar *text = G_VALUE_HOLDS_STRING (value)
      ? g_value_dup_string (value) : gst_value_serialize (value);

  if (text) {
    g_ptr_array_add (user_data, g_strdup (g_quark_to_string (name)));
    g_ptr_array_add (user_data, g_steal_pointer (&text));
  }
  return TRUE;
}

static gchar **
make_headers (const GstStructure * structure)
{
  GPtrArray *headers;

  if (structure == NULL)
    return NULL;
  headers = g_ptr_array_new ();
  gst_structure_foreach (structure, append_header, headers);
  g_ptr_array_add (headers, NULL);
  return (gchar **) g_ptr_array_free (headers, FALSE);
}

/* Returns: (transfer full): how to ask, the key left out */
KlingSettings *
gst_kling_properties_make_settings (const GstKlingProperties * self)
{
  KlingSettings *settings = kling_settings_new ();

  settings->proxy = g_strdup (self->proxy);
  if (self->tls_database)
    settings->tls_database = g_object_ref (self->tls_database);
  settings->user_agent = g_strdup (get_user_agent (self));
  settings->extra_headers = make_headers (self->extra_headers);
  settings->timeout = GST_TIME_AS_USECONDS (self->timeout);
  settings->poll_interval = GST_TIME_AS_USECONDS (self->poll_interval);
  settings->task_timeout = GST_TIME_AS_USECONDS (self->task_timeout);
  settings->store = gst_kling_properties_dup_store (self);
  settings->store_limit = self->store_limit;
  settings->store_max_age = GST_CLOCK_TIME_IS_VALID (self->store_max_age)
      ? (gint64) GST_TIME_AS_USECONDS (self->store_max_age) : -1;
  settings->max_tasks = self->max_tasks;
  settings->may_not_pay = is_forbidden_to_pay (self);
  settings->dry_run = self->dry_run;
  return settings;
}

static void
headers_wipe (gchar ** headers)
{
  for (gchar ** p = headers; p && *p; p++)
    explicit_bzero (*p, strlen (*p));
  g_strfreev (headers);
}

/* Returns: %FALSE when what upload says is wrong; *@upload stays %NULL when it
 * is unset */
gboolean
gst_kling_properties_make_upload (const GstKlingProperties * self,
    KlingUpload ** upload, GError ** error)
{
  const gchar *environment = g_getenv ("KLING_UPLOAD");
  gchar **headers = make_headers (self->upload_headers);
  KlingUploadConfig config = {
    self->upload ? self->upload : environment, self->upload_public_url,
    (const gchar * const *) headers, self->upload_cleanup
  };
  gboolean unset = config.address == NULL || *config.address == '\0';

  if (!unset)
    *upload = kling_upload_new (&config, error);
  headers_wipe (headers);
  return unset || *upload != NULL;
}
