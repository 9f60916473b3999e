/* klinglipsync: going on with a body that broke off
 *
 * What may be asked for of a file of which a part is here, and whether what
 * comes then is the rest of that file (RFC 9110, 13.1.5 and 14). Pure functions,
 * for any thread. Everything a server says about it may be wrong, and what is
 * here may have been kept by an earlier run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-http-private.h"

#include <string.h>
#include "kling-error.h"

/* Those of real servers have 20 to 80 characters. */
#define MAX_VALIDATOR 256

static gboolean
is_printable (const gchar * text)
{
  for (; *text; text++) {
    if (!g_ascii_isprint (*text))
      return FALSE;
  }
  return TRUE;
}

/* A weak one, W/"...", says that two files mean the same, not that their bytes
 * are the same. */
static gboolean
is_strong_etag (const gchar * text)
{
  gsize size = strlen (text);

  if (size < 2 || text[0] != '"' || text[size - 1] != '"')
    return FALSE;
  for (gsize i = 1; i < size - 1; i++) {
    if (!g_ascii_isgraph (text[i]) || text[i] == '"')
      return FALSE;
  }
  return TRUE;
}

/* Returns: (nullable): the time of an HTTP date */
static GDateTime *
parse_date (const gchar * text)
{
  if (text == NULL || strlen (text) > MAX_VALIDATOR || !is_printable (text))
    return NULL;
  return soup_date_time_new_from_http_string (text);
}

/* A file may change twice within the second of its date. */
static gboolean
is_strong_date (const gchar * text, const gchar * now)
{
  g_autoptr (GDateTime) modified = parse_date (text);
  g_autoptr (GDateTime) answered = parse_date (now);

  return modified && answered
      && g_date_time_difference (answered, modified) >= G_TIME_SPAN_SECOND;
}

/* Returns: (transfer full) (nullable): by what a file is known again, as it goes
 * into If-Range; a date only when the server names the file in no other way */
gchar *
kling_http_dup_validator (SoupMessageHeaders * headers)
{
  const gchar *etag = soup_message_headers_get_one (headers, "ETag");
  const gchar *modified =
      soup_message_headers_get_one (headers, "Last-Modified");

  if (etag)
    return strlen (etag) <= MAX_VALIDATOR && is_strong_etag (etag)
        ? g_strdup (etag) : NULL;
  if (is_strong_date (modified, soup_message_headers_get_one (headers, "Date")))
    return g_strdup (modified);
  return NULL;
}

/* Returns: whether the rest of @part may be asked for */
gboolean
kling_http_part_is_usable (const KlingHttpPart * part)
{
  g_autoptr (GDateTime) date = NULL;

  if (part == NULL || part->offset <= 0 || part->validator == NULL
      || strlen (part->validator) > MAX_VALIDATOR)
    return FALSE;
  if (is_strong_etag (part->validator))
    return TRUE;
  date = parse_date (part->validator);
  return date != NULL;
}

void
kling_http_part_ask (const KlingHttpPart * part, SoupMessage * message)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_headers_set_range (headers, part->offset, -1);
  soup_message_headers_replace (headers, "If-Range", part->validator);
}

/* Whether the server names the file as before, if it names it at all. */
static gboolean
is_same_file (const KlingHttpPart * part, SoupMessageHeaders * headers)
{
  const gchar *name = part->validator[0] == '"' ? "ETag" : "Last-Modified";
  const gchar *value = soup_message_headers_get_one (headers, name);

  return value == NULL || g_str_equal (value, part->validator);
}

/* Reads the headers of a 206 to what kling_http_part_ask() asked for. @length
 * becomes the length of the whole file and @end where the body ends in it.
 * Returns: whether the body goes on where @part ends */
gboolean
kling_http_part_check (const KlingHttpPart * part,
    SoupMessageHeaders * headers, goffset * length, goffset * end)
{
  goffset start = 0, last = 0, total = -1, size;

  if (!soup_message_headers_get_content_range (headers, &start, &last, &total)
      || start != part->offset || last < start || last == G_MAXINT64
      || !is_same_file (part, headers))
    return FALSE;
  if (total < 0)
    total = part->length;
  /* Without a length nobody could say whether this was the last part. */
  if (total <= last || (part->length >= 0 && total != part->length))
    return FALSE;
  size = kling_http_body_length (headers);
  if (size >= 0 && size != last + 1 - start)
    return FALSE;
  *length = total;
  *end = last + 1;
  return TRUE;
}

/* Returns: Content-Length, -1 when there is none that holds */
goffset
kling_http_body_length (SoupMessageHeaders * headers)
{
  if (soup_message_headers_get_encoding (headers) !=
      SOUP_ENCODING_CONTENT_LENGTH)
    return -1;
  return soup_message_headers_get_content_length (headers);
}
