/* klinglipsync: is it MP4 or MOV, how long, which tracks
 *
 * A pure function over a read callback: no lock, no state, any thread. It looks
 * at box headers and at four small boxes, never at the media, and trusts
 * nothing: boxes are bounded in number, sizes are compared before they are
 * added, and the nesting is that of the code (file, moov, trak, mdia).
 *
 * The outside is judged strictly: the boxes must fill the file to the byte,
 * which is how a download that was cut off shows. The inside of moov is read
 * leniently, because a video that was paid for must not be refused for an oddity
 * that decoders do not mind. The sentences of the errors fit a result as well as
 * a file that is to be sent.
 *
 * Names of boxes and fields are those of ISO/IEC 14496-12.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-isobmff.h"

#include <string.h>

#include "kling-error.h"
#include "kling-filetype.h"

/* Far more than a clip of a minute has, even in fragments */
#define MAX_BOXES 20000
#define BOX_HEADER 8

typedef struct
{
  KlingIsobmff *info;
  goffset file_size;
  KlingIsobmffRead read;
  gpointer user_data;

  guint n_boxes;
  gboolean have_moov;
  gboolean have_mvhd;
  gboolean have_mdat;
} Reader;

typedef struct
{
  gchar type[5];
  goffset start;
  goffset body;
  goffset end;
} Box;

typedef struct
{
  gchar handler[5];
  guint width;
  guint height;
} Track;

typedef gboolean (*BoxFunc) (Reader * reader, const Box * box, gpointer data,
    GError ** error);

static guint32
get_uint32 (const guint8 * data)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
get_uint64 (const guint8 * data)
{
  return (guint64) get_uint32 (data) << 32 | get_uint32 (data + 4);
}

/* Four bytes of anything, for people */
static void
copy_fourcc (gchar * fourcc, const guint8 * data)
{
  for (guint i = 0; i < 4; i++)
    fourcc[i] = g_ascii_isprint (data[i]) && data[i] != '"' ? data[i] : '?';
  fourcc[4] = '\0';
}

static gboolean
read_bytes (Reader * reader, goffset offset, guint8 * data, gsize size,
    GError ** error)
{
  if (reader->read (offset, data, size, reader->user_data))
    return TRUE;
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "The file cannot be read at byte %" G_GOFFSET_FORMAT ".", offset);
  return FALSE;
}

static gboolean
set_damaged (GError ** error, const Box * box)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
      "The file is damaged: its box \"%s\" at byte %" G_GOFFSET_FORMAT
      " has an impossible size.", box->type, box->start);
  return FALSE;
}

/* Finds where @box ends: its 32-bit size, its 64-bit size, or, for 0, @limit. */
static gboolean
read_box_size (Reader * reader, const guint8 * header, goffset limit,
    Box * box, guint64 * size, GError ** error)
{
  guint8 large[8];

  *size = get_uint32 (header);
  box->body = box->start + BOX_HEADER;
  if (*size == 0)
    *size = (guint64) (limit - box->start);
  if (*size == 1) {
    if (limit - box->body < (goffset) sizeof large)
      return set_damaged (error, box);
    if (!read_bytes (reader, box->body, large, sizeof large, error))
      return FALSE;
    *size = get_uint64 (large);
    box->body += sizeof large;
  }
  if (*size < (guint64) (box->body - box->start))
    return set_damaged (error, box);
  return TRUE;
}

/* Reads the header at @start; the box must end at @limit or before. */
static gboolean
read_box (Reader * reader, goffset start, goffset limit, Box * box,
    GError ** error)
{
  guint8 header[BOX_HEADER];
  guint64 size;

  if (++reader->n_boxes > MAX_BOXES) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The file is damaged: it has more than %d boxes.", MAX_BOXES);
    return FALSE;
  }
  if (!read_bytes (reader, start, header, sizeof header, error))
    return FALSE;
  box->start = start;
  copy_fourcc (box->type, header + 4);
  if (!read_box_size (reader, header, limit, box, &size, error))
    return FALSE;
  if (size > (guint64) (limit - start)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The file is %s: its box \"%s\" says %" G_GUINT64_FORMAT
        " bytes, %" G_GOFFSET_FORMAT " are there.",
        limit == reader->file_size ? "cut off" : "damaged", box->type, size,
        limit - start);
    return FALSE;
  }
  box->end = start + (goffset) size;
  return TRUE;
}

/* Calls @func for each box inside @parent. Fewer bytes than a header has, at
 * the end, are the terminator that QuickTime used to write. */
static gboolean
walk (Reader * reader, const Box * parent, BoxFunc func, gpointer data,
    GError ** error)
{
  goffset at = parent->body;

  while (parent->end - at >= BOX_HEADER) {
    Box box;

    if (!read_box (reader, at, parent->end, &box, error) ||
        !func (reader, &box, data, error))
      return FALSE;
    at = box.end;
  }
  return TRUE;
}

/* Reads the first @size bytes of @box, which must have them. */
static gboolean
read_body (Reader * reader, const Box * box, guint8 * data, gsize size,
    GError ** error)
{
  if (box->end - box->body < (goffset) size)
    return set_damaged (error, box);
  return read_bytes (reader, box->body, data, size, error);
}

/* Reads a full box whose layout depends on its version: version 1 has @growth
 * more bytes, for times of 64 bits. */
static gboolean
read_versioned (Reader * reader, const Box * box, guint8 * data, gsize size,
    gsize growth, gboolean * is_long, GError ** error)
{
  guint8 version;

  if (!read_body (reader, box, &version, 1, error))
    return FALSE;
  *is_long = version == 1;
  return read_body (reader, box, data, size + (*is_long ? growth : 0), error);
}

/* Microseconds; -1 for what means "not known" (all ones, and 0 in fragmented
 * files) and for what no clock can count. */
static gint64
scale_duration (guint64 duration, guint32 timescale)
{
  if (timescale == 0 || duration == 0)
    return -1;
  if (duration / timescale >= G_MAXINT64 / G_USEC_PER_SEC - 1)
    return -1;
  return (gint64) (duration / timescale * G_USEC_PER_SEC +
      duration % timescale * G_USEC_PER_SEC / timescale);
}

static gboolean
read_mvhd (Reader * reader, const Box * box, GError ** error)
{
  guint8 data[32];
  gboolean is_long;

  if (!read_versioned (reader, box, data, 20, 12, &is_long, error))
    return FALSE;
  reader->have_mvhd = TRUE;
  if (is_long)
    reader->info->duration =
        scale_duration (get_uint64 (data + 24), get_uint32 (data + 20));
  else if (get_uint32 (data + 16) != G_MAXUINT32)
    reader->info->duration =
        scale_duration (get_uint32 (data + 16), get_uint32 (data + 12));
  return TRUE;
}

/* Width and height stand at the end, as 16.16 fixed point. */
static gboolean
read_tkhd (Reader * reader, const Box * box, Track * track, GError ** error)
{
  guint8 data[96];
  gboolean is_long;
  guint at;

  if (!read_versioned (reader, box, data, 84, 12, &is_long, error))
    return FALSE;
  at = is_long ? 88 : 76;
  track->width = get_uint32 (data + at) >> 16;
  track->height = get_uint32 (data + at + 4) >> 16;
  return TRUE;
}

static gboolean
read_hdlr (Reader * reader, const Box * box, Track * track, GError ** error)
{
  guint8 data[12];

  if (!read_body (reader, box, data, sizeof data, error))
    return FALSE;
  copy_fourcc (track->handler, data + 8);
  return TRUE;
}

static gboolean
on_mdia_child (Reader * reader, const Box * box, gpointer data, GError ** error)
{
  if (g_str_equal (box->type, "hdlr"))
    return read_hdlr (reader, box, data, error);
  return TRUE;
}

static gboolean
on_trak_child (Reader * reader, const Box * box, gpointer data, GError ** error)
{
  if (g_str_equal (box->type, "tkhd"))
    return read_tkhd (reader, box, data, error);
  if (g_str_equal (box->type, "mdia"))
    return walk (reader, box, on_mdia_child, data, error);
  return TRUE;
}

static gboolean
read_trak (Reader * reader, const Box * box, GError ** error)
{
  KlingIsobmff *info = reader->info;
  Track track = { "", };

  if (!walk (reader, box, on_trak_child, &track, error))
    return FALSE;
  if (g_str_equal (track.handler, "soun"))
    info->n_audio++;
  if (!g_str_equal (track.handler, "vide"))
    return TRUE;
  if (info->n_video++ == 0) {
    info->width = track.width;
    info->height = track.height;
  }
  return TRUE;
}

static gboolean
on_moov_child (Reader * reader, const Box * box, gpointer data, GError ** error)
{
  if (g_str_equal (box->type, "mvhd"))
    return read_mvhd (reader, box, error);
  if (g_str_equal (box->type, "trak"))
    return read_trak (reader, box, error);
  return TRUE;
}

static gboolean
read_ftyp (Reader * reader, const Box * box, GError ** error)
{
  guint8 brand[4];

  if (!read_body (reader, box, brand, sizeof brand, error))
    return FALSE;
  copy_fourcc (reader->info->brand, brand);
  return TRUE;
}

static gboolean
on_top_box (Reader * reader, const Box * box, GError ** error)
{
  /* zeros: a file whose space was reserved, but whose end never came */
  if (g_str_equal (box->type, "????"))
    return set_damaged (error, box);
  if (box->start == 0)
    return read_ftyp (reader, box, error);
  if (g_str_equal (box->type, "mdat"))
    reader->have_mdat = TRUE;
  if (!g_str_equal (box->type, "moov") || reader->have_moov)
    return TRUE;
  reader->have_moov = TRUE;
  return walk (reader, box, on_moov_child, NULL, error);
}

static gboolean
set_foreign (GError ** error, const guint8 * data, gsize size)
{
  g_autofree gchar *seen = kling_filetype_describe (data, size);

  g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
      "The file is not an MP4 or MOV: %s.", seen);
  return FALSE;
}

/* The first box must be ftyp: MOV files older than that (1998) are refused. */
static gboolean
check_start (Reader * reader, GError ** error)
{
  guint8 data[KLING_FILETYPE_HEAD] = { 0, };
  gsize size = (gsize) MIN (reader->file_size, (goffset) sizeof data);

  if (size == 0) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The file is not an MP4 or MOV: it is empty.");
    return FALSE;
  }
  if (!read_bytes (reader, 0, data, size, error))
    return FALSE;
  if (size >= BOX_HEADER && memcmp (data + 4, "ftyp", 4) == 0)
    return TRUE;
  return set_foreign (error, data, size);
}

static gboolean
check_complete (const Reader * reader, GError ** error)
{
  const gchar *missing = NULL;

  if (!reader->have_moov)
    missing = "moov";
  else if (!reader->have_mvhd)
    missing = "mvhd";
  else if (!reader->have_mdat)
    missing = "mdat";
  if (missing)
    g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
        "The file is cut off or damaged: it has no box \"%s\".", missing);
  return missing == NULL;
}

/* As walk(), but here every byte must belong to a box. */
static gboolean
walk_file (Reader * reader, GError ** error)
{
  goffset at = 0;

  while (at < reader->file_size) {
    goffset rest = reader->file_size - at;
    Box box;

    if (rest < BOX_HEADER) {
      g_set_error (error, KLING_ERROR, KLING_ERROR_RESULT,
          "The file is cut off or damaged: %d bytes follow its last box.",
          (gint) rest);
      return FALSE;
    }
    if (!read_box (reader, at, reader->file_size, &box, error) ||
        !on_top_box (reader, &box, error))
      return FALSE;
    at = box.end;
  }
  return check_complete (reader, error);
}

/**
 * kling_isobmff_read:
 * @info: (out): what the file is; meaningless after an error
 * @file_size: its size in bytes
 * @read: reads from it
 * @user_data: for @read
 * @error: return location
 *
 * Checks that a file is a whole ISO media file (MP4, MOV): it starts with ftyp,
 * it has moov and mdat in any order, and its boxes fill it to the byte. Whether
 * its tracks are what was asked for is the caller's judgement.
 *
 * At most a few bytes per box are read, never the media.
 *
 * Returns: %FALSE with %KLING_ERROR_RESULT when it is not, %KLING_ERROR_LOCAL
 *   when @read failed
 */
gboolean
kling_isobmff_read (KlingIsobmff * info, goffset file_size,
    KlingIsobmffRead read, gpointer user_data, GError ** error)
{
  Reader reader = { info, file_size, read, user_data, };

  memset (info, 0, sizeof *info);
  info->duration = -1;
  return check_start (&reader, error) && walk_file (&reader, error);
}
