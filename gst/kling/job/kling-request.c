/* klinglipsync: what to make, and how to reach who makes it
 *
 * Both structures are filled by one thread and immutable from then on, so any
 * thread may hold a reference and read them without a lock. Nothing here
 * touches the network.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-request.h"

#include <string.h>
#include "kling-dialect.h"
#include "kling-error.h"
#include "kling-url.h"

/* One of several properties that say the same kind of thing */
typedef struct
{
  const gchar *property;
  gsize offset;
} Choice;

static const Choice speakers[] = {
  {"video-url", G_STRUCT_OFFSET (KlingRequest, video_url)},
  {"video-id", G_STRUCT_OFFSET (KlingRequest, video_id)},
  {"session-id", G_STRUCT_OFFSET (KlingRequest, session_id)},
};

static const Choice speeches[] = {
  {"text", G_STRUCT_OFFSET (KlingRequest, text)},
  {"audio-url", G_STRUCT_OFFSET (KlingRequest, audio_url)},
};

/* Every string of a request, to free and to compare them all */
static const gsize request_strings[] = {
  G_STRUCT_OFFSET (KlingRequest, base_url),
  G_STRUCT_OFFSET (KlingRequest, session_id),
  G_STRUCT_OFFSET (KlingRequest, video_url),
  G_STRUCT_OFFSET (KlingRequest, video_id),
  G_STRUCT_OFFSET (KlingRequest, face_image_url),
  G_STRUCT_OFFSET (KlingRequest, text),
  G_STRUCT_OFFSET (KlingRequest, voice_id),
  G_STRUCT_OFFSET (KlingRequest, voice_language),
  G_STRUCT_OFFSET (KlingRequest, audio_url),
};

static const gchar *
request_get_string (const KlingRequest * request, gsize offset)
{
  return G_STRUCT_MEMBER (gchar *, request, offset);
}

/**
 * kling_request_new:
 *
 * Returns: (transfer full): an empty request, to be filled by the caller
 */
KlingRequest *
kling_request_new (void)
{
  KlingRequest *request = g_new0 (KlingRequest, 1);

  g_atomic_ref_count_init (&request->refs);
  return request;
}

/**
 * kling_request_ref:
 * @request: a request
 *
 * Returns: (transfer full): @request
 */
KlingRequest *
kling_request_ref (KlingRequest * request)
{
  g_atomic_ref_count_inc (&request->refs);
  return request;
}

/**
 * kling_request_unref:
 * @request: (transfer full): a request
 */
void
kling_request_unref (KlingRequest * request)
{
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (request_strings); i++)
    g_free (G_STRUCT_MEMBER (gchar *, request, request_strings[i]));
  g_free (request);
}

/**
 * kling_request_equal:
 * @a: a request
 * @b: another one
 *
 * Requests are compared field by field.
 *
 * Returns: whether both ask for the same video
 */
gboolean
kling_request_equal (const KlingRequest * a, const KlingRequest * b)
{
  if (a->dialect != b->dialect)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (request_strings); i++) {
    if (g_strcmp0 (request_get_string (a, request_strings[i]),
            request_get_string (b, request_strings[i])) != 0)
      return FALSE;
  }
  return TRUE;
}

/* How many of @choices are set; *@first and *@second are their names. */
static guint
count_choices (const KlingRequest * request, const Choice * choices,
    guint n_choices, const gchar ** first, const gchar ** second)
{
  guint n = 0;

  for (guint i = 0; i < n_choices; i++) {
    if (request_get_string (request, choices[i].offset) == NULL)
      continue;
    if (n == 0)
      *first = choices[i].property;
    else if (n == 1)
      *second = choices[i].property;
    n++;
  }
  return n;
}

static guint
count_speakers (const KlingRequest * request, const gchar ** first,
    const gchar ** second)
{
  return count_choices (request, speakers, G_N_ELEMENTS (speakers), first,
      second);
}

static guint
count_speeches (const KlingRequest * request, const gchar ** first,
    const gchar ** second)
{
  return count_choices (request, speeches, G_N_ELEMENTS (speeches), first,
      second);
}

/**
 * kling_request_describe_missing:
 * @request: a request
 *
 * Returns: (transfer full) (nullable): what is still to be said, as the end of
 *   a sentence, or %NULL when nothing is missing
 */
gchar *
kling_request_describe_missing (const KlingRequest * request)
{
  const gchar *a, *b;
  gboolean speaker = count_speakers (request, &a, &b) > 0;
  gboolean speech = count_speeches (request, &a, &b) > 0;
  const gchar *who = "who speaks (video-url, video-id or session-id)";
  const gchar *what =
      "what is said (text with voice-id and voice-language, or audio-url)";

  if (!speaker && !speech)
    return g_strdup_printf ("%s and %s", who, what);
  if (!speaker)
    return g_strdup (who);
  if (!speech)
    return g_strdup (what);
  return NULL;
}

/**
 * kling_request_check_conflicts:
 * @request: a request, complete or not
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * Returns: %FALSE when two things were said where only one can be meant
 */
gboolean
kling_request_check_conflicts (const KlingRequest * request, GError ** error)
{
  const gchar *a = NULL, *b = NULL;

  if (count_speakers (request, &a, &b) > 1) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "Two speakers are given, %s and %s: leave one of them unset.", a, b);
    return FALSE;
  }
  if (count_speeches (request, &a, &b) > 1) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
        "Two speeches are given, %s and %s: leave one of them unset.", a, b);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_missing (const KlingRequest * request, GError ** error)
{
  g_autofree gchar *missing = kling_request_describe_missing (request);

  if (missing == NULL)
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_SETTINGS,
      "Nothing was sent. Still to be set: %s.", missing);
  return FALSE;
}

/**
 * kling_request_check:
 * @request: a request
 * @error: return location for a %KLING_ERROR_SETTINGS
 *
 * All that can be found wrong with a request without sending anything: it is
 * whole, free of contradictions and within the rules of its dialect.
 *
 * Returns: whether it may be sent
 */
gboolean
kling_request_check (const KlingRequest * request, GError ** error)
{
  return kling_request_check_conflicts (request, error)
      && check_missing (request, error)
      && kling_url_check_base (request->base_url, error)
      && kling_dialect_get (request->dialect)->check (request, error);
}

/**
 * kling_settings_new:
 *
 * Returns: (transfer full): empty settings, to be filled by the caller
 */
KlingSettings *
kling_settings_new (void)
{
  KlingSettings *settings = g_new0 (KlingSettings, 1);

  g_atomic_ref_count_init (&settings->refs);
  return settings;
}

/**
 * kling_settings_ref:
 * @settings: settings
 *
 * Returns: (transfer full): @settings
 */
KlingSettings *
kling_settings_ref (KlingSettings * settings)
{
  g_atomic_ref_count_inc (&settings->refs);
  return settings;
}

/**
 * kling_settings_unref:
 * @settings: (transfer full): settings
 */
void
kling_settings_unref (KlingSettings * settings)
{
  if (!g_atomic_ref_count_dec (&settings->refs))
    return;
  g_clear_pointer (&settings->api_key, kling_secret_unref);
  kling_secret_wipe_string (settings->proxy);
  g_clear_object (&settings->tls_database);
  g_free (settings->user_agent);
  for (gchar ** p = settings->extra_headers; p && *p; p++)
    explicit_bzero (*p, strlen (*p));
  g_strfreev (settings->extra_headers);
  g_free (settings);
}
