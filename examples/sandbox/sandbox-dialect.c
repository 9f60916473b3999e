/* The dialects of the service: which one a body is in, and what they have in
 * common when it is read.
 *
 * Pure functions: no state, any thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sandbox-dialect.h"

#include <string.h>

#include "sandbox-fetch.h"
#include "sandbox-voices.h"

#define MIN_SPEED 0.8
#define MAX_SPEED 2.0

static const char *const names[] = { "gateway", "relay", "official", "legacy" };

const char *
sandbox_dialect_name (SandboxDialect dialect)
{
  return names[dialect];
}

/* The oldest tasks know none. */
SandboxDialect
sandbox_dialect_from_name (const char *name)
{
  for (guint i = 0; name && i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0)
      return i;
  return SANDBOX_GATEWAY;
}

gboolean
sandbox_refuse (GError ** error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (SANDBOX_ERROR, SANDBOX_ERROR_VALUE, format,
        args);
  va_end (args);
  return FALSE;
}

/* An empty string is as good as none, as in the service's own examples. */
const char *
sandbox_read_text (JsonObject * body, const char *member)
{
  const char *text = sandbox_json_string (body, member);

  return text && *text ? text : NULL;
}

gboolean
sandbox_read_url (JsonObject * body, const char *member, const char **url,
    GError ** error)
{
  *url = sandbox_read_text (body, member);
  if (*url && !sandbox_url_is_fetchable (*url))
    return sandbox_refuse (error, "%s is not an http or https URL", member);
  return TRUE;
}

static gboolean
check_voice (const SandboxSaying * saying, GError ** error)
{
  const SandboxVoice *voice = sandbox_voice_find (saying->voice_id);

  if (saying->voice_id == NULL)
    return sandbox_refuse (error, "voice_id is missing");
  if (saying->language == NULL)
    return sandbox_refuse (error, "voice_language is missing");
  if (strcmp (saying->language, "zh") != 0
      && strcmp (saying->language, "en") != 0)
    return sandbox_refuse (error, "voice_language has to be zh or en");
  if (voice == NULL)
    return sandbox_refuse (error, "Voice id not found");
  if (!sandbox_voice_speaks (voice, saying->language))
    return sandbox_refuse (error, "Voice id does not speak this "
        "voice_language");
  return TRUE;
}

/**
 * sandbox_read_saying:
 * @body: has `text` and what belongs to it
 * @max_characters: the text's length, at most; 0: any
 * @language: (nullable): what it is spoken in when the body does not say
 * @saying: (out): what to say
 * @error: what is wrong with it
 *
 * Returns: whether it can be said
 */
gboolean
sandbox_read_saying (JsonObject * body, guint max_characters,
    const char *language, SandboxSaying * saying, GError ** error)
{
  glong length;

  saying->text = sandbox_read_text (body, "text");
  saying->voice_id = sandbox_read_text (body, "voice_id");
  saying->language = sandbox_read_text (body, "voice_language");
  if (saying->language == NULL)
    saying->language = language;
  if (saying->text == NULL)
    return sandbox_refuse (error, "text is missing");
  length = g_utf8_strlen (saying->text, -1);
  if (max_characters > 0 && length > max_characters)
    return sandbox_refuse (error, "text has %ld characters; at most %u are "
        "allowed", length, max_characters);
  saying->speed = 1;
  return check_voice (saying, error);
}

/**
 * sandbox_read_speed:
 * @body: has `voice_speed`, or not
 * @saying: (inout): what to say
 * @error: what is wrong with it
 *
 * Returns: whether anybody can speak so fast
 */
gboolean
sandbox_read_speed (JsonObject * body, SandboxSaying * saying, GError ** error)
{
  if (!json_object_has_member (body, "voice_speed"))
    return TRUE;
  if (sandbox_json_number (body, "voice_speed", &saying->speed)
      && saying->speed >= MIN_SPEED && saying->speed <= MAX_SPEED)
    return TRUE;
  return sandbox_refuse (error, "voice_speed has to be 0.8 to 2.0");
}

/**
 * sandbox_read_create:
 * @body: of a POST of advanced-lip-sync
 * @behind_gateway: whether it came by a gateway's path
 * @create: (out): what it asks for
 * @error: what is wrong with it
 *
 * A gateway's body has an `input`; a relay passes on the official one.
 *
 * Returns: whether it says everything that it has to
 */
gboolean
sandbox_read_create (JsonObject * body, gboolean behind_gateway,
    SandboxCreate * create, GError ** error)
{
  gboolean relayed = !json_object_has_member (body, "input")
      && (json_object_has_member (body, "face_choose")
      || json_object_has_member (body, "session_id"));

  if (behind_gateway && !relayed)
    return sandbox_gateway_read_create (body, create, error);
  create->dialect = behind_gateway ? SANDBOX_RELAY : SANDBOX_OFFICIAL;
  return sandbox_official_read_create (body, create, error);
}
