/* klinglipsync: is it WAV, MP3, AAC or M4A, how long, how loud
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-isobmff.h"

G_BEGIN_DECLS

/**
 * KlingAudiofileKind:
 * @KLING_AUDIOFILE_WAV: RIFF WAVE with uncompressed samples
 * @KLING_AUDIOFILE_MP3: MPEG 1, 2 or 2.5 layer III, with tags or without
 * @KLING_AUDIOFILE_AAC: AAC in ADTS frames
 * @KLING_AUDIOFILE_M4A: MP4 or MOV with sound
 */
typedef enum
{
  KLING_AUDIOFILE_WAV,
  KLING_AUDIOFILE_MP3,
  KLING_AUDIOFILE_AAC,
  KLING_AUDIOFILE_M4A,
} KlingAudiofileKind;

/**
 * KlingAudiofile:
 * @kind: what it is
 * @duration: microseconds, -1 when the file does not say it
 * @n_frames: of MP3 and AAC: whole frames with sound; 0 for others
 * @n_samples: samples of one channel; 0 for M4A
 * @rate: samples in a second; 0 for M4A
 * @channels: how many; 0 for M4A, and when AAC does not say it in its headers
 * @has_video: there is a picture track in it
 * @peak: the largest sample without its sign, 0 to 32768; only of WAV with 16
 *   bits, -1 for all else
 *
 * Of a file of more than %KLING_AUDIO_BYTES_MAX, which is not sent anyway, the
 * frames are not counted and the samples not looked at.
 */
typedef struct
{
  KlingAudiofileKind kind;
  gint64 duration;
  guint n_frames;
  guint64 n_samples;
  guint rate;
  guint channels;
  gboolean has_video;
  gint peak;
} KlingAudiofile;

gboolean kling_audiofile_read (KlingAudiofile * info, goffset file_size,
    KlingIsobmffRead read, gpointer user_data, GError ** error);

G_END_DECLS
