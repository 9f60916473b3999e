/* klinglipsync: what a file is that we cannot use
 *
 * A pure function over the first bytes of a file, for the sentence that refuses
 * it: somebody who fed the wrong thing wants to know what it was.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-filetype.h"

#include <string.h>

#define TS_PACKET 188

static const struct
{
  const gchar *name;
  guint offset;
  guint size;
  const gchar *bytes;
} signatures[] = {
  /* *INDENT-OFF* */
  {"AVI", 8, 4, "AVI "},
  {"RF64, a WAV beyond 4 GB,", 0, 4, "RF64"},
  {"a WAV of the other byte order", 0, 4, "RIFX"},
  {"WAV", 8, 4, "WAVE"},
  {"AIFF", 8, 4, "AIFF"},
  {"AIFF", 8, 4, "AIFC"},
  {"MP4 or MOV", 4, 4, "ftyp"},
  {"an old QuickTime file", 4, 4, "moov"},
  {"an old QuickTime file", 4, 4, "mdat"},
  {"an old QuickTime file", 4, 4, "wide"},
  {"MP3", 0, 3, "ID3"},
  {"Ogg", 0, 4, "OggS"},
  {"FLAC", 0, 4, "fLaC"},
  {"Matroska or WebM", 0, 4, "\x1a\x45\xdf\xa3"},
  {"AMR", 0, 5, "#!AMR"},
  {"CAF", 0, 4, "caff"},
  {"AU", 0, 4, ".snd"},
  {"ADIF AAC", 0, 4, "ADIF"},
  {"FLV", 0, 3, "FLV"},
  {"MIDI", 0, 4, "MThd"},
  {"WMA or WMV", 0, 4, "\x30\x26\xb2\x75"},
  {"an MPEG program stream", 0, 4, "\0\0\1\xba"},
  {"a zip archive", 0, 4, "PK\3\4"},
  {"text in UTF-16", 0, 2, "\xff\xfe"},
  {"text in UTF-16", 0, 2, "\xfe\xff"},
  /* *INDENT-ON* */
};

static gboolean
is_transport_stream (const guint8 * data, gsize size)
{
  return size > TS_PACKET && data[0] == 0x47 && data[TS_PACKET] == 0x47;
}

static gboolean
is_web_page (const guint8 * data, gsize size)
{
  return (size >= 5 && g_ascii_strncasecmp ((const gchar *) data, "<html",
          5) == 0)
      || (size >= 9 && g_ascii_strncasecmp ((const gchar *) data, "<!doctype",
          9) == 0);
}

static gboolean
is_text (const guint8 * data, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if (!g_ascii_isprint (data[i]) && !g_ascii_isspace (data[i]))
      return FALSE;
  }
  return size > 0;
}

static const gchar *
get_name (const guint8 * data, gsize size)
{
  for (guint i = 0; i < G_N_ELEMENTS (signatures); i++) {
    gsize end = signatures[i].offset + signatures[i].size;

    if (size >= end && memcmp (data + signatures[i].offset,
            signatures[i].bytes, signatures[i].size) == 0)
      return signatures[i].name;
  }
  if (is_transport_stream (data, size))
    return "an MPEG transport stream";
  if (is_web_page (data, size))
    return "a web page";
  return is_text (data, size) ? "text" : NULL;
}

/* Text as text, all else in hex */
static void
append_start (GString * text, const guint8 * data, gsize size)
{
  gsize n = 0;

  while (n < MIN (size, 24) && g_ascii_isprint (data[n]) && data[n] != '"')
    n++;
  if (n >= 4)
    g_string_append_printf (text, "\"%.*s\"", (gint) n, (const gchar *) data);
  else
    for (gsize i = 0; i < MIN (size, 8); i++)
      g_string_append_printf (text, "%s%02x", i ? " " : "the bytes ", data[i]);
}

/**
 * kling_filetype_describe:
 * @data: the first bytes of a file
 * @size: how many, more than 0; %KLING_FILETYPE_HEAD of them suffice
 *
 * Returns: (transfer full): the end of a sentence in ASCII, such as "it is Ogg
 *   and starts with "OggS""
 */
gchar *
kling_filetype_describe (const guint8 * data, gsize size)
{
  const gchar *name = get_name (data, size);
  GString *text = g_string_new ("it ");

  if (name)
    g_string_append_printf (text, "is %s and ", name);
  g_string_append (text, "starts with ");
  append_start (text, data, size);
  return g_string_free (text, FALSE);
}
